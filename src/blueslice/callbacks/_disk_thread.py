"""A thread that brings files to the disk, and hands documents on once they are there."""

import copy
import errno
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from blueslice._on_disk import is_removed, sync_open_file

__all__ = ["DiskThread"]

_logger = logging.getLogger(__name__)

DocumentCallback = Callable[[str, dict[str, Any]], None]


class _Reached(threading.Event):
    """A mark in the queue: everything before it is done."""


class DiskThread:
    """Brings open files to the disk (`sync_open_file`), in the order in which it is asked.

    Forcing a file to the disk takes 1-50 ms, too long for the loop that the devices share. What is
    asked for while the disk is busy is done together.

    Attributes
    ----------
    failure : OSError or None
        The first error of a file; nothing is handed on any more after it.
    """

    def __init__(self, name: str) -> None:
        self.failure: OSError | None = None
        self._name = name
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def sync(self, descriptor: int) -> None:
        """Have an open file brought to the disk; returns at once."""
        self._put(descriptor)

    def hand_on(self, callback: DocumentCallback, name: str, doc: dict[str, Any]) -> None:
        """Have a callback called once all that was asked for before is done; returns at once.

        It is called in this thread, with a copy of the document. What it raises is logged.
        """
        self._put((callback, name, copy.deepcopy(doc)))

    def wait(self, timeout_s: float) -> bool:
        """Wait until all that was asked for is done; False when it takes longer."""
        if self._thread is None:
            return True
        reached = _Reached()
        self._put(reached)
        return reached.wait(timeout_s)

    def end(self, timeout_s: float) -> bool:
        """Do what was asked for and end the thread; False when it takes longer."""
        if self._thread is None:
            return True
        thread, self._thread = self._thread, None
        self._queue.put(None)
        thread.join(timeout_s)
        return not thread.is_alive()

    def _put(self, item: Any) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, args=(self._queue,), name=self._name, daemon=True
            )
            self._thread.start()
        self._queue.put(item)

    def _work(self, items: "queue.SimpleQueue[Any]") -> None:
        while True:
            batch = [items.get()]
            while not items.empty():
                batch.append(items.get())
            for descriptor in dict.fromkeys(one for one in batch if isinstance(one, int)):
                self._sync(descriptor)
            for item in batch:
                if item is None:
                    return
                if isinstance(item, _Reached):
                    item.set()
                elif not isinstance(item, int):
                    self._call(*item)

    def _sync(self, descriptor: int) -> None:
        try:
            if self.failure is None:
                sync_open_file(descriptor)
                if is_removed(descriptor):
                    raise OSError(errno.ENOENT, "it was removed while it was written")
        except OSError as error:
            self.failure = error

    def _call(self, callback: DocumentCallback, name: str, doc: dict[str, Any]) -> None:
        if self.failure is not None:
            return
        try:
            callback(name, doc)
        except Exception:
            _logger.exception("a %s document could not be handed on", name)
