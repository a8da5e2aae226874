"""The time of the experiment: it goes on in trials, in rests and, at real pace, in between."""

import threading
import time

from blueslice.sim.pace import Pace

__all__ = ["ExperimentClock"]

# The last bits of a float must not keep a rest from ending.
SAME_TIME_S = 1e-6


class ExperimentClock:
    """Time since the rig was made, and rests that are waited for in it.

    Parameters
    ----------
    pace : Pace
        How time goes.
    condition : threading.Condition
        Guards the clock; notified when a rest is over before its time.
    """

    def __init__(self, pace: Pace, condition: threading.Condition) -> None:
        self._pace = pace
        self._condition = condition
        self._made_s = pace.now_s()
        self._until_s: float | None = None

    def now_s(self) -> float:
        """Return the time of the experiment in s: 0 when the rig was made."""
        return self._pace.now_s() - self._made_s

    def start_rest(self, until_s: float) -> None:
        """Begin a rest; at a fast pace it is over at once, and its time has gone by."""
        with self._condition:
            self._until_s = until_s
            self._pace.skip(max(0.0, until_s - self.now_s()))
            self._condition.notify_all()

    def wait_for_rest(self, timeout_s: float) -> bool:
        """Wait until no rest is under way; False if one still is after `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        with self._condition:
            while True:
                if self._until_s is None:
                    return True
                due_s = self._until_s - self.now_s()
                if due_s <= SAME_TIME_S:
                    self._until_s = None
                    return True
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return False
                self._pace.wait(self._condition, min(left_s, due_s))

    def stop_rest(self) -> None:
        """End a rest; what is left of it does not go by."""
        with self._condition:
            self._until_s = None
            self._condition.notify_all()
