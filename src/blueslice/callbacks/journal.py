"""The journal: every document of every run as a line of JSON, needing no server."""

import json
import os
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO

from blueslice.callbacks._documents import RunIndex, StreamFilter, to_plain
from blueslice.errors import BadInputError, StorageError

__all__ = [
    "UNFINISHED",
    "Journal",
    "find_journals",
    "read_journal",
    "supplement_of",
    "write_documents",
]

UNFINISHED = ".unfinished"
"""What the name of a file ends with that `write_documents` was about to rename when it ended."""


class Journal:
    """A callback that writes each run to ``<directory>/YYYY/MM/DD/HHMMSS-<uid8>.jsonl``.

    Each line is ``{"name": ..., "doc": ...}``. Lines go to the operating system one by one, so a
    process that is killed loses none; the first and the last line of a run are also forced to the
    disk (`os.fsync`), which at 1-50 ms each is too slow to do for every line on the loop that the
    devices share. Numbers are written exactly; NaN and infinity as ``NaN`` and ``Infinity``,
    which Python reads back though strict JSON does not know them. Runs may interleave.

    Subscribe it before anything else, so that it has a document before something can fail on it.

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

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Write one document.

        Raises
        ------
        StorageError
            When the line cannot be written, for example because the disk is full.
        BadInputError
            When the document belongs to a run whose start was not seen, or holds a value that
            JSON cannot keep exactly.
        """
        kept = self._filter(name, doc)
        if kept is None:
            return
        line = _to_line(name, kept)  # first: a document that is refused must leave no file
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
        self._write(run, line, to_disk=name in ("start", "stop"))
        if name == "stop":
            self._close(run)

    def path_of(self, start: dict[str, Any]) -> Path:
        """Return the file that the run of this start document is written to."""
        began = datetime.fromtimestamp(start["time"], self._time_zone)
        return self.directory / f"{began:%Y/%m/%d}" / f"{began:%H%M%S}-{start['uid'][:8]}.jsonl"

    def close(self) -> None:
        """Close the files of runs that have not stopped; doing it twice is harmless."""
        for run in list(self._files):
            self._close(run)

    def _open(self, start: dict[str, Any]) -> None:
        path = self.path_of(start)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # "x": the journal of a run is written once and never over.
            self._files[start["uid"]] = path.open("x", encoding="utf-8", newline="\n")
        except FileExistsError:
            raise StorageError(
                f"journal {path} exists already, so run {start['uid']} is not written over it; "
                "move that file, or start the run anew"
            ) from None
        except OSError as error:
            raise _unwritable(path, error) from error

    def _write(self, run: str, line: str, *, to_disk: bool = False) -> None:
        file = self._files[run]
        try:
            file.write(line)
            file.flush()
            if to_disk:
                os.fsync(file.fileno())
        except OSError as error:
            raise _unwritable(Path(file.name), error) from error

    def _close(self, run: str) -> None:
        file = self._files.pop(run)
        self._runs.forget(run)
        try:
            file.close()
        except OSError as error:
            raise _unwritable(Path(file.name), error) from error


def read_journal(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the documents of a journal, in the order they were written.

    Those that ``blueslice recover`` has added beside it (see `supplement_of`) follow.

    Parameters
    ----------
    path : Path
        A file written by `Journal`, or a backup written by the catalogue writer.

    Yields
    ------
    name : str
        ``start``, ``descriptor``, ``event`` and so on.
    doc : dict
        The document.

    Raises
    ------
    StorageError
        When the file cannot be read, or a line before the last is not a document. A torn last
        line, as a kill or a power cut leaves it, is passed over.
    """
    yield from _read_lines(Path(path))
    supplement = supplement_of(path)
    if supplement.exists():
        yield from _read_lines(supplement)


def _read_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    record = json.loads(line)
                    document = record["name"], record["doc"]
                except (ValueError, KeyError, TypeError) as error:
                    if not line.endswith(b"\n"):
                        return  # torn: a whole line ends with a newline
                    raise StorageError(
                        f"journal {path}: line {number} is not a document ({error}); "
                        "restore the file from a copy, or delete that line"
                    ) from error
                yield document
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"journal {path} cannot be read ({error.strerror or error}); check the path"
        ) from error


def find_journals(directory: Path) -> list[Path]:
    """Return the journals below a folder, oldest first.

    Parameters
    ----------
    directory : Path
        The folder given to `Journal`; one that does not exist holds no journal.
    """
    return sorted(Path(directory).glob("*/*/*/*.jsonl"))


def supplement_of(path: Path) -> Path:
    """Return where the documents are that ``blueslice recover`` adds to a journal.

    Parameters
    ----------
    path : Path
        The journal, ``HHMMSS-<uid8>.jsonl``; beside it is ``HHMMSS-<uid8>.jsonl.recovered``.
    """
    return Path(path).with_name(f"{Path(path).name}.recovered")


def write_documents(path: Path, documents: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write a journal, or the supplement of one, as a whole: afterwards it is there, or not at all.

    Parameters
    ----------
    path : Path
        A new file; its folder is made.
    documents : iterable of (name, document)
        What it holds.

    Raises
    ------
    StorageError
        When it cannot be written.
    BadInputError
        When a document holds a value that JSON cannot keep exactly.
    """
    lines = "".join(_to_line(name, doc) for name, doc in documents)
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _to_line(name: str, doc: dict[str, Any]) -> str:
    return json.dumps({"name": name, "doc": to_plain(doc)}, separators=(",", ":")) + "\n"


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"journal {path} cannot be written ({error.strerror or error}); "
        "free disk space or choose another data directory, then start the run anew"
    )
