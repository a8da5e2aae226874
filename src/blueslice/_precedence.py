"""The threads of an acquisition come before whatever else the machine does."""

import contextlib
import os
import sys

__all__ = ["take_precedence"]

_LEAST_REAL_TIME = 1
_WINDOWS_HIGHEST = 2


def take_precedence() -> bool:
    """Let the calling thread run as soon as it can go on, where the system allows it.

    A browser that draws otherwise keeps a frame that has come waiting for a turn of the scheduler,
    4 ms and more. On Linux this takes the right to real time (root, or an ``rtprio`` of 1 or more
    in ``/etc/security/limits.d``); on Windows nothing; macOS is not asked. Without the right
    everything works, only later.

    Returns
    -------
    bool
        Whether it was allowed.
    """
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        return bool(kernel.SetThreadPriority(kernel.GetCurrentThread(), _WINDOWS_HIGHEST))
    if sys.platform == "linux":
        # What such a thread starts is not to inherit it.
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy, os.sched_param(_LEAST_REAL_TIME))
            return True
    return False
