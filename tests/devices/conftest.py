"""The backends that the contract suite runs on: a new driver adds one factory to `BACKENDS`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blueslice.analysis import prove_excitation
from blueslice.devices import (
    AmplifierBackend,
    CameraBackend,
    LedPairBackend,
    PerfusionBackend,
    RestBackend,
    StimulatorBackend,
    TrialClockBackend,
)
from blueslice.indicators import pair
from blueslice.recordings import Recording, read_recording
from blueslice.sim import (
    ManualPace,
    ReplaySource,
    SimulatedSlice,
    TrialSource,
    VirtualAmplifier,
    VirtualBench,
    VirtualCamera,
    VirtualLedPair,
    VirtualPerfusion,
    VirtualRest,
    VirtualStimulator,
    VirtualTrialClock,
)
from blueslice.trial import Trial, paired_pulses

LONG_S = 30.0  # how long a blocked call may block; nothing here waits so long unless it is broken


@dataclass
class Played:
    """What came of one trial."""

    dark: np.ndarray
    blocks: list[Any]
    samples: list[Any]

    @property
    def frames(self):
        return np.concatenate([block.frames for block in self.blocks])

    @property
    def counter(self):
        return np.concatenate([block.counter for block in self.blocks])

    def channel(self, name):
        return np.concatenate([block.channels[name] for block in self.samples])


@dataclass
class RigUnderTest:
    """Backends that are wired to each other, and what may be asked of them.

    `trial` is one that they can play, with light and with pulses. `let_pass` lets so many
    seconds of a trial go by: it moves virtual time on, or waits, with real instruments.
    `recorded` means that every trial comes out as it was recorded, whatever is asked for.
    """

    camera: CameraBackend
    amplifier: AmplifierBackend
    led_pair: LedPairBackend
    stimulator: StimulatorBackend
    clock: TrialClockBackend
    rest: RestBackend
    perfusion: PerfusionBackend | None
    trial: Trial
    let_pass: Callable[[float], None]
    led_threshold_V: float = 2.5
    stimulus_threshold_V: float = 2.5
    recorded: bool = False

    @property
    def samples_per_frame(self) -> int:
        return round(self.amplifier.sample_rate_Hz / self.trial.frame_rate_Hz)

    def connect(self):
        for backend in (
            *(self.camera, self.amplifier, self.led_pair, self.stimulator, self.clock),
            *(self.rest, *([] if self.perfusion is None else [self.perfusion])),
        ):
            backend.connect()
        return self

    def load(self, trial: Trial | None = None, *, place: int = 0):
        """Arm and program everything for a trial, as a plan does; returns the dark frame."""
        trial = trial or self.trial
        dark = self.camera.arm(trial.frame_count, trial.exposure_s, place)
        self.amplifier.arm(trial.frame_count, self.samples_per_frame, place)
        self.clock.load(trial.frame_rate_Hz, trial.frame_count)
        self.led_pair.program(trial.frame_count, trial.excitation_order, trial.exposure_s)
        self.stimulator.program(trial.delivered_pulses)
        return dark

    def read_all(self, dark=None) -> Played:
        """Read camera and amplifier until both say that the trial is over."""
        blocks = list(iter(lambda: self.camera.read_frames(LONG_S), None))
        samples = list(iter(lambda: self.amplifier.read_samples(LONG_S), None))
        return Played(np.zeros(0) if dark is None else dark, blocks, samples)

    def play(self, trial: Trial | None = None, *, place: int = 0) -> Played:
        """Play a whole trial."""
        dark = self.load(trial, place=place)
        self.clock.start()
        self.let_pass((trial or self.trial).duration_s)
        return self.read_all(dark)

    def start_half(self, *, place: int = 0):
        """Play the first half of a trial."""
        self.load(place=place)
        self.clock.start()
        self.let_pass(self.trial.frame_count // 2 / self.trial.frame_rate_Hz)

    def excitation(self, played: Played):
        """Return the LED that the monitor lines prove for each frame."""
        lines = np.stack([played.channel(f"led_{n}") for n in (1, 2)])
        return prove_excitation(
            lines,
            threshold_V=self.led_threshold_V,
            frame_rate_Hz=self.trial.frame_rate_Hz,
            exposure_s=self.trial.exposure_s,
        )

    def pulse_onsets_s(self, played: Played):
        """Return when the stimulus line rises."""
        high = played.channel("stimulus").ravel() > self.stimulus_threshold_V
        return np.flatnonzero(np.diff(high, prepend=False) & high) / self.amplifier.sample_rate_Hz

    @staticmethod
    def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
        """Begin a call that blocks; what is returned waits for its result."""
        begun, results = threading.Event(), []

        def call():
            begun.set()
            results.append(function())

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        begun.wait(5)

        def result():
            thread.join(5)
            assert not thread.is_alive(), "the blocked call has not ended"
            return results[0]

        return result


def make_recording(order=(1, 2), *, frame_count=20, samples=8, shape=(4, 6), onset=7) -> Recording:
    """Make a recording at 500 Hz in which frame k counts 1000 + k, with one pulse in it."""
    led = np.resize(order, frame_count)
    lit = np.arange(samples) < samples * 0.9
    lines = {f"led_{n}": 0.7 * ((led == n)[:, None] & lit) for n in (1, 2)}
    lines["voltage"] = np.full((frame_count, samples), -68.0)
    lines["stimulus"] = np.zeros((frame_count, samples))
    lines["stimulus"][onset, 2:4] = 0.8
    pixels = np.ones(shape, np.uint16)
    return Recording(
        path=Path("made.da"),
        camera="none",
        taken_at=None,
        frames=(1000 + np.arange(frame_count, dtype=np.uint16))[:, None, None] * pixels,
        dark=900 * pixels,
        counter=np.arange(frame_count, dtype=np.int64),
        frame_interval_s=0.002,
        exposure_s=0.0018,
        channels={name: line.astype(np.float32) for name, line in lines.items()},
        led_threshold_V=0.36,
        stimulus_threshold_V=0.4,
    )


def _virtual(source: TrialSource, trial: Trial, **more: Any) -> RigUnderTest:
    pace = ManualPace()
    bench = VirtualBench(source, pace)
    return RigUnderTest(
        VirtualCamera(bench),
        VirtualAmplifier(bench),
        VirtualLedPair(bench),
        VirtualStimulator(bench),
        VirtualTrialClock(bench),
        VirtualRest(bench),
        # No bath can be chosen for what is recorded already.
        None if more.get("recorded") else VirtualPerfusion(bench),
        trial,
        pace.advance,
        **more,
    )


def _replay(recordings: list[Recording]) -> RigUnderTest:
    first = recordings[0]
    return _virtual(
        ReplaySource(recordings),
        first.trial,
        led_threshold_V=first.led_threshold_V,
        stimulus_threshold_V=first.stimulus_threshold_V,
        recorded=True,
    )


def simulated(request: pytest.FixtureRequest) -> RigUnderTest:
    source = SimulatedSlice(4, pair("bis-fura-2+ANG-2"), 24, 30)
    return _virtual(source, Trial(frame_count=40, pulses=paired_pulses(onset_s=0.02)))


def replayed(request: pytest.FixtureRequest) -> RigUnderTest:
    return _replay([make_recording(), make_recording()])


def replayed_real(request: pytest.FixtureRequest) -> RigUnderTest:
    folder: Path = request.getfixturevalue("recordings")
    return _replay([read_recording(folder / f"70127A10{n}.da") for n in (1, 3)])


# A hardware driver is added here: a function that returns its `RigUnderTest`, or skips when the
# instrument is not there.
BACKENDS = (simulated, replayed, replayed_real)


@pytest.fixture(params=BACKENDS, ids=lambda factory: factory.__name__)
def rig(request: pytest.FixtureRequest) -> RigUnderTest:
    return request.param(request).connect()
