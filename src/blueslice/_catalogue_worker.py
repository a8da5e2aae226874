"""The process that keeps the catalogue for the one that acquires: ``python -m`` this module."""

import contextlib
import json
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any

from blueslice._catalogue_server import CatalogueServer
from blueslice._data_directory import DataDirectory
from blueslice.callbacks._catalogue_writer import CatalogueWriter
from blueslice.callbacks._coalesce import coalesce
from blueslice.errors import BluesliceError, StorageError

__all__ = ["LENGTH", "WHOLE_RUNS", "main"]

WHOLE_RUNS = "--whole-runs"
LENGTH = struct.Struct("<Q")
"""What stands before each message on the pipe: its length in bytes."""

# What comes while a writer is busy is joined; so long at most, should it hang.
_BUSY_S = 30.0
_STAGE_INTERVAL_S = 1.0
# What a writer that has nothing to do takes to say so.
_IDLE_S = 1.0


def main() -> int:
    """Serve the catalogue of the data directory named on the command line.

    `WHOLE_RUNS` after it: runs are written at their end.

    Messages come on standard input, each a length and a pickled tuple: ``("document", writer,
    name, doc)``, ``("wait", number, writer, timeout_s)`` or ``("close", timeout_s)``. Answers go
    to standard output, a line of JSON each; ``{"taken": bytes}`` tells how many bytes of documents
    wait no longer; ``{"stage": ..., "worked_s": ...}`` what the start is at. When the input ends,
    because the acquiring process did, what came is written and the server stopped.
    """
    # What ends the acquiring process, such as Ctrl-C at the terminal, can reach this one too. It
    # ends after that, when its input does, and has then written what was acquired.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not be taken for an answer

    answering = threading.Lock()

    def answer(**values: Any) -> None:
        # Who asked may be gone.
        with answering, contextlib.suppress(OSError):
            print(json.dumps(values), file=answers, flush=True)

    directory = DataDirectory(Path(sys.argv[1]))
    server = CatalogueServer(directory, lock=directory.inherited_lock())
    try:
        with _stages_told(server, answer):
            server.start()
    except BluesliceError as error:
        answer(failed=str(error))
        return error.exit_code
    answer(ready=server.uri, api_key=server.client.context.api_key)
    # Unbuffered: a thread that waits in a buffered read holds a lock that Python's end needs.
    messages = os.fdopen(0, "rb", buffering=0, closefd=False)
    fate = _serve(messages, server, answer, whole_runs=WHOLE_RUNS in sys.argv[2:])
    timeout_s = 60.0
    try:
        server.close(fate if fate is not None else timeout_s)
    except StorageError as error:
        answer(closed=str(error))
        return 1
    answer(closed="")
    return 0


@contextlib.contextmanager
def _stages_told(server: CatalogueServer, answer: Callable[..., None]) -> Iterator[None]:
    """Tell each second what the start is at, and the processor time that it has taken so far."""
    over = threading.Event()

    def tell() -> None:
        while True:
            answer(stage=server.stage, worked_s=time.process_time())
            if over.wait(_STAGE_INTERVAL_S):
                return

    thread = threading.Thread(target=tell, name="blueslice-stages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _read_exactly(messages: RawIOBase, count: int) -> bytes:
    """Return so many bytes, or fewer when the input has ended."""
    content = bytearray()
    while len(content) < count and (part := messages.read(count - len(content))):
        content += part
    return bytes(content)


def _read(
    messages: RawIOBase, arrived: "queue.SimpleQueue[tuple[int, tuple[Any, ...]] | None]"
) -> None:
    """Put each message on a queue, after its length, and None at the end of the input."""
    while len(header := _read_exactly(messages, LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(header)
        content = _read_exactly(messages, length)
        if len(content) < length:
            break
        # From the process that started this one, over a pipe that nobody else has.
        arrived.put((length, pickle.loads(content)))  # noqa: S301
    arrived.put(None)


def _serve(
    messages: RawIOBase,
    server: CatalogueServer,
    answer: Callable[..., None],
    *,
    whole_runs: bool,
) -> float | None:
    """Do what the messages say until the last; return the time that closing may take."""
    arrived: queue.SimpleQueue[tuple[int, tuple[Any, ...]] | None] = queue.SimpleQueue()
    # Read in a thread, so that what comes while the catalogue is busy can be joined.
    threading.Thread(target=_read, args=(messages, arrived), daemon=True).start()
    writers: dict[int, CatalogueWriter] = {}
    waiting: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    untaken_bytes = 0

    def write_waiting() -> None:
        for number, documents in waiting.items():
            if number not in writers:
                writers[number] = server.writer(whole_runs=whole_runs)
            for name, doc in coalesce(documents):
                writers[number](name, doc)
        waiting.clear()

    def tell_taken(count: int, timeout_s: float) -> int:
        """Tell that so many bytes wait no longer, once it is so; return how many still do."""
        # The other process sends no more than so many ahead of what was told.
        if count and all(writer.drained(timeout_s) for writer in writers.values()):
            answer(taken=count)
            return 0
        return count

    while (arrival := arrived.get()) is not None:
        length, (kind, *rest) = arrival
        if kind == "document":
            number, name, doc = rest
            waiting.setdefault(number, []).append((name, doc))
            untaken_bytes += length
            if arrived.empty():
                write_waiting()
                untaken_bytes = tell_taken(untaken_bytes, _BUSY_S)
            continue
        write_waiting()
        if kind == "close":
            return rest[0]
        call, number, timeout_s = rest
        text = ""
        try:
            if number in writers:
                writers[number].wait(timeout_s)
        except StorageError as error:
            text = str(error)
        untaken_bytes = tell_taken(untaken_bytes, _IDLE_S)
        answer(reached=call, text=text)
    write_waiting()
    return None


if __name__ == "__main__":
    sys.exit(main())
