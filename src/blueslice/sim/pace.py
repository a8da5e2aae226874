"""How fast simulated time goes: as fast as it computes, at real pace, or as a test says."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["FastPace", "ManualPace", "Pace", "RealPace"]


class Pace(Protocol):
    """The clock of a virtual bench."""

    def now_s(self) -> float:
        """Return the time in s, from any start."""
        ...

    def elapsed_s(self, since_s: float) -> float:
        """Return how much of a trial that began at `since_s` has gone by, in s."""
        ...

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait, with `condition` held, until it is notified or `timeout_s` have gone by."""
        ...


class FastPace:
    """Every trial is over as soon as it is computed."""

    def now_s(self) -> float:
        """Return 0: no time passes."""
        return 0.0

    def elapsed_s(self, since_s: float) -> float:
        """Return infinity: all of the trial has gone by."""
        return float("inf")

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

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic

    def now_s(self) -> float:
        """Return the monotonic time in s."""
        return self._monotonic()

    def elapsed_s(self, since_s: float) -> float:
        """Return the time since then in s."""
        return self._monotonic() - since_s

    def wait(self, condition: threading.Condition, timeout_s: float) -> None:
        """Wait in real time."""
        condition.wait(timeout_s)


class ManualPace:
    """Time stands still until a test moves it on."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._conditions: set[threading.Condition] = set()

    def now_s(self) -> float:
        """Return the time that the test has set, in s."""
        return self._now_s

    def elapsed_s(self, since_s: float) -> float:
        """Return the test's time since then, in s."""
        return self._now_s - since_s

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
