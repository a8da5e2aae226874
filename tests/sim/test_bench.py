"""The bench: instruments that act on each other, on one clock, whoever comes in between."""

import threading
from collections.abc import Mapping

import numpy as np
import pytest

from blueslice.devices import Sensor
from blueslice.errors import InstrumentError
from blueslice.sim import (
    FastPace,
    ManualPace,
    PlayedTrial,
    VirtualAmplifier,
    VirtualBench,
    VirtualCamera,
    VirtualLedPair,
    VirtualPerfusion,
    VirtualRest,
    VirtualStimulator,
    VirtualTrialClock,
    instruments,
)
from blueslice.sim.bath import CONTROL_BATH
from blueslice.trial import Pulse

RATE_HZ, FRAMES, SAMPLES = 500.0, 20, 4


class Source:
    """Plays frame k as k, notes the wiring, and may be held up while it computes."""

    def __init__(self):
        self.sensor = Sensor(2, 3, "source")
        self.sample_rate_Hz = SAMPLES * RATE_HZ
        self.channels: Mapping[str, str] = {"voltage": "mV"}
        self.played = []
        self.computing, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def check(self, trial):
        pass

    def dark_frame(self, index):
        return np.full((2, 3), index, np.float32)

    def play(self, wiring, index):
        self.played.append((wiring, index))
        self.computing.set()
        assert self.go_on.wait(10)
        counter = np.arange(wiring.frame_count)
        frames = np.broadcast_to(counter.astype(np.uint16)[:, None, None], (len(counter), 2, 3))
        line = np.zeros((wiring.frame_count, SAMPLES), np.float32)
        return PlayedTrial(frames, counter, {"voltage": line})


class WatchedPace(ManualPace):
    """Says when somebody is about to wait, with the bench's lock held."""

    def __init__(self):
        super().__init__()
        self.waiting = threading.Event()

    def wait(self, condition, timeout_s):
        self.waiting.set()
        super().wait(condition, timeout_s)


class Bench:
    def __init__(self, pace=None):
        self.pace = pace or WatchedPace()
        self.source = Source()
        self.bench = VirtualBench(self.source, self.pace)
        self.camera, self.amplifier = VirtualCamera(self.bench), VirtualAmplifier(self.bench)
        self.leds, self.stimulator = VirtualLedPair(self.bench), VirtualStimulator(self.bench)
        self.clock = VirtualTrialClock(self.bench)
        self.perfusion, self.rest = VirtualPerfusion(self.bench), VirtualRest(self.bench)

    def load(self, trial=0, order=(1, 2)):
        self.camera.arm(FRAMES, 0.0018, trial)
        self.amplifier.arm(FRAMES, SAMPLES, trial)
        self.clock.load(RATE_HZ, FRAMES)
        self.leds.program(FRAMES, order, 0.0018)
        return self

    def start(self, **more):
        self.load(**more)
        self.clock.start()
        return self

    def read(self, timeout_s=0.001):
        """Return the numbers of the frames that are there; the trial must not be over."""
        block = self.camera.read_frames(timeout_s)
        assert block is not None
        return block.counter.tolist()

    def counters(self):
        blocks = iter(lambda: self.camera.read_frames(0.001), None)
        return [block.counter.tolist() for block in blocks if len(block.counter)]


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()

    def result():
        thread.join(5)
        assert not thread.is_alive(), "the call has not ended"
        return results[0]

    return result


def test_the_wiring_is_what_the_instruments_were_told():
    bench = Bench().load(trial=3, order=(2, 1))
    pulse = Pulse(onset_s=0.01)
    bench.stimulator.program([pulse])
    bench.clock.start()
    wiring, index = bench.source.played[0]
    assert index == 3
    assert (wiring.frame_rate_Hz, wiring.frame_count) == (RATE_HZ, FRAMES)
    assert (wiring.exposure_s, wiring.samples_per_frame) == (0.0018, SAMPLES)
    assert (wiring.led_order, wiring.led_exposure_s) == ((2, 1), 0.0018)
    assert wiring.pulses == (pulse,)
    assert wiring.excitation.tolist() == [2, 1] * 10


def test_a_trial_is_told_the_time_of_the_experiment_and_the_bath_of_that_time():
    bench = Bench()
    bench.pace.advance(5.0)
    bench.start()
    bench.perfusion.select("1 Mg ACSF + 5 uM CNQX")
    bench.pace.advance(60.0 + 90.0)
    bench.start()
    first, second = (wiring for wiring, _ in bench.source.played)
    assert (first.started_s, second.started_s) == (5.0, 155.0)
    assert first.bath == CONTROL_BATH
    assert second.bath.drugs_uM["CNQX"] == pytest.approx(5 * (1 - np.exp(-1)))
    assert second.bath == bench.bench.bath.at(155.0)


def test_a_fast_experiment_lasts_as_long_as_its_trials_and_rests():
    bench = Bench(FastPace())
    length_s = FRAMES / RATE_HZ
    for rest_s in (30.0, 600.0, 0.0):
        bench.start()
        until_s = bench.rest.now_s() + rest_s
        bench.rest.start(until_s)
        assert bench.rest.wait(0) is True
    started_s = [wiring.started_s for wiring, _ in bench.source.played]
    assert started_s == pytest.approx([0.0, 30.0 + length_s, 630.0 + 2 * length_s])
    assert bench.rest.now_s() == pytest.approx(630.0 + 3 * length_s)


def test_a_fast_trial_that_is_stopped_before_it_starts_takes_no_time():
    bench = Bench(FastPace()).load()
    bench.source.go_on.clear()
    started = in_thread(bench.clock.start)
    assert bench.source.computing.wait(5)
    bench.clock.stop()
    bench.source.go_on.set()
    started()
    assert bench.rest.now_s() == 0


@pytest.mark.parametrize("late_s", [0.0, 1e3 / 3, 1e6 / 7])
def test_late_in_a_fast_experiment_no_frame_and_no_light_is_lost(late_s):
    bench = Bench(FastPace())
    bench.rest.start(late_s)
    bench.start()
    assert bench.clock.wait(0) is True
    assert bench.counters() == [[*range(FRAMES)]]
    assert bench.leds.light_s() == pytest.approx((0.018, 0.018))
    bench.clock.stop()
    assert bench.leds.light_s() == pytest.approx((0.018, 0.018))


def test_what_is_not_armed_or_programmed_takes_no_part():
    bench = Bench()
    bench.clock.load(RATE_HZ, FRAMES)
    bench.clock.start()
    wiring, _ = bench.source.played[0]
    assert (wiring.exposure_s, wiring.samples_per_frame, wiring.pulses) == (0, 0, ())
    assert not wiring.excitation.any()
    assert bench.read() == []


def test_at_fast_pace_a_trial_is_there_at_once():
    bench = Bench(FastPace()).start()
    assert bench.clock.wait(0) is True
    assert bench.counters() == [[*range(FRAMES)]]
    assert bench.leds.light_s() == pytest.approx((0.018, 0.018))
    assert bench.bench.lit_now() == 0


def test_frames_come_in_blocks_of_10_ms():
    bench = Bench().start()
    bench.pace.advance(0.009)
    assert bench.read(0.0) == [0, 1, 2, 3]
    bench.pace.advance(0.011)
    assert bench.read(5) == [4, 5, 6, 7, 8, 9]


def test_a_large_trial_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(instruments, "BLOCK_BYTES", 3 * 12 + 1)
    bench = Bench(FastPace()).start()
    assert bench.counters() == [[*range(k, min(k + 3, FRAMES))] for k in range(0, FRAMES, 3)]


@pytest.mark.parametrize("frame", [1, 7, 11, 13, 19])
@pytest.mark.parametrize("rate_Hz", [500.0, 300.0, 1000 / 3])
def test_no_frame_is_lost_to_rounding(frame, rate_Hz):
    # 29 / 500 Hz * 500 Hz is less than 29 in binary; stopped or not makes no difference.
    bench = Bench()
    bench.camera.arm(FRAMES, 0.001)
    bench.clock.load(rate_Hz, FRAMES)
    bench.clock.start()
    bench.pace.advance(frame / rate_Hz)
    play = bench.bench._play
    assert play is not None
    assert bench.bench.ticks(play) == (frame, False)
    bench.clock.stop()
    assert bench.bench.ticks(play) == (frame, True)


@pytest.mark.parametrize(
    ("started", "call", "end"),
    [
        (False, lambda b: b.camera.read_frames(30), lambda b: b.camera.stop()),
        (False, lambda b: b.amplifier.read_samples(30), lambda b: b.amplifier.stop()),
        (True, lambda b: b.camera.read_frames(30), lambda b: b.camera.stop()),
        (True, lambda b: b.camera.read_frames(30), lambda b: b.clock.stop()),
        (True, lambda b: b.amplifier.read_samples(30), lambda b: b.leds.off()),
        (True, lambda b: not b.clock.wait(30), lambda b: b.stimulator.disarm()),
    ],
)
def test_a_call_that_really_blocks_is_ended(started, call, end):
    bench = Bench().load()
    if started:
        # So slow that nothing is due while the test runs: only a notification can end the call.
        bench.clock.load(0.01, FRAMES)
        bench.clock.start()
    result = in_thread(lambda: call(bench))
    assert bench.pace.waiting.wait(5)
    end(bench)
    assert not result()


def test_a_blocked_read_wakes_when_the_trial_begins_and_goes_on():
    bench = Bench().load()
    result = in_thread(lambda: bench.camera.read_frames(30))
    assert bench.pace.waiting.wait(5)
    bench.clock.start()
    bench.pace.advance(0.010)
    assert result().counter.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "interrupt",
    [
        lambda b: b.clock.stop(),
        lambda b: b.clock.load(RATE_HZ, FRAMES),
        lambda b: b.leds.off(),
        lambda b: b.stimulator.disarm(),
    ],
    ids=["clock stopped", "clock loaded again", "LEDs off", "stimulator disarmed"],
)
def test_nothing_starts_that_was_ended_while_the_trial_was_computed(interrupt):
    bench = Bench().load()
    bench.stimulator.program([Pulse(onset_s=0.01)])
    bench.source.go_on.clear()
    started = in_thread(bench.clock.start)
    assert bench.source.computing.wait(5)
    interrupt(bench)
    bench.source.go_on.set()
    started()
    bench.pace.advance(1.0)
    assert bench.leds.light_s() == (0, 0)
    assert bench.bench._play is None
    assert bench.read() == []


def test_the_led_of_this_moment():
    bench = Bench().start()
    seen = []
    for step_s in (0, 0.0017, 0.0002, 0.0002, 0.0018):
        bench.pace.advance(step_s)
        seen.append(bench.bench.lit_now())
    assert seen == [1, 1, 0, 2, 0]
    bench.leds.off()
    assert bench.bench.lit_now() == 0


def test_loading_the_clock_ends_a_trial_that_still_runs():
    bench = Bench().start()
    bench.pace.advance(0.01)
    bench.clock.load(RATE_HZ, FRAMES)
    bench.pace.advance(1.0)
    assert bench.counters() == [[0, 1, 2, 3, 4]]


def test_a_clock_without_a_trial_is_not_started():
    with pytest.raises(InstrumentError, match="prepare it before kickoff"):
        Bench().clock.start()
