"""The live picture for who stays in IPython or Jupyter."""

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blueslice._data_directory import DataDirectory, default_data_directory
from blueslice.errors import BadInputError

if TYPE_CHECKING:
    from blueslice.session import Session

__all__ = ["LENGTH", "LivePlot", "live_plot"]

LENGTH = struct.Struct("<I")
"""Before each PNG that the drawing process sends: its length in bytes."""


class LivePlot:
    """A picture of a session that is drawn anew while it runs; `close` ends it.

    It is drawn by a process of its own: matplotlib in the process that acquires made a third of
    the frames late. What comes back is a finished picture.

    Parameters
    ----------
    directory : DataDirectory
        Whose session is shown.
    show : callable of (PNG), or None
        Shows a picture; called in a thread of this object. None opens a window instead.
    """

    def __init__(self, directory: DataDirectory, show: Callable[[bytes], None] | None) -> None:
        command = [sys.executable, "-m", "blueslice.view._live_plot_worker", str(directory)]
        environment = {**os.environ}
        if show is None:
            command.append("--window")
        else:
            environment["MPLBACKEND"] = "agg"
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._show = show
        self._thread = threading.Thread(target=self._receive, name="blueslice-plot", daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        source = self._process.stdout
        assert source is not None  # noqa: S101 - it was asked for
        while len(head := source.read(LENGTH.size)) == LENGTH.size:
            data = source.read(LENGTH.unpack(head)[0])
            if self._show is not None:
                self._show(data)

    def close(self, timeout_s: float = 5.0) -> None:
        """End it; the last picture stays. Doing it twice is harmless."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout_s)
        self._thread.join(timeout_s)
        if self._process.stdout is not None:
            self._process.stdout.close()


def live_plot(session: "Session | DataDirectory | None" = None) -> LivePlot:
    """Show, at this prompt, what a session does while it does it.

    In Jupyter the picture is in the cell that calls this, and is drawn anew there; in IPython in a
    terminal it is in a window.

    Parameters
    ----------
    session : Session or DataDirectory, optional
        What is shown; by default the session of this user's data directory, of whatever process.

    Returns
    -------
    LivePlot
        Keep it, to `close` it.

    Raises
    ------
    BadInputError
        When this is no IPython.

    Examples
    --------
    ::

        plot = live_plot(session)
        RE(two_pulse(rig, trials=6))
    """
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        raise BadInputError("live_plot() shows nothing here; call it in IPython or Jupyter")
    given: Any = getattr(session, "data_directory", session)
    directory = default_data_directory() if given is None else given
    if getattr(shell, "kernel", None) is None:
        return LivePlot(directory, None)
    return LivePlot(directory, _display_in_cell())


def _display_in_cell() -> Callable[[bytes], None]:
    """Return what shows a picture in this cell in place of the one before."""
    from IPython.display import Image, display

    shown: Any = display({"text/plain": "waiting for the session"}, raw=True, display_id=True)
    return lambda data: shown.update(Image(data))
