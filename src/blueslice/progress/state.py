"""How far a protocol is, and how long it will still take."""

import threading
import time
from collections.abc import Callable, Sequence

from blueslice.protocols import Rehearsal

__all__ = ["ProgressState", "describe", "time_text"]


class ProgressState:
    """Counts trials and estimates the time left; told from one thread, asked from another.

    With a rehearsal the estimate is the planned time of what is left, plus what each trial so
    far took beyond its plan (a rig arms its instruments between trials), or in proportion when
    the trials are faster than planned (a simulated rig at its fast pace). Without, it is made of
    the mean times of the trials and of the rests so far.

    Parameters
    ----------
    expected : sequence of Rehearsal
        What will be run, in its order; empty when it is not known before.
    clock : callable
        Gives the time in s.
    """

    def __init__(
        self, expected: Sequence[Rehearsal] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        trials = [trial for rehearsal in expected for trial in rehearsal.trials]
        self._ends_s = [trial.ends_s for trial in trials]
        self._planned_s = expected[-1].ends_s if expected else 0.0
        self._began_s = clock()
        self.planned = bool(trials)
        self.total = len(trials)
        self.done = 0
        self._numbers: set[int] = set()  # of the present run's trials
        self.phase = trials[0].phase if trials else ""
        self._last_s = self._began_s  # when the last trial was done
        self._rest_ends_s: float | None = None
        self._rest_began_s: float | None = None
        self._rest_length_s = 0.0  # of the present rest
        self._rested_s, self._rests = 0.0, 0

    def begin_run(self, trials: int, phase: str) -> None:
        """Expect the trials of a run, unless they were rehearsed."""
        with self._lock:
            if not self.planned:
                self.total = self.done + trials
            self.phase = phase or self.phase
            self._numbers.clear()

    def end_trial(self, phase: str = "", number: int | None = None) -> None:
        """Count a trial; one of a number that the run has had is taken again after a pause."""
        with self._lock:
            if number in self._numbers:
                return
            if number is not None:
                self._numbers.add(number)
            self.done += 1
            self.total = max(self.total, self.done)
            self.phase = phase or self.phase
            self._last_s = self._clock()
            self._end_rest(self._last_s)

    def rest(self, left_s: float | None, length_s: float = 0.0) -> None:
        """Know of a rest of which so much is left now; None when it is over."""
        with self._lock:
            now_s = self._clock()
            if left_s is not None:
                if self._rest_began_s is None:
                    self._rest_began_s, self._rest_length_s = self._last_s, length_s
                self._rest_ends_s = now_s + left_s
            else:
                self._end_rest(now_s)

    def _end_rest(self, now_s: float) -> None:
        if self._rest_began_s is not None:
            self._rested_s += now_s - self._rest_began_s
            self._rests += 1
        self._rest_began_s = self._rest_ends_s = None

    @property
    def to_next_trial_s(self) -> float | None:
        """What is left of the present rest, in s; None when there is none."""
        ends_s = self._rest_ends_s
        return None if ends_s is None else max(0.0, ends_s - self._clock())

    @property
    def left_s(self) -> float | None:
        """Estimate of the time left, in s; None before anything is known of it."""
        with self._lock:
            if not self.done:
                left_s = self._planned_s - self._since(self._began_s)
                return max(0.0, left_s) if self.planned else None
            if self.planned and self.done <= len(self._ends_s):
                return max(0.0, self._planned_left_s() - self._since(self._last_s))
            return max(0.0, self._unplanned_left_s())

    def _planned_left_s(self) -> float:
        """Return what was left when the last trial was done."""
        took_s = self._last_s - self._began_s
        planned_s = self._ends_s[self.done - 1]
        left_s = self._planned_s - planned_s
        if took_s >= planned_s:
            return left_s + (took_s - planned_s) / self.done * (self.total - self.done)
        return left_s * took_s / planned_s

    def _unplanned_left_s(self) -> float:
        rest_s = self._rested_s / self._rests if self._rests else self._rest_length_s
        # The last rest may be over and its trial not yet done.
        rested_s = min(self._rested_s, rest_s * (self.done - 1))
        busy_s = (self._last_s - self._began_s - rested_s) / self.done
        trials = self.total - self.done
        if self._rest_ends_s is not None:
            return self._rest_ends_s - self._clock() + trials * busy_s + (trials - 1) * rest_s
        return trials * (busy_s + rest_s) - self._since(self._last_s)

    def _since(self, moment_s: float) -> float:
        return self._clock() - moment_s


def describe(state: ProgressState) -> str:
    """Put it into words: ``3 of 12 trials, control, next in 0:14, about 3:20 left``."""
    parts = [f"{state.done} of {state.total} trials" if state.total else "beginning"]
    if state.phase:
        parts.append(state.phase)
    if state.to_next_trial_s is not None:
        parts.append(f"next in {time_text(state.to_next_trial_s)}")
    left_s = state.left_s
    if state.total and state.done >= state.total:
        parts.append("done")
    elif left_s is not None:
        parts.append(f"about {time_text(left_s)} left")
    return ", ".join(parts)


def time_text(seconds: float) -> str:
    """Return a time as ``0:14``, or ``1:02:00`` from an hour on; rounded up to whole seconds."""
    # A hair below a whole second is that second.
    whole = int(seconds + 0.999)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}"
