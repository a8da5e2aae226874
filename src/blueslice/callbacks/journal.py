"""The journal: every document of every run as a line of JSON, needing no server."""

from collections.abc import Callable, Collection
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO

from blueslice._on_disk import make_folder, sync_folder
from blueslice.callbacks._disk_thread import DiskThread
from blueslice.callbacks._documents import RunIndex, StreamFilter
from blueslice.callbacks._journal_lines import to_line
from blueslice.callbacks.journal_files import unwritable
from blueslice.errors import BadInputError, StorageError

__all__ = ["Journal"]

# How long a disk may take for the lines of a run.
DISK_LIMIT_S = 30.0


class Journal:
    """A callback that writes each run to ``<directory>/YYYY/MM/DD/HHMMSS-<uid8>.jsonl``.

    Each line is ``{"name": ..., "doc": ..., "crc32": ...}``. Lines go to the operating system one
    by one, so a process that is killed loses none. A thread brings each to the disk at once, so
    that a power cut loses at most those of the last milliseconds; the first and the last line of a
    run are waited for, and no event is written before the descriptors are on the disk that explain
    it. Numbers are written exactly; NaN and infinity as ``NaN`` and ``Infinity``, which Python
    reads back though strict JSON does not know them. Runs may interleave.

    Subscribe it before anything else, so that it has a document before something can fail on it,
    and subscribe `after_disk` of whatever must not know of a document that a power cut could still
    take.

    Parameters
    ----------
    directory : Path
        The folder of the journals; made when the first run starts.
    exclude_streams : collection of str, optional
        Names of streams not to keep, for example those only live viewers want.
    time_zone : datetime.tzinfo, optional
        Zone of the folder and file names; by default that of this computer.
    """

    def __init__(
        self,
        directory: Path,
        *,
        exclude_streams: Collection[str] = (),
        time_zone: tzinfo | None = None,
    ) -> None:
        self.directory = Path(directory)
        self._time_zone = time_zone
        self._filter = StreamFilter(exclude_streams)
        self._files: dict[str, TextIO] = {}  # run uid -> its open file
        self._runs = RunIndex()
        self._unclaimed: dict[str, str] = {}  # uid of a stream resource that names no run -> line
        self._disk = DiskThread("blueslice-journal")
        self._explained = True  # whether all descriptors are on the disk

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Write one document.

        Raises
        ------
        StorageError
            When the line, or one before it, cannot be written, for example because the disk is
            full.
        BadInputError
            When the document belongs to a run whose start was not seen, or holds a value that
            JSON cannot keep exactly.
        """
        kept = self._filter(name, doc)
        if kept is None:
            return
        line = to_line(name, kept)  # first: a document that is refused must leave no file
        run = self._runs.find(name, kept)
        if run is None and name == "stream_resource":
            self._unclaimed[kept["uid"]] = line
            return
        if name == "start":
            self._open(kept)
        if run is None or run not in self._files:
            raise BadInputError(
                f"journal: a {name} document came of a run whose start was not seen; "
                "subscribe the journal before the run begins"
            )
        if name == "stream_datum" and kept["stream_resource"] in self._unclaimed:
            self._write(run, self._unclaimed.pop(kept["stream_resource"]))
        if not self._explained and name in ("event", "event_page", "stream_datum"):
            self._wait_for_disk(run)
            self._explained = True
        self._write(run, line)
        if name == "descriptor":
            self._explained = False
        if name in ("start", "stop"):
            self._wait_for_disk(run)
        if name == "stop":
            self._close(run)

    def path_of(self, start: dict[str, Any]) -> Path:
        """Return the file that the run of this start document is written to."""
        try:
            began = datetime.fromtimestamp(start["time"], self._time_zone)
        except (TypeError, ValueError, OverflowError, OSError):
            raise BadInputError(
                f"run {start['uid'][:8]}: its start document says time = {start['time']!r}, which "
                "is no date; leave time to the RunEngine"
            ) from None
        return self.directory / f"{began:%Y/%m/%d}" / f"{began:%H%M%S}-{start['uid'][:8]}.jsonl"

    def after_disk(
        self, callback: Callable[[str, dict[str, Any]], None]
    ) -> Callable[[str, dict[str, Any]], None]:
        """Return a callback that gives `callback` each document once this journal has it on disk.

        `callback` is called in the journal's thread, and gets nothing more once the journal cannot
        be brought to the disk.
        """

        def hand_on(name: str, doc: dict[str, Any]) -> None:
            self._disk.hand_on(callback, name, doc)

        return hand_on

    def wait(self, timeout_s: float) -> None:
        """Wait until all documents so far are on the disk, and handed on.

        Raises
        ------
        StorageError
            When the disk takes longer, or has reported an error.
        """
        if not self._disk.wait(timeout_s):
            raise _hangs(self.directory, timeout_s)
        if self._disk.failure is not None:
            raise unwritable(self.directory, self._disk.failure)

    def close(self) -> None:
        """Close the files of runs that have not stopped; doing it twice is harmless."""
        in_time = self._disk.end(DISK_LIMIT_S)
        for run in list(self._files):
            self._close(run)
        if not in_time:
            raise _hangs(self.directory, DISK_LIMIT_S)

    def _open(self, start: dict[str, Any]) -> None:
        path = self.path_of(start)
        try:
            make_folder(path.parent)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            # "x": the journal of a run is written once and never over.
            self._files[start["uid"]] = path.open("x", encoding="utf-8", newline="\n")
            sync_folder(path.parent)
        except FileExistsError:
            raise StorageError(
                f"journal {path} exists already, so run {start['uid']} is not written over it; "
                "move that file, or start the run anew"
            ) from None
        except OSError as error:
            raise unwritable(path, error) from error

    def _write(self, run: str, line: str) -> None:
        file = self._files[run]
        try:
            if self._disk.failure is not None:
                raise self._disk.failure
            file.write(line)
            file.flush()
            self._disk.sync(file.fileno())
        except OSError as error:
            raise unwritable(Path(file.name), error) from error

    def _wait_for_disk(self, run: str) -> None:
        path = Path(self._files[run].name)
        if not self._disk.wait(DISK_LIMIT_S):
            raise _hangs(path, DISK_LIMIT_S)
        if self._disk.failure is not None:
            raise unwritable(path, self._disk.failure) from self._disk.failure

    def _close(self, run: str) -> None:
        file = self._files.pop(run)
        self._runs.forget(run)
        try:
            file.close()
        except OSError as error:
            raise unwritable(Path(file.name), error) from error


def _hangs(path: Path, waited_s: float) -> StorageError:
    return StorageError(
        f"journal {path} has not come to the disk within {waited_s:g} s, its disk hangs; "
        "check the disk or choose another data directory, then start the run anew"
    )
