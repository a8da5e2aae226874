"""The catalogue in a process of its own, so that it takes no time from the acquisition."""

import atexit
import itertools
import json
import logging
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from blueslice._catalogue_worker import LENGTH, WHOLE_RUNS
from blueslice._data_directory import DataDirectory, WriteLock
from blueslice.callbacks._documents import RunIndex, StreamFilter
from blueslice.errors import StorageError

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = ["CatalogueProcess", "ProcessWriter", "running_process"]

_logger = logging.getLogger(__name__)

_LATE = (
    "nothing is lost: run 'blueslice recover' once this session is closed and the catalogue works "
    "again"
)
# Documents that the catalogue has not taken: some thousand trials'. They are in the journal too.
MOST_WAITING_BYTES = 32 << 20


_running_processes: "dict[Path, CatalogueProcess]" = {}


def running_process(data_directory: DataDirectory) -> "CatalogueProcess | None":
    """Return the process that this one has started over a data directory, if it has."""
    process = _running_processes.get(data_directory.path)
    return process if process is not None and process.running else None


class CatalogueProcess:
    """Starts a process that serves and writes the catalogue, and hands it the documents.

    Tiled takes tens of milliseconds of Python for a document. In this process that time would
    be taken from the RunEngine and the devices, however many threads there are; in another it
    is not. When this process dies, the other writes what it has and ends.

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
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._numbers = itertools.count()
        self._writers = itertools.count()
        self._waiting: dict[int, tuple[threading.Event, list[str]]] = {}
        self._ready = threading.Event()
        self._ended = threading.Event()
        self._address: dict[str, str] = {}
        self._untaken_lock = threading.Lock()
        self._untaken_bytes = 0
        self._left: dict[str, str] = {}  # run -> what its user has to know
        self._fate = ""
        self._is_closing = False
        self._client: CatalogOfBlueskyRuns | None = None

    def start(self, timeout_s: float = 60.0) -> Self:
        """Start the process and wait until its server answers; about 4 s.

        Raises
        ------
        StorageError
            When the catalogue cannot be opened or made, or the process does not come up.
        """
        # Ctrl-C is for the protocol alone: the process would otherwise get it too.
        flags = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
        command = [sys.executable, "-m", "blueslice._catalogue_worker"]
        self._process = subprocess.Popen(  # noqa: S603
            [*command, str(self.data_directory), *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=flags,
        )
        for target in (self._send, self._receive):
            threading.Thread(target=target, name=f"blueslice{target.__name__}", daemon=True).start()
        atexit.register(self.close)
        self._ready.wait(timeout_s)
        if "ready" not in self._address:
            reason = self._address.get("failed") or f"it did not start within {timeout_s:g} s"
            self._end()
            raise StorageError(reason)
        _running_processes[self.data_directory.path] = self
        return self

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def uri(self) -> str:
        """Address of the server's interface, ``http://127.0.0.1:<port>/api/v1``."""
        return self._address.get("ready", "")

    @property
    def client(self) -> "CatalogOfBlueskyRuns":
        """The catalogue, for reading; see `blueslice.broker.CatalogueServer.client`."""
        if not self.running:
            raise StorageError(f"the catalogue's process has ended; {_LATE}")
        if self._client is None:
            from tiled.client import from_uri

            # trust_env=False: a laboratory's proxy must not stand between us and loopback.
            client: Any = from_uri(self.uri, api_key=self._address["api_key"], trust_env=False)
            self._client = client
        return self._client  # type: ignore[return-value]

    def writer(self, exclude_streams: Collection[str] = ()) -> "ProcessWriter":
        """Return a callback that writes runs into this catalogue."""
        return ProcessWriter(self, next(self._writers), exclude_streams)

    def tell(self, *message: object) -> None:
        """Send a message to the process; returns at once."""
        self._messages.put(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))

    def offer(self, run: str, *message: object) -> bool:
        """Send a document, unless too much waits; returns at once.

        Returns
        -------
        bool
            False when this run is left out: what has not come of it will come by ``recover``.
        """
        if self._ended.is_set():
            return True  # for nobody, which was told when it ended
        content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        with self._untaken_lock:
            behind = self._untaken_bytes
            if behind and behind + len(content) > MOST_WAITING_BYTES:
                self._left[run] = (
                    f"the catalogue is {behind >> 20} MiB behind and gets no more of run {run}; "
                    f"{_LATE}"
                )
                _logger.error(self._left[run])
                return False
            self._untaken_bytes += len(content)
        self._messages.put(content)
        return True

    def _raise_left(self) -> None:
        """Say once which runs were left out."""
        with self._untaken_lock:
            left, self._left = "; ".join(self._left.values()), {}
        if left:
            raise StorageError(left)

    def wait(self, writer: int, timeout_s: float) -> None:
        """Wait until a writer's documents are in the catalogue; see `ProcessWriter.wait`."""
        number, event, text = next(self._numbers), threading.Event(), [""]
        self._waiting[number] = (event, text)
        self.tell("wait", number, writer, timeout_s)
        if self._ended.is_set() or not event.wait(timeout_s + 1.0):
            raise StorageError(
                self._fate
                or f"the catalogue has not taken all documents within {timeout_s:g} s; wait "
                f"again, or {_LATE}"
            )
        if text[0]:
            raise StorageError(text[0])
        self._raise_left()

    def close(self, timeout_s: float = 60.0) -> None:
        """Let what was sent be written, then end the process; doing it twice is harmless.

        Raises
        ------
        StorageError
            When a run is not in the catalogue; all is closed all the same.
        """
        atexit.unregister(self.close)
        if self._process is None or self._is_closing:
            return
        self._is_closing = True
        if _running_processes.get(self.data_directory.path) is self:
            del _running_processes[self.data_directory.path]
        self.tell("close", timeout_s)
        self._messages.put(None)
        in_time = self._ended.wait(timeout_s + 15.0)
        if self._client is not None:
            self._client.context.http_client.close()
        self._end()
        if not in_time:
            raise StorageError(
                f"the catalogue has not taken all documents within {timeout_s:g} s; {_LATE}"
            )
        if self._fate:
            raise StorageError(self._fate)
        self._raise_left()

    def _end(self) -> None:
        if self._process is None:
            return
        self._messages.put(None)
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was left in it has nobody to go to

    def _send(self) -> None:
        pipe = self._process.stdin if self._process else None
        while pipe is not None and (content := self._messages.get()) is not None:
            try:
                pipe.write(LENGTH.pack(len(content)))
                pipe.write(content)
                pipe.flush()
            except (OSError, ValueError):
                return  # it has ended, which the receiving thread sees and tells

    def _receive(self) -> None:
        pipe = self._process.stdout if self._process else None
        closed = False
        for line in pipe or ():
            answer = json.loads(line)
            if "reached" in answer:
                event, text = self._waiting.pop(answer["reached"])
                text[0] = answer["text"]
                event.set()
            elif "taken" in answer:
                with self._untaken_lock:
                    self._untaken_bytes -= answer["taken"]
            elif "closed" in answer:
                closed, self._fate = True, answer["closed"]
            else:
                self._address = answer
                self._ready.set()
        if not closed and "ready" in self._address:
            self._fate = f"the catalogue's process has ended before its work was done; {_LATE}"
            _logger.error(self._fate)
        self._ended.set()
        self._ready.set()
        for event, text in self._waiting.values():
            text[0] = self._fate
            event.set()


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
        self._left: set[str] = set()

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Hand one document over; it is copied, so the caller may go on changing it.

        Of a run that finds the catalogue too far behind, nothing more is handed over: a run with
        a gap would be worse than one without an end, which ``blueslice recover`` completes.
        """
        kept = self._filter(name, doc)
        if kept is None:
            return
        run = self._runs.find(name, kept) or ""
        if run not in self._left and not self._process.offer(
            run, "document", self._number, name, kept
        ):
            self._left.add(run)
        if name == "stop":
            self._runs.forget(run)
            self._left.discard(run)

    def wait(self, timeout_s: float) -> None:
        """Wait until everything handed over so far is in the catalogue.

        Raises
        ------
        StorageError
            When it is not done in that time, or a run went to the backup instead.
        """
        self._process.wait(self._number, timeout_s)
