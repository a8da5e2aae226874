"""How fast simulated time goes: as fast as it computes, at real pace, or as a test says."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["FastPace", "ManualPace", "Pace", "RealPace"]


class Pace(Protocol):
    """The clock of a virtual bench."""

    @property
    def real_time(self) -> bool:
        """Whether a trial takes as long as it lasts."""
        ...

    def now_s(self) -> float:
        """Return the time in s, from any start."""
        ...

    def skip(self, seconds: float) -> None:
        """Be told that a trial or a rest of this length begins, over which time may jump."""
        ...

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait, with `condition` held, until it is notified or `timeout_s` have gone by."""
        ...


class FastPace:
    """Time stands still, and jumps over each trial and each rest as soon as it begins."""

    real_time = False

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        """Return the sum of all that was jumped over, in s."""
        return self._now_s

    def skip(self, seconds: float) -> None:
        """Let it be over."""
        self._now_s += seconds

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait in real time: what is waited for here is another thread, not the trial."""
        condition.wait(timeout_s)


class RealPace:
    """A trial takes as long as on the real rig.

    Parameters
    ----------
    monotonic : callable
        Gives the time in s.
    """

    real_time = True

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic

    def now_s(self) -> float:
        """Return the monotonic time in s."""
        return self._monotonic()

    def skip(self, seconds: float) -> None:
        """Do nothing: it has to be waited for."""

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait in real time."""
        condition.wait(timeout_s)


class ManualPace:
    """Time stands still until a test moves it on."""

    real_time = False

    def __init__(self) -> None:
        self._now_s = 0.0
        self._conditions: set[threading.Condition] = set()

    def now_s(self) -> float:
        """Return the time that the test has set, in s."""
        return self._now_s

    def skip(self, seconds: float) -> None:
        """Do nothing: the test says when it has gone by."""

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait until the test moves time on, or in real time for `timeout_s`."""
        self._conditions.add(condition)
        condition.wait(timeout_s)

    def advance(self, seconds: float) -> None:
        """Move time on and wake whoever waits for it."""
        self._now_s += seconds
        for condition in tuple(self._conditions):
            with condition:
                condition.notify_all()
