"""The virtual bench's instruments, one per backend Protocol of `blueslice.devices`."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.devices import FrameBlock, SampleBlock, Sensor
from blueslice.sim.bench import VirtualBench
from blueslice.trial import Pulse, Trial

__all__ = [
    "VirtualAmplifier",
    "VirtualCamera",
    "VirtualLedPair",
    "VirtualPerfusion",
    "VirtualRest",
    "VirtualStimulator",
    "VirtualTrialClock",
]

# Frames are handed over in blocks of this length, so that a reader is not woken for each frame.
BLOCK_S = 0.010
# At most this much at a time, so that a large trial does not stand in memory twice.
BLOCK_BYTES = 64 << 20


class _Virtual:
    """An instrument of the bench."""

    def __init__(self, bench: VirtualBench) -> None:
        self.bench = bench

    def connect(self) -> None:
        """Nothing has to be found."""


class VirtualCamera(_Virtual):
    """The bench's camera."""

    @property
    def sensor(self) -> Sensor:
        """The picture."""
        return self.bench.source.sensor

    def arm(self, frame_count: int, exposure_s: float, trial: int = 0) -> NDArray[np.float32]:
        """Take a dark frame and be ready."""
        self.bench.camera_exposure_s = exposure_s
        dark = self.bench.source.dark_frame(trial)
        with self.bench.condition:
            self.bench.camera.arm(trial)
        return dark

    def read_frames(self, timeout_s: float) -> FrameBlock | None:
        """Return the frames that have come since the last call."""
        reader = self.bench.camera
        found = self.bench.wait_for_ticks(reader, BLOCK_S, timeout_s)
        if found is None:
            return None
        play, ticks = found
        if not play.wiring.frame_count:
            sensor = self.sensor
            nothing = np.zeros((0, sensor.rows, sensor.columns), np.uint16)
            return FrameBlock(nothing, np.zeros(0, np.int64))
        trial = play.trial
        first, last = np.searchsorted(trial.counter, (reader.position, ticks))
        most = max(1, BLOCK_BYTES // max(1, trial.frames[:1].nbytes))
        if last - first > most:
            # A frame that was stored twice is given twice in one block, or its place is not left.
            ticks = int(trial.counter[first + most - 1]) + 1
            last = np.searchsorted(trial.counter, ticks)
        self.bench.advance(reader, ticks)
        return FrameBlock(trial.frames[first:last], trial.counter[first:last])

    def stop(self) -> None:
        """Get nothing more."""
        with self.bench.condition:
            self.bench.camera.stop()
            self.bench.condition.notify_all()


class VirtualAmplifier(_Virtual):
    """The bench's patch amplifier."""

    @property
    def sample_rate_Hz(self) -> float:
        """Samples per second."""
        return self.bench.source.sample_rate_Hz

    @property
    def channels(self) -> Mapping[str, str]:
        """Channels and units."""
        return self.bench.source.channels

    @property
    def clamp(self) -> str | None:
        """What is held; None where the source of the trials does not tell."""
        return getattr(self.bench.source, "clamp", None)

    def arm(self, frame_count: int, samples_per_frame: int, trial: int = 0) -> None:
        """Be ready."""
        self.bench.samples_per_frame = samples_per_frame
        with self.bench.condition:
            self.bench.amplifier.arm(trial)

    def read_samples(self, timeout_s: float) -> SampleBlock | None:
        """Return the samples of whole frames since the last call."""
        reader = self.bench.amplifier
        found = self.bench.wait_for_ticks(reader, BLOCK_S, timeout_s)
        if found is None:
            return None
        play, ticks = found
        first = reader.position
        if not play.wiring.frame_count:
            empty = np.zeros((0, max(1, self.bench.samples_per_frame)), np.float32)
            return SampleBlock(dict.fromkeys(self.channels, empty))
        self.bench.advance(reader, ticks)
        return SampleBlock(
            {name: values[first:ticks] for name, values in play.trial.channels.items()}
        )

    def stop(self) -> None:
        """Get nothing more."""
        with self.bench.condition:
            self.bench.amplifier.stop()
            self.bench.condition.notify_all()


class VirtualLedPair(_Virtual):
    """The bench's LEDs."""

    def program(self, frame_count: int, order: Sequence[int], exposure_s: float) -> None:
        """Be ready to light the frames."""
        self.bench.program_leds(order, exposure_s)

    def light_s(self) -> tuple[float, float]:
        """Return the light given in the last trial."""
        return self.bench.light_s()

    def off(self) -> None:
        """Go dark."""
        self.bench.darken()


class VirtualStimulator(_Virtual):
    """The bench's stimulator."""

    def program(self, pulses: Sequence[Pulse]) -> None:
        """Be ready to give the pulses."""
        self.bench.program_pulses(pulses)

    def disarm(self) -> None:
        """Give nothing."""
        self.bench.disarm()


class VirtualTrialClock(_Virtual):
    """The bench's frame clock."""

    def check(self, trial: Trial, place: int = 0) -> None:
        """Refuse what the source cannot play."""
        self.bench.source.check(trial, place)

    def load(self, frame_rate_Hz: float, frame_count: int) -> None:
        """Set the ticks."""
        self.bench.load_clock(frame_rate_Hz, frame_count)

    def start(self) -> None:
        """Start everything that is armed."""
        self.bench.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the trial."""
        return self.bench.wait_until_over(timeout_s)

    def stop(self) -> None:
        """Stop at once."""
        self.bench.stop()


class VirtualPerfusion(_Virtual):
    """The bench's bath."""

    @property
    def solutions(self) -> Mapping[str, Mapping[str, float]]:
        """The bottles, and the drugs in each in uM."""
        return {name: bottle.drugs_uM for name, bottle in self.bench.bath.solutions.items()}

    @property
    def delay_s(self) -> float:
        """Time through the dead volume."""
        return self.bench.bath.chamber.delay_s

    @property
    def exchange_s(self) -> float:
        """Time constant of the chamber."""
        return self.bench.bath.chamber.exchange_s

    def select(self, solution: str) -> None:
        """Let it flow."""
        self.bench.perfuse(solution)

    def selected(self) -> str:
        """Return what flows."""
        return self.bench.bath.flowing.name


class VirtualRest(_Virtual):
    """The bench's time."""

    def now_s(self) -> float:
        """Return the time of the experiment."""
        return self.bench.now_s()

    def start(self, until_s: float) -> None:
        """Begin to rest."""
        self.bench.time.start_rest(until_s)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the rest."""
        return self.bench.time.wait_for_rest(timeout_s)

    def stop(self) -> None:
        """End the rest."""
        self.bench.time.stop_rest()
