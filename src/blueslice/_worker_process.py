"""One life of the process that keeps the catalogue: its pipes, and what waits for it."""

import itertools
import json
import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Self

from blueslice._catalogue_worker import LENGTH
from blueslice._data_directory import DataDirectory
from blueslice._interruptible_wait import wait_interruptibly
from blueslice._patient_wait import WORKED_S, wait_while_it_gets_on
from blueslice.errors import StorageError

__all__ = ["LATE", "WorkerProcess"]

_logger = logging.getLogger(__name__)

LATE = (
    "nothing is lost: run 'blueslice recover' once this session is closed and the catalogue works "
    "again"
)

# Tiled's server is in that process. What it refuses for longer than a busy moment (3 s) it goes on
# refusing: Tiled's own ten attempts would tell so after half a minute.
_RETRIES = {"TILED_RETRY_ATTEMPTS": "6"}


class WorkerProcess:
    """A process that serves and writes the catalogue, from its start to its end.

    What is sent before it runs waits for it. When this process dies, the other writes what it has
    and ends.

    Parameters
    ----------
    data_directory : DataDirectory
        Where the catalogue is, or is made.
    options : sequence of str
        Of its command line.

    Attributes
    ----------
    ended : threading.Event
        Set when it has ended, for whatever reason.
    fate : str
        What became of its work, when that is not all done; empty otherwise.
    """

    def __init__(self, data_directory: DataDirectory, options: Sequence[str] = ()) -> None:
        self._command = [sys.executable, "-m", "blueslice._catalogue_worker", str(data_directory)]
        self._command += options
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[threading.Event, list[str]]] = {}
        self._ready = threading.Event()
        self._address: dict[str, str] = {}
        self._stage = "the start of Python"
        self._news = 0  # how often it has told that it got on
        self._worked_s = 0.0
        self._untaken_lock = threading.Lock()
        self._untaken_bytes = 0
        self.ended = threading.Event()
        self.fate = ""

    def start(self) -> Self:
        """Start it; it is ready some seconds later, see `wait_ready`."""
        # Ctrl-C is for the protocol alone: the process would otherwise get it too.
        flags = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
        try:
            self._process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**_RETRIES, **os.environ},
                creationflags=flags,
            )
        except OSError as error:
            self._address = {"failed": f"the catalogue's process cannot be started ({error})"}
            self._note_end(closed=False)
            return self
        for target in (self._send, self._receive):
            threading.Thread(target=target, name=f"blueslice{target.__name__}", daemon=True).start()
        return self

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until its server answers, as long as the process gets on.

        Parameters
        ----------
        timeout_s : float
            How long it may do nothing, in s.

        Raises
        ------
        StorageError
            When the catalogue cannot be opened or made, or the process does not come up.
        """
        ready = wait_while_it_gets_on(
            self._ready, timeout_s, lambda: self._news, on_slow=self._tell_slow
        )
        if not ready:
            raise StorageError(
                f"the catalogue's process did not start: for {timeout_s:g} s it has done nothing, "
                f"at {self._stage}; check that the disk of the data directory answers, and that "
                "Python may start programs, then start again"
            )
        if "ready" not in self._address:
            raise StorageError(
                self._address.get("failed")
                or f"the catalogue's process ended before it was ready, at {self._stage}; start "
                "again"
            )

    def _tell_slow(self, waited_s: float) -> None:
        _logger.warning(
            "waiting for the catalogue's process, which is at %s after %.0f s: the machine is busy",
            self._stage,
            waited_s,
        )

    @property
    def uri(self) -> str:
        """Address of the server's interface; empty until it is ready."""
        return self._address.get("ready", "")

    @property
    def api_key(self) -> str:
        """Key of the server; empty until it is ready."""
        return self._address.get("api_key", "")

    @property
    def untaken_bytes(self) -> int:
        """How much was offered that the catalogue has not taken."""
        return self._untaken_bytes

    def send(self, *message: object) -> None:
        """Send a message; returns at once."""
        self._messages.put(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))

    def offer(self, most_bytes: int, *message: object) -> bool:
        """Send a document unless more than `most_bytes` would then wait; returns at once."""
        if self.ended.is_set():
            return True  # for nobody, which was told when it ended
        content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        with self._untaken_lock:
            if self._untaken_bytes and self._untaken_bytes + len(content) > most_bytes:
                return False
            self._untaken_bytes += len(content)
        self._messages.put(content)
        return True

    def ask(self, writer: int, timeout_s: float) -> str:
        """Wait until a writer's documents are in the catalogue; return what is not.

        Raises
        ------
        StorageError
            When it does not answer in that time.
        """
        number, event, text = next(self._numbers), threading.Event(), [""]
        self._waiting[number] = (event, text)
        self.send("wait", number, writer, timeout_s)
        if self.ended.is_set():
            return self.fate
        if not wait_interruptibly(event, timeout_s + 1.0):
            raise StorageError(
                f"the catalogue has not taken all documents within {timeout_s:g} s; wait again, "
                f"or {LATE}"
            )
        return text[0]

    def close(self, timeout_s: float) -> bool:
        """Let what was sent be written, then end it; return whether that was in time."""
        self.send("close", timeout_s)
        self._messages.put(None)
        in_time = wait_interruptibly(self.ended, timeout_s + 15.0)
        self.end()
        return in_time

    def end(self) -> None:
        """End it, whatever it does."""
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
            elif "stage" in answer:
                self._note_stage(**answer)
            elif "closed" in answer:
                closed, self.fate = True, answer["closed"]
            else:
                self._address = answer
                self._ready.set()
        self._note_end(closed=closed)

    def _note_stage(self, stage: str, worked_s: float) -> None:
        """Note what it does, and whether it has worked since it told that last."""
        if stage != self._stage or worked_s >= self._worked_s + WORKED_S:
            self._stage, self._worked_s = stage, worked_s
            self._news += 1

    def _note_end(self, *, closed: bool) -> None:
        if not closed:
            reason = self._address.get("failed") or (
                "the catalogue's process has ended before its work was done"
            )
            self.fate = f"{reason}; {LATE}"
            if self.uri:  # otherwise who waits for it to be ready tells
                _logger.error(self.fate)
        self.ended.set()
        self._ready.set()
        for event, text in list(self._waiting.values()):
            text[0] = self.fate
            event.set()
