"""Documents into the catalogue, from a thread that the RunEngine never waits for."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluesky.callbacks.buffer import BufferingWrapper

from blueslice._interruptible_wait import wait_interruptibly
from blueslice._on_disk import make_folder
from blueslice.callbacks._documents import RunIndex, StreamFilter, to_plain
from blueslice.callbacks._tiled_documents import TiledDocuments
from blueslice.errors import StorageError

if TYPE_CHECKING:
    from tiled.client.container import Container

__all__ = ["CatalogueWriter"]

_logger = logging.getLogger(__name__)

_BACKUP_TIMEOUT_S = 10.0
# More trials than a run has.
_WHOLE_RUN = 1_000_000
_REACHED = "reached"  # the name of our own mark in the queue; no document has it


class CatalogueWriter:
    """A callback that writes runs into the catalogue in the background.

    Calling it copies the document and returns. A thread of its own writes; when the catalogue
    fails, that run goes whole into ``<backup_directory>/<uid8>.jsonl`` instead and the
    RunEngine is not disturbed. Runs may interleave, so derived runs may come through the same
    writer while the raw run is open.

    Parameters
    ----------
    client : tiled.client.container.Container
        A catalogue that may be written, with an HTTP client of its own: it is closed with the
        writer, and when the server is found dead.
    backup_directory : Path
        Where runs go that the catalogue did not take; made here.
    exclude_streams : collection of str, optional
        Names of streams to leave out, for example those only live viewers want.
    server_is_running : callable, optional
        Tells whether the server still answers. Without it, a dead server costs the thread up to
        45 s of retries before the backup begins.
    whole_runs : bool
        Whether nobody reads a run before its end: it is then written at its end, with a third
        fewer requests.
    on_run : callable of (uid), optional
        Told of each run that the catalogue has taken as a whole, in this object's thread.
    """

    def __init__(
        self,
        client: "Container",
        backup_directory: Path,
        *,
        exclude_streams: Collection[str] = (),
        server_is_running: Callable[[], bool] = lambda: True,
        whole_runs: bool = False,
        on_run: Callable[[str], None] = lambda uid: None,
    ) -> None:
        from bluesky_tiled_plugins import TiledWriter

        self.backup_directory = Path(backup_directory)
        try:
            make_folder(self.backup_directory)
        except OSError as error:
            raise StorageError(
                f"backup folder {self.backup_directory} cannot be made "
                f"({error.strerror or error}); choose another data directory"
            ) from error
        self._client = client
        self._server_is_running = server_is_running
        self._on_run = on_run
        self._filter = StreamFilter(exclude_streams)
        self._tiled_writer = TiledWriter(
            client,
            backup_directory=str(self.backup_directory),
            # Arrays as arrays, not as text in a table; every trial readable as soon as it is over.
            max_array_size=0,
            batch_size=_WHOLE_RUN if whole_runs else 1,
        )
        self._for_tiled = TiledDocuments()
        self._open_runs: set[str] = set()
        self._failed: set[str] = set()
        self._unreported: deque[str] = deque()
        self._runs = RunIndex()
        self._closed = False
        self._buffer = BufferingWrapper(self._write)

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Hand one document over; it is copied, so the caller may go on changing it."""
        kept = self._filter(name, doc)
        if kept is None:
            return
        if self._closed:
            raise StorageError(
                f"the catalogue writer is closed and cannot take a {name} document; "
                "unsubscribe it from the RunEngine, or open a new session"
            )
        # Plain values: the JSON writer of the backup fails on NumPy arrays. A copy: Tiled's
        # writer changes what it is given, which others may be reading in this thread.
        self._buffer(name, to_plain(kept))

    def drained(self, timeout_s: float) -> bool:
        """Wait until everything handed over so far was taken or kept; False if it takes longer."""
        return self._closed or wait_interruptibly(self._mark(), timeout_s)

    def wait(self, timeout_s: float) -> None:
        """Wait until everything handed over so far is in the catalogue.

        Parameters
        ----------
        timeout_s : float
            Longest time to wait, in seconds.

        Raises
        ------
        StorageError
            When it is not done in that time, or a run went to the backup since this was last
            asked; the text names the run, the file and the next step.
        """
        if not self._closed:
            if not wait_interruptibly(self._mark(), timeout_s):
                self._raise_late(timeout_s)
            self._raise_failures()

    def close(self, timeout_s: float = 60.0) -> None:
        """Write what is left and stop the thread; doing it twice is harmless.

        Parameters
        ----------
        timeout_s : float
            Longest time to wait, in seconds.

        Raises
        ------
        StorageError
            As `wait` does; the writer is closed all the same.
        """
        if self._closed:
            return
        self._closed = True
        done = self._mark()
        in_time = wait_interruptibly(done, timeout_s)
        # Closed, it fails at once, so what is left of a late run goes to the backup.
        self._client.context.http_client.close()
        if not in_time and not wait_interruptibly(done, _BACKUP_TIMEOUT_S):
            self._raise_late(timeout_s)
        self._buffer.shutdown(wait=False)
        self._raise_failures()

    def _mark(self) -> threading.Event:
        """Put a mark at the end of the queue; the event is set when the thread comes to it."""
        reached = threading.Event()
        self._buffer(_REACHED, {"reached": reached})
        return reached

    def _raise_late(self, timeout_s: float) -> None:
        raise StorageError(
            f"the catalogue has not taken all documents within {timeout_s:g} s; wait again, or "
            "run 'blueslice recover' once this session is closed"
        )

    def _raise_failures(self) -> None:
        if fates := [self._unreported.popleft() for _ in range(len(self._unreported))]:
            raise StorageError("; ".join(fates))

    def _write(self, name: str, doc: dict[str, Any]) -> None:
        if name == _REACHED:
            doc["reached"].set()
            return
        run = self._runs.find(name, doc)
        if not self._server_is_running():
            # A closed client fails at once, where a refused connection is tried for 45 s.
            self._client.context.http_client.close()
        try:
            self._tiled_writer(name, self._for_tiled(name, doc))
        except Exception as error:
            self._note(run or "of an unseen start", f"is not in the catalogue ({error}); bring it")
        # That the file is there is the only sign of failure that TiledWriter gives.
        if name == "start":
            self._open_runs.add(doc["uid"])
        for run in self._open_runs - self._failed:
            backup = self.backup_directory / f"{run.split('-')[0]}.jsonl"
            if backup.exists():
                self._note(run, f"is kept in {backup}, because the catalogue failed; bring it")
        if name == "stop":
            uid = doc["run_start"]
            if uid in self._open_runs - self._failed:
                self._tell_of_run(uid)
            self._open_runs.discard(uid)
            self._runs.forget(uid)

    def _tell_of_run(self, uid: str) -> None:
        try:
            self._on_run(uid)
        except StorageError as error:
            self._note(uid, f"is not safe in the catalogue ({error}); bring it")

    def _note(self, run: str, fate: str) -> None:
        if run not in self._failed:
            self._failed.add(run)
            self._unreported.append(
                f"run {run} {fate} in with 'blueslice recover' once this session is closed and the "
                "catalogue works again"
            )
            _logger.error(self._unreported[-1])
