"""Blocking calls into instruments, in threads that no program has to wait for when it ends."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from blueslice._precedence import take_precedence

__all__ = ["CallThread", "begin_call"]


def begin_call(function: Callable[..., Any], *args: object) -> asyncio.Future[Any]:
    """Begin a blocking call in a thread that has nothing else to do; return its result's future.

    Not in the loop's own pool: that has few threads, and the program cannot end before them. A
    driver that never returns would use one up each time, and at last keep Python from ending.
    """
    # To start a thread means to wait until it runs, which takes milliseconds in a busy program.
    try:
        thread = _idle.pop()
    except IndexError:
        thread = CallThread("blueslice-instrument")
    return thread.begin(function, *args, when_back=lambda: _idle.append(thread))


class CallThread:
    """One thread that makes blocking calls one after the other, in the order they were given.

    Parameters
    ----------
    name : str
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def begin(
        self,
        function: Callable[..., Any],
        *args: object,
        when_back: Callable[[], None] | None = None,
    ) -> asyncio.Future[Any]:
        """Begin a call after those before it; return the future of its result.

        Once it has returned, and before anybody is told, the thread calls `when_back`.
        """
        call = _Call(function, args, when_back)
        self._calls.put(call)
        return call.future

    def end(self) -> None:
        """Let the thread end once it has made the calls that it was given."""
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            take_precedence()
            call()


# Threads that have come back from their call. To take from a list or to add to it is one step.
_idle: list[CallThread] = []


class _Call:
    """A call whose outcome goes to a future of the running loop."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[object, ...],
        when_back: Callable[[], None] | None,
    ) -> None:
        self._function, self._args, self._when_back = function, args, when_back
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()
        # Looked at here: an answer that comes too late has nobody else to look at it.
        self.future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def __call__(self) -> None:
        result, error = None, None
        try:
            result = self._function(*self._args)
        except BaseException as raised:
            error = raised
        if self._when_back is not None:
            self._when_back()
        # The loop may be closed by now, and then there is nobody to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell, result, error)

    def _tell(self, result: object, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)
