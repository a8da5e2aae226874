"""The signals of this process in a pipe, which a thread reads whatever the main thread does."""

import contextlib
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable

__all__ = ["SignalPipe"]

# Marks what Python's handler has written; other bytes are written by the system's.
_BY_HANDLER = 0x80


class SignalPipe:
    """Tells of each signal once, at once, in a thread of its own.

    Python runs a signal's handler in the main thread, between two instructions. A signal that
    comes just before that thread begins to wait for a lock, as the RunEngine has it wait for the
    end of a plan, is handled when the wait is over: minutes later. The system's own handler writes
    it into a pipe at once (`signal.set_wakeup_fd`), unless another event loop has its pipe there;
    so the handler writes it too.

    Parameters
    ----------
    receive : callable of int
        Is called with the number of each signal, in the pipe's thread.
    """

    def __init__(self, receive: Callable[[int], None]) -> None:
        self._receive = receive
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        # Another loop's, which gets its signals still.
        self._other = -1
        self._own: Counter[int] = Counter()
        if hasattr(os, "register_at_fork"):
            # A child's signals are none of this process's.
            os.register_at_fork(after_in_child=self.detach)
        # Now, and not in a handler, which may interrupt whatever a thread's start needs.
        threading.Thread(target=self._read, name="blueslice-signals", daemon=True).start()

    def attach(self) -> None:
        """Let the system write signals into the pipe; nothing outside the main thread."""
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            return
        other = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        if other != self._writing:
            self._other = other

    def give_back(self) -> None:
        """Let another loop have its signals itself again, if it had them before `attach`."""
        if self._other != -1:
            self.detach()

    def detach(self) -> None:
        """Let the system write no signal into this pipe any more."""
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            return
        present = signal.set_wakeup_fd(-1)
        restored = self._other if present == self._writing else present
        self._other = -1
        if restored != -1:
            signal.set_wakeup_fd(restored, warn_on_full_buffer=False)

    def note(self, number: int) -> None:
        """Write a signal into the pipe; for its handler."""
        with contextlib.suppress(OSError):
            os.write(self._writing, bytes([number | _BY_HANDLER]))

    def expect(self, number: int) -> None:
        """Know that this process sends itself a signal next, which is not to be told of."""
        self._own[number] += 1

    def _read(self) -> None:
        by_system: Counter[int] = Counter()
        by_handler: Counter[int] = Counter()
        told: Counter[int] = Counter()
        while True:
            for byte in os.read(self._reading, 64):
                number = byte & ~_BY_HANDLER
                (by_handler if byte & _BY_HANDLER else by_system)[number] += 1
                if not byte & _BY_HANDLER and self._other != -1:
                    with contextlib.suppress(OSError):
                        os.write(self._other, bytes([byte]))
                # Both write of the same signal, the handler perhaps much later.
                count = max(by_system[number] - self._own[number], by_handler[number])
                if count > told[number]:
                    told[number] = count
                    self._receive(number)
