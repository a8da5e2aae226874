"""The events at which Windows ends a console program: its window is closed, the user logs off."""

import logging
import sys
from collections.abc import Callable, Mapping

__all__ = ["CONSOLE_EVENTS", "console_handler", "watch_console"]

logger = logging.getLogger(__name__)

CONSOLE_EVENTS: Mapping[int, str] = {
    2: "ended by a closed console window",
    5: "ended by logging off",
    6: "ended by shutting down",
}
"""What each event (CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT) is as a reason."""

# Windows ends the process after 5 s, or when the handler returns.
_LIMIT_S = 4.0

EndAtOnce = Callable[[str, float], None]


def console_handler(end: EndAtOnce) -> Callable[[int], bool]:
    """Return what handles a console event, in a thread that Windows makes for it.

    Parameters
    ----------
    end : callable of (reason, seconds)
        Ends everything in that time.

    Returns
    -------
    callable of int to bool
        Whether the event was one of `CONSOLE_EVENTS`; Ctrl-C and Ctrl-Break are not: they are
        signals to Python.
    """

    def handle(event: int) -> bool:
        reason = CONSOLE_EVENTS.get(event)
        if reason is None:
            return False
        try:
            end(reason, _LIMIT_S)
        except Exception:
            logger.exception("the session was not ended in an orderly way")
        return True

    return handle


def watch_console(end: EndAtOnce) -> Callable[[], None]:
    """Handle console events from now on, on Windows; return what ends that."""
    if sys.platform != "win32":
        return lambda: None
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handler_type = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    kernel.SetConsoleCtrlHandler.argtypes = (handler_type, wintypes.BOOL)
    kernel.SetConsoleCtrlHandler.restype = wintypes.BOOL
    # It has to live as long as Windows may call it.
    handler = handler_type(console_handler(end))
    if not kernel.SetConsoleCtrlHandler(handler, True):
        logger.warning(
            "closing the console window will not switch the light off (Windows error %d); end the "
            "session before you close it",
            ctypes.get_last_error(),
        )
    return lambda: kernel.SetConsoleCtrlHandler(handler, False)
