"""Output that nobody reads any more, such as that of a terminal whose window was closed."""

import contextlib
import os
import sys

__all__ = ["drop_lost_output"]

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


def drop_lost_output() -> bool:
    """Let what is printed go nowhere, where printing would fail: bluesky prints before it aborts.

    Only where the terminal or the reader of the pipe is gone; on Windows there is no way to see it.

    Returns
    -------
    bool
        Whether any output was lost.
    """
    if sys.platform == "win32":
        return False
    import select

    found = False

    lost = select.POLLERR | select.POLLHUP | select.POLLNVAL
    for descriptor in (_STANDARD_OUTPUT, _STANDARD_ERROR):
        poll = select.poll()
        poll.register(descriptor, 0)
        if any(event & lost for _, event in poll.poll(0)):
            found = True
            with contextlib.suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
    return found
