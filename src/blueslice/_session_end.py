"""How a session ends: dark first, then its run, then all that it has open."""

import atexit
import contextlib
import logging
import threading
from types import TracebackType
from typing import Self

from bluesky import RunEngine

from blueslice._closing import Closing
from blueslice._end_run import end_run
from blueslice._failures import failures, still_on_error
from blueslice._signals import process_end
from blueslice.callbacks import Journal
from blueslice.errors import StillOnError
from blueslice.rig import Rig

__all__ = ["SessionEnd"]

logger = logging.getLogger(__name__)

# What a plan may take to clean up when the session is closed in its middle; the second when the
# process ends, which has let the plan do that already.
_RUN_ENDS_S, _IN_HASTE_S = 30.0, 5.0


class SessionEnd:
    """The part of `blueslice.session.Session` that closes it, whoever asks for that.

    Attributes
    ----------
    closed : threading.Event
        Set when all is closed.
    is_closing : bool
        Whether it is being closed.
    """

    RE: RunEngine
    rig: Rig
    journal: Journal

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.is_closing = False
        self._closing = Closing()
        self._close_lock = threading.RLock()

    def _register_end(self) -> None:
        """Make going dark the first step of closing, and closing a part of the process's end."""
        self._closing.callback(lambda: self._closing.note(self._end_last_run()))
        atexit.register(self._close_at_exit)
        process_end.add(self)

    def end_run(
        self,
        reason: str,
        *,
        run_s: float = _RUN_ENDS_S,
        dark_s: float | None = None,
        hurry: threading.Event | None = None,
    ) -> list[BaseException]:
        """Go dark and abort the run that is going on, if any; from any thread.

        Parameters
        ----------
        reason : str
            For the stop document.
        run_s, dark_s : float
            How long to wait until the plan has cleaned up, and for the instruments.
        hurry : threading.Event, optional
            When it is set, the plan is waited for no longer.

        Returns
        -------
        list of BaseException
            What may still be on, and what else failed that no call of the RunEngine raises.
        """
        return end_run(
            self.RE, self.rig, self.journal, reason, run_s=run_s, dark_s=dark_s, hurry=hurry
        )

    def _end_last_run(self) -> list[BaseException]:
        how = "while paused" if str(self.RE.state) == "paused" else "while it ran"
        reason = process_end.reason or f"the session was closed {how}"
        return self.end_run(reason, run_s=_IN_HASTE_S if process_end.is_due else _RUN_ENDS_S)

    def close(self) -> None:
        """Go dark, end the run, let everything arrive, then let go of the data directory.

        A run that is paused, or goes on in another thread, is aborted. It may be repeated.

        Raises
        ------
        BluesliceError
            What failed, in one error; first what may still be on.
        SystemExit
            When the process is ending, such as by SIGTERM.
        """
        with self._close_lock:
            self.is_closing = True
            try:
                self._closing.close()
            except Exception as error:
                if process_end.is_due:
                    logger.critical("%s", error)
                raise
            finally:
                self.is_closing = False
                atexit.unregister(self._close_at_exit)
                process_end.remove(self)
                self.closed.set()
                process_end.leave()

    def _close_at_exit(self) -> None:
        with contextlib.suppress(SystemExit):
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except Exception as late:
            if error is None:
                raise
            on = [cause for cause in failures(late) if isinstance(cause, StillOnError)]
            told = still_on_error(on, error) if on else error
            if isinstance(error, SystemExit):
                logger.critical("%s", late)
            elif told is not error:
                raise told from error
            # What failed first is what its user has to know of.
            error.add_note(f"closing the session failed too: {late}")
