"""The process that keeps the catalogue for the one that acquires: ``python -m`` this module."""

import contextlib
import json
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from blueslice._catalogue_server import CatalogueServer
from blueslice._data_directory import DataDirectory
from blueslice.callbacks._catalogue_writer import CatalogueWriter
from blueslice.errors import BluesliceError, StorageError

__all__ = ["LENGTH", "main"]

LENGTH = struct.Struct("<Q")
"""What stands before each message on the pipe: its length in bytes."""


def main() -> int:
    """Serve the catalogue of the data directory named on the command line.

    Messages come on standard input, each a length and a pickled tuple: ``("document", writer,
    name, doc)``, ``("wait", number, writer, timeout_s)`` or ``("close", timeout_s)``. Answers go
    to standard output, a line of JSON each. When the input ends, because the acquiring process
    did, what came is written and the server stopped.
    """
    # Ctrl-C at the terminal reaches this process too; it is meant for the protocol.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not be taken for an answer

    def answer(**values: Any) -> None:
        # Who asked may be gone.
        with contextlib.suppress(OSError):
            print(json.dumps(values), file=answers, flush=True)

    directory = DataDirectory(Path(sys.argv[1]))
    server = CatalogueServer(directory, lock=directory.inherited_lock())
    try:
        server.start()
    except BluesliceError as error:
        answer(failed=str(error))
        return error.exit_code
    answer(ready=server.uri, api_key=server.client.context.api_key)
    fate, timeout_s = _serve(sys.stdin.buffer, server, answer), 60.0
    try:
        server.close(fate if fate is not None else timeout_s)
    except StorageError as error:
        answer(closed=str(error))
        return 1
    answer(closed="")
    return 0


def _serve(
    messages: BinaryIO, server: CatalogueServer, answer: Callable[..., None]
) -> float | None:
    """Do what the messages say until the last; return the time that closing may take."""
    writers: dict[int, CatalogueWriter] = {}
    while len(header := messages.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(header)
        content = messages.read(length)
        if len(content) < length:
            return None
        # From the process that started this one, over a pipe that nobody else has.
        kind, *rest = pickle.loads(content)  # noqa: S301
        if kind == "close":
            return rest[0]
        if kind == "document":
            writer, name, doc = rest
            if writer not in writers:
                writers[writer] = server.writer()
            writers[writer](name, doc)
        else:
            number, writer, timeout_s = rest
            text = ""
            try:
                if writer in writers:
                    writers[writer].wait(timeout_s)
            except StorageError as error:
                text = str(error)
            answer(reached=number, text=text)
    return None


if __name__ == "__main__":
    sys.exit(main())
