"""The threads of an acquisition come before whatever else the machine does."""

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["precedence", "take_precedence"]

_LEAST_REAL_TIME = 1
_WINDOWS_HIGHEST, _WINDOWS_NORMAL = 2, 0


class _OfThread(threading.local):
    taken = False


_of_thread = _OfThread()
# How many ask for it now, such as sessions on rigs that keep real time.
_wanted = 0


@contextlib.contextmanager
def precedence() -> Iterator[None]:
    """Let threads that ask for it have precedence, as long as this is entered.

    Only for rigs that keep real time: a simulation as fast as it computes would take the whole
    computer from everybody else.
    """
    global _wanted
    _wanted += 1
    try:
        yield
    finally:
        _wanted -= 1


def take_precedence() -> bool:
    """Let the calling thread run as soon as it can go on, where that is wanted and allowed.

    A browser that draws otherwise keeps a frame that has come waiting for a turn of the scheduler,
    4 ms and more. On Linux this takes the right to real time (root, or an ``rtprio`` of 1 or more
    in ``/etc/security/limits.d``); on Windows nothing; macOS is not asked. Without the right
    everything works, only later. When it is wanted no longer, the thread's next call gives it back.

    Returns
    -------
    bool
        Whether the thread has it.
    """
    wanted = _wanted > 0
    if wanted != _of_thread.taken:
        _of_thread.taken = _change(wanted) and wanted
    return _of_thread.taken


def _change(wanted: bool) -> bool:
    if sys.platform == "win32":
        # Loaded anew: types declared on ctypes.windll's would be everybody's.
        return _change_on_windows(ctypes.WinDLL("kernel32"), wanted)
    if sys.platform == "linux":
        # What such a thread starts is not to inherit it.
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK if wanted else os.SCHED_OTHER
        priority = _LEAST_REAL_TIME if wanted else 0
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy, os.sched_param(priority))
            return True
    return False


def _change_on_windows(kernel: Any, wanted: bool) -> bool:
    """Set the calling thread's priority by ``kernel32``; return whether that was allowed."""
    current, change = kernel.GetCurrentThread, kernel.SetThreadPriority
    # A handle is as long as a pointer; what is not declared is taken for an int of 32 bits.
    current.argtypes, current.restype = (), ctypes.c_void_p
    change.argtypes, change.restype = (ctypes.c_void_p, ctypes.c_int), ctypes.c_int
    return bool(change(current(), _WINDOWS_HIGHEST if wanted else _WINDOWS_NORMAL))
