"""What stands in for the instruments of devices that are connected in mock mode.

They answer at once and do nothing. A trial in mock mode has frames of zeros, which come when the
clock is started, so that plans come to their end; no instrument, real or simulated, is called.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.devices.backends import FrameBlock, SampleBlock, Sensor
from blueslice.trial import Pulse, Trial

__all__ = [
    "MockAmplifier",
    "MockCamera",
    "MockLedPair",
    "MockPerfusion",
    "MockRest",
    "MockStimulator",
    "MockTrialClock",
]


class _Mock:
    def connect(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class _Starts:
    """Counts the starts of clocks in mock mode, which nothing else connects to the detectors."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.count = 0

    def add(self) -> None:
        with self._condition:
            self.count += 1
            self._condition.notify_all()

    def wait_beyond(self, count: int, timeout_s: float) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: self.count > count, timeout_s)


_starts = _Starts()


class MockCamera(_Mock):
    """A camera of 8 x 8 pixels whose frames are zeros."""

    sensor = Sensor(8, 8, "mock")

    def __init__(self) -> None:
        self._frame_count = self._armed_at = 0

    def arm(self, frame_count: int, exposure_s: float, trial: int = 0) -> NDArray[np.float32]:
        """Return a dark frame of zeros."""
        self._frame_count, self._armed_at = frame_count, _starts.count
        return np.zeros((self.sensor.rows, self.sensor.columns), np.float32)

    def read_frames(self, timeout_s: float) -> FrameBlock | None:
        """Return all frames once a clock has started."""
        if not self._frame_count:
            return None
        started = _starts.wait_beyond(self._armed_at, timeout_s)
        count = self._frame_count if started else 0
        self._frame_count -= count
        frames = np.zeros((count, self.sensor.rows, self.sensor.columns), np.uint16)
        return FrameBlock(frames, np.arange(count))

    def stop(self) -> None:
        """Forget the trial."""
        self._frame_count = 0


class MockAmplifier(_Mock):
    """An amplifier whose channels read 0."""

    sample_rate_Hz = 20_000.0
    channels: Mapping[str, str] = {
        "voltage": "mV",
        "current": "pA",
        "stimulus": "V",
        "led_1": "V",
        "led_2": "V",
    }

    def __init__(self) -> None:
        self._shape = (0, 0)
        self._armed_at = 0

    def arm(self, frame_count: int, samples_per_frame: int, trial: int = 0) -> None:
        """Be ready."""
        self._shape, self._armed_at = (frame_count, samples_per_frame), _starts.count

    def read_samples(self, timeout_s: float) -> SampleBlock | None:
        """Return all samples once a clock has started."""
        shape = self._shape
        if not shape[0]:
            return None
        if _starts.wait_beyond(self._armed_at, timeout_s):
            self._shape = (0, 0)
        else:
            shape = (0, shape[1])
        return SampleBlock({name: np.zeros(shape, np.float32) for name in self.channels})

    def stop(self) -> None:
        """Forget the trial."""
        self._shape = (0, 0)


class MockLedPair(_Mock):
    """LEDs that stay dark."""

    def program(self, frame_count: int, order: Sequence[int], exposure_s: float) -> None:
        """Do nothing."""

    def light_s(self) -> tuple[float, float]:
        """Return that there was no light."""
        return 0.0, 0.0

    def off(self) -> None:
        """Do nothing."""


class MockStimulator(_Mock):
    """A stimulator that gives nothing."""

    def program(self, pulses: Sequence[Pulse]) -> None:
        """Do nothing."""

    def disarm(self) -> None:
        """Do nothing."""


class MockTrialClock(_Mock):
    """A clock whose trials are over at once."""

    def check(self, trial: Trial, place: int = 0) -> None:
        """Accept any trial."""

    def load(self, frame_rate_Hz: float, frame_count: int) -> None:
        """Do nothing."""

    def start(self) -> None:
        """Let the detectors have their frames."""
        _starts.add()

    def wait(self, timeout_s: float) -> bool:
        """Return that it is over."""
        return True


class _AnySolution(Mapping[str, Mapping[str, float]]):
    """Every solution there can be, none with a drug in it."""

    def __getitem__(self, name: str) -> Mapping[str, float]:
        return {}

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class MockPerfusion(_Mock):
    """A perfusion that has any solution, without a drug in it."""

    delay_s = 0.0
    exchange_s = 0.0
    solutions: Mapping[str, Mapping[str, float]] = _AnySolution()

    def __init__(self) -> None:
        self._selected = ""

    def select(self, solution: str) -> None:
        """Remember it."""
        self._selected = solution

    def selected(self) -> str:
        """Return what was chosen last."""
        return self._selected


class MockRest(_Mock):
    """A clock of the experiment that jumps over each rest."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        """Return the end of the last rest."""
        return self._now_s

    def start(self, until_s: float) -> None:
        """Let it be over."""
        self._now_s = max(self._now_s, until_s)

    def wait(self, timeout_s: float) -> bool:
        """Return that it is over."""
        return True
