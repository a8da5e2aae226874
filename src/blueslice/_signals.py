"""SIGTERM, a terminal that is gone, a closed console window: the process ends in the dark."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from blueslice._console_events import watch_console
from blueslice._lost_output import drop_lost_output
from blueslice._main_thread import end_prompt, interrupt_main
from blueslice._signal_pipe import SignalPipe

__all__ = ["EndsInTheDark", "ProcessEnd", "process_end"]

logger = logging.getLogger(__name__)

# What ends a process that does nothing about it. Ctrl-C does not: it pauses the run.
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
# So long each: until the instruments are dark, until the plan has cleaned up, until the main thread
# takes note, and until all is closed.
_DARK_S, _RUN_S, _LEAVE_S, _CLOSE_S = 2.0, 15.0, 3.0, 20.0
# After a second signal; whoever sends it waits no longer.
_HURRY_S = 1.0
_LOOK_S, _AGAIN_S = 0.05, 0.2


class EndsInTheDark(Protocol):
    """What is ended with the process; `blueslice.session.Session` is one."""

    closed: threading.Event
    is_closing: bool

    def end_run(
        self, reason: str, *, run_s: float, dark_s: float | None, hurry: threading.Event | None
    ) -> list[BaseException]:
        """Go dark and end the run; return what failed."""
        ...

    def close(self) -> None:
        """Close everything."""
        ...


class ProcessEnd:
    """Ends this process in the dark when a signal asks for that.

    A thread of its own goes dark and ends the run, which writes its stop document; then the main
    thread is left by SystemExit with 128 and the signal's number, so that everything is closed. If
    that does not come to an end, the thread closes the sessions and ends the process itself.

    An earlier handler of the user's own is called instead of leaving, once the run is ended. A
    signal that was ignored before, as ``nohup`` does, is ignored still.

    Attributes
    ----------
    reason : str
        Why the process ends, for stop documents; empty while it does not.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        """Know of nothing yet; a forked child begins anew, without what its parent has."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._sessions: list[EndsInTheDark] = []
        # The handlers of the signals that are watched, as they were before.
        self._before: dict[int, Any] = {}
        self._pipe: SignalPipe | None = None
        self._signal = 0  # that this process ends by; 0 while it does not
        self.reason = ""
        self._is_main_due, self._main_called = False, threading.Event()
        self._left, self._hurry = threading.Event(), threading.Event()
        self._unwatch_console: Callable[[], None] | None = None

    def add(self, session: EndsInTheDark) -> None:
        """End this session too; the first that is made in the main thread sets the handlers."""
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            self._sessions.append(session)
            if self._unwatch_console is None:
                self._unwatch_console = watch_console(self.end_at_once)
            if threading.current_thread() is threading.main_thread() and not self._before:
                self._watch()

    def remove(self, session: EndsInTheDark) -> None:
        """Forget a session that is closed; with the last one the handlers are as before."""
        with self._lock:
            if session in self._sessions:
                self._sessions.remove(session)
            if self._sessions:
                return
            if self._unwatch_console is not None and not self._signal:
                self._unwatch_console()
                self._unwatch_console = None
            if threading.current_thread() is threading.main_thread():
                self._unwatch()

    @property
    def is_due(self) -> bool:
        """Whether the process is ending by a signal."""
        return bool(self._signal)

    def leave(self) -> None:
        """Raise SystemExit in the main thread if the process is ending.

        Raises
        ------
        SystemExit
            With 128 and the signal's number.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if self._signal and is_main and not callable(self._before.get(self._signal)):
            self._left.set()
            end_prompt()
            raise SystemExit(128 + self._signal)

    def attach(self) -> None:
        """Hear of signals at once from now on, whatever the main thread waits for."""
        if self._pipe is not None and self._before:
            self._pipe.attach()

    def give_back(self) -> None:
        """Undo `attach` where another event loop had the signals."""
        if self._pipe is not None:
            self._pipe.give_back()

    def end_at_once(self, reason: str, total_s: float) -> None:
        """Go dark, end the runs and close, in this thread and in so many seconds.

        For an event after which the system itself ends the process.
        """
        end_s = time.monotonic() + total_s
        self._signal, self.reason = self._signal or int(signal.SIGTERM), reason
        self._end_runs(dark_s=total_s / 8, run_s=total_s / 4, limit_s=0.75 * total_s)
        self._close(max(0.0, end_s - time.monotonic()))

    def _watch(self) -> None:
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            before = signal.SIG_IGN if number is None else signal.getsignal(number)
            if number is not None and before not in (signal.SIG_IGN, None):
                signal.signal(number, self._handle)
                self._before[int(number)] = before
        self._pipe = self._pipe or SignalPipe(self._receive)
        self._pipe.attach()

    def _unwatch(self) -> None:
        if self._pipe is not None and not self._signal:
            self._pipe.detach()
        for number, before in self._before.items():
            if signal.getsignal(number) == self._handle:
                # While Python ends, another signal would change the exit code, and nothing else.
                is_ending = self._signal and not callable(before)
                signal.signal(number, signal.SIG_IGN if is_ending else before)
        if not self._signal:
            self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: called in the main thread, between any two of its instructions."""
        before = self._before.get(number, signal.SIG_DFL)
        is_child = os.getpid() != self._pid
        if self._is_main_due and not is_child:
            self._is_main_due = False
            self._main_called.set()
            if callable(before):
                before(number, frame)
            elif any(session.is_closing for session in self._sessions):
                self._left.set()  # which leaves the main thread at its end
            elif not self._left.is_set():
                self.leave()
        elif (self._signal or self._sessions) and not is_child:
            if self._pipe is not None:
                self._pipe.note(number)
        elif callable(before):
            before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _receive(self, number: int) -> None:
        """Take a signal; in the thread of the pipe."""
        if signal.getsignal(number) != self._handle:
            return  # somebody else's
        if self._signal:
            self._hurry.set()
        elif self._sessions:
            self._signal, self.reason = number, f"ended by {signal.Signals(number).name}"
            threading.Thread(
                target=self._end, args=(number,), name="blueslice-end", daemon=True
            ).start()

    def _end(self, number: int) -> None:
        try:
            # At most: going dark twice, through the devices and then through their drivers.
            limit_s = 4 * (_DARK_S + 1.0) + _RUN_S
            self._end_runs(dark_s=_DARK_S, run_s=_RUN_S, limit_s=limit_s)
            logger.warning("%s; what was completed is kept", self.reason)
        except Exception:
            logger.exception("the runs were not ended in an orderly way")
        self._call_main(number)
        if callable(self._before.get(number)):
            self._signal, self.reason = 0, ""
            self._hurry.clear()
            return
        self._wait(self._left, _LEAVE_S)
        if self._left.is_set():
            # Python ends meanwhile, and this thread with it.
            self._wait(threading.Event(), _CLOSE_S)
        self._close(_LEAVE_S)
        os._exit(128 + number)

    def _call_main(self, number: int) -> None:
        """Let the main thread handle the signal; again until it does, for it may begin to wait."""
        self._main_called.clear()
        self._is_main_due = True
        end_s = time.monotonic() + _LEAVE_S
        while time.monotonic() < end_s:
            if self._pipe is not None:
                self._pipe.expect(number)
            interrupt_main(number)
            if self._main_called.wait(_AGAIN_S):
                return

    def _end_runs(self, *, dark_s: float, run_s: float, limit_s: float) -> None:
        def end(session: EndsInTheDark) -> None:
            met = session.end_run(self.reason, run_s=run_s, dark_s=dark_s, hurry=self._hurry)
            for error in met:
                logger.critical("%s", error)

        self._each(end, limit_s)

    def _close(self, limit_s: float) -> None:
        def close(session: EndsInTheDark) -> None:
            with contextlib.suppress(SystemExit):
                session.close()

        self._each(close, limit_s)

    def _each(self, act: Callable[[EndsInTheDark], None], limit_s: float) -> None:
        """Do something to each session, in a thread of its own, and wait so long at most."""
        threads = [
            threading.Thread(target=act, args=(session,), name="blueslice-end", daemon=True)
            for session in list(self._sessions)
        ]
        drop_lost_output()
        for thread in threads:
            thread.start()
        end_s = time.monotonic() + limit_s
        while any(thread.is_alive() for thread in threads) and time.monotonic() < end_s:
            for thread in threads:
                thread.join(_LOOK_S)
            drop_lost_output()

    def _wait(self, event: threading.Event, limit_s: float) -> None:
        """Wait for something; in a hurry not for long."""
        end_s = time.monotonic() + limit_s
        while not event.wait(_LOOK_S) and time.monotonic() < end_s:
            drop_lost_output()
            if self._hurry.is_set():
                event.wait(_HURRY_S)
                return


process_end = ProcessEnd()
