"""The catalogue in a process of its own, so that it takes no time from the acquisition."""

import atexit
import itertools
import logging
import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from blueslice._catalogue_worker import WHOLE_RUNS
from blueslice._data_directory import DataDirectory, WriteLock
from blueslice._worker_process import LATE, WorkerProcess
from blueslice.callbacks._documents import RunIndex, StreamFilter
from blueslice.errors import StorageError

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = ["CatalogueProcess", "ProcessWriter", "running_process"]

_logger = logging.getLogger(__name__)

# Documents that the catalogue has not taken: some thousand trials'. They are in the journal too.
MOST_WAITING_BYTES = 32 << 20
_START_TIMEOUT_S = 60.0


_running_processes: "dict[Path, CatalogueProcess]" = {}


def running_process(data_directory: DataDirectory) -> "CatalogueProcess | None":
    """Return the process that this one has started over a data directory, if it has."""
    process = _running_processes.get(data_directory.path)
    return process if process is not None and process.running else None


class CatalogueProcess:
    """Keeps a process that serves and writes the catalogue, and hands it the documents.

    Tiled takes tens of milliseconds of Python for a document. In this process that time would
    be taken from the RunEngine and the devices, however many threads there are; in another it
    is not. When the other process dies, the run in hand goes on without it, and the next run
    begins with a new one.

    Parameters
    ----------
    data_directory : DataDirectory
        Where the catalogue is, or is made.
    lock : WriteLock
        The right to write there; the caller holds it as long as this is open.
    whole_runs : bool
        Whether nobody reads a run before its end, as when runs come from journals: each is then
        written at its end, in less time.
    """

    def __init__(
        self, data_directory: DataDirectory, lock: WriteLock, *, whole_runs: bool = False
    ) -> None:
        self._options = [WHOLE_RUNS] if whole_runs else []
        self.data_directory = data_directory
        self._lock = lock
        self._writers = itertools.count()
        self._worker = self._new_worker()
        self._is_started = self._is_closing = False
        self._untold_lock = threading.Lock()
        self._untold: dict[str, None] = {}  # what its user has to know, in that order
        self._client: CatalogOfBlueskyRuns | None = None
        self._client_of: WorkerProcess | None = None

    def _new_worker(self) -> WorkerProcess:
        return WorkerProcess(self.data_directory, self._options)

    def start(self, timeout_s: float = _START_TIMEOUT_S) -> Self:
        """Start the process and wait until its server answers; about 4 s.

        Raises
        ------
        StorageError
            When the catalogue cannot be opened or made, or the process does not come up.
        """
        atexit.register(self.close)
        try:
            self._worker.start().wait_ready(timeout_s)
        except BaseException:  # of Ctrl-C too: it would be left waiting for documents
            self._worker.end()
            raise
        self._is_started = True
        _running_processes[self.data_directory.path] = self
        return self

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._is_started and not self._worker.ended.is_set()

    @property
    def uri(self) -> str:
        """Address of the server's interface, ``http://127.0.0.1:<port>/api/v1``."""
        return self._worker.uri

    @property
    def client(self) -> "CatalogOfBlueskyRuns":
        """The catalogue, for reading; see `blueslice.broker.CatalogueServer.client`.

        After the process had to be started again, it is another one.
        """
        worker = self._worker
        if not self.running:
            raise StorageError(
                f"the catalogue's process has ended; the next run starts it again; {LATE}"
            )
        if self._client is None or self._client_of is not worker:
            from tiled.client import from_uri

            from blueslice._tiled_clients import growing_clients

            self._close_client()
            worker.wait_ready(_START_TIMEOUT_S)
            # trust_env=False: a laboratory's proxy must not stand between us and loopback.
            client: Any = from_uri(
                worker.uri,
                api_key=worker.api_key,
                trust_env=False,
                structure_clients=growing_clients(),
            )
            self._client, self._client_of = client, worker
        return self._client  # type: ignore[return-value]

    def writer(self, exclude_streams: Collection[str] = ()) -> "ProcessWriter":
        """Return a callback that writes runs into this catalogue."""
        return ProcessWriter(self, next(self._writers), exclude_streams)

    def worker_for_run(self) -> WorkerProcess:
        """Return the process that takes a run which begins; a new one, if the last has ended."""
        with self._untold_lock:
            dead = self._worker
            if not dead.ended.is_set() or self._is_closing or not self._is_started:
                return dead
            self._untold[dead.fate] = None
            self._worker = self._new_worker()
        _logger.warning("the catalogue's process is started again for the run that begins")
        # Not here: the RunEngine waits for nothing of this.
        threading.Thread(target=self._replace, args=(dead, self._worker), daemon=True).start()
        return self._worker

    def _replace(self, dead: WorkerProcess, worker: WorkerProcess) -> None:
        dead.end()
        try:
            worker.start().wait_ready(_START_TIMEOUT_S)
        except StorageError as error:
            _logger.error("%s; %s", error, LATE)

    def offer(self, worker: WorkerProcess, run: str, *message: object) -> bool:
        """Send a document to the process that takes its run, unless too much waits; at once.

        Returns
        -------
        bool
            False when this run is left out: what has not come of it will come by ``recover``.
        """
        if worker.offer(MOST_WAITING_BYTES, *message):
            return True
        told = (
            f"the catalogue is {worker.untaken_bytes >> 20} MiB behind and gets no more of run "
            f"{run}; {LATE}"
        )
        with self._untold_lock:
            self._untold[told] = None
        _logger.error(told)
        return False

    def _raise_untold(self, *last: str) -> None:
        """Say once what is not in the catalogue."""
        with self._untold_lock:
            told = list({**self._untold, **dict.fromkeys(filter(None, last))})
            self._untold.clear()
        if told:
            raise StorageError("; ".join(told))

    def wait(self, writer: int, timeout_s: float) -> None:
        """Wait until a writer's documents are in the catalogue; see `ProcessWriter.wait`."""
        self._raise_untold(self._worker.ask(writer, timeout_s))

    def close(self, timeout_s: float = 60.0) -> None:
        """Let what was sent be written, then end the process; doing it twice is harmless.

        Raises
        ------
        StorageError
            When a run is not in the catalogue; all is closed all the same.
        """
        atexit.unregister(self.close)
        with self._untold_lock:
            if self._is_closing or not self._is_started:
                return
            self._is_closing = True
        if _running_processes.get(self.data_directory.path) is self:
            del _running_processes[self.data_directory.path]
        in_time = self._worker.close(timeout_s)
        self._close_client()
        if not in_time:
            raise StorageError(
                f"the catalogue has not taken all documents within {timeout_s:g} s; {LATE}"
            )
        self._raise_untold(self._worker.fate)

    def _close_client(self) -> None:
        if self._client is not None:
            self._client.context.http_client.close()
            self._client = self._client_of = None


class ProcessWriter:
    """A callback that hands documents to the catalogue's process and returns at once.

    Parameters
    ----------
    process : CatalogueProcess
        Where they go.
    number : int
        Which of its writers this is.
    exclude_streams : collection of str, optional
        Names of streams to leave out.
    """

    def __init__(
        self, process: CatalogueProcess, number: int, exclude_streams: Collection[str] = ()
    ) -> None:
        self._process = process
        self._number = number
        self._filter = StreamFilter(exclude_streams)
        self._runs = RunIndex()
        self._workers: dict[str, WorkerProcess] = {}  # of each open run that is not left out

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Hand one document over; it is copied, so the caller may go on changing it.

        A run goes to the process that got its start, if that still lives. Of a run that finds the
        catalogue too far behind, nothing more is handed over: a run with a gap would be worse
        than one without an end, which ``blueslice recover`` completes.
        """
        kept = self._filter(name, doc)
        if kept is None:
            return
        run = self._runs.find(name, kept) or ""
        if name == "start":
            self._workers[run] = self._process.worker_for_run()
        worker = self._workers.get(run)
        if worker is not None and not self._process.offer(
            worker, run, "document", self._number, name, kept
        ):
            del self._workers[run]
        if name == "stop":
            self._runs.forget(run)
            self._workers.pop(run, None)

    def wait(self, timeout_s: float) -> None:
        """Wait until everything handed over so far is in the catalogue.

        Raises
        ------
        StorageError
            When it is not done in that time, or a run went to the backup instead.
        """
        self._process.wait(self._number, timeout_s)
