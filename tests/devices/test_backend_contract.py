"""What every backend of every device has to do; `blueslice.devices.backends` says it in words."""

import time

import numpy as np
import pytest

from blueslice.devices import (
    AmplifierBackend,
    CameraBackend,
    LedPairBackend,
    PerfusionBackend,
    RestBackend,
    Sensor,
    StimulatorBackend,
    TrialClockBackend,
)
from blueslice.errors import BadInputError, InstrumentError

UNITS = {"voltage": "mV", "current": "pA", "stimulus": "V", "led_1": "V", "led_2": "V"}
PROTOCOLS = {
    "camera": CameraBackend,
    "amplifier": AmplifierBackend,
    "led_pair": LedPairBackend,
    "stimulator": StimulatorBackend,
    "clock": TrialClockBackend,
    "perfusion": PerfusionBackend,
    "rest": RestBackend,
}
ENDS = {
    "camera": lambda rig: rig.camera.stop(),
    "amplifier": lambda rig: rig.amplifier.stop(),
    "clock": lambda rig: rig.clock.stop(),
    "LEDs": lambda rig: rig.led_pair.off(),
    "stimulator": lambda rig: rig.stimulator.disarm(),
    "rest": lambda rig: rig.rest.stop(),
}


def is_full_trial(rig, played):
    count = rig.trial.frame_count
    assert played.frames.shape == (count, rig.camera.sensor.rows, rig.camera.sensor.columns)
    np.testing.assert_array_equal(played.counter, np.arange(count))
    for name in rig.amplifier.channels:
        assert played.channel(name).shape == (count, rig.samples_per_frame)


@pytest.fixture
def perfused(rig):
    """Return a rig on which the bath can be chosen."""
    if rig.perfusion is None:
        pytest.skip("this rig has no perfusion")
    return rig


@pytest.mark.parametrize("name", PROTOCOLS)
def test_has_all_that_its_protocol_asks_for(rig, name):
    if name == "perfusion" and rig.perfusion is None:
        pytest.skip("this rig has no perfusion")
    assert isinstance(getattr(rig, name), PROTOCOLS[name])


def test_a_trial_gives_every_frame_once_and_in_order(rig):
    sensor = rig.camera.sensor
    assert isinstance(sensor, Sensor)
    assert sensor.model
    played = rig.play()
    is_full_trial(rig, played)
    assert {block.frames.dtype for block in played.blocks} == {np.dtype(np.uint16)}
    assert {block.counter.dtype for block in played.blocks} == {np.dtype(np.int64)}
    assert rig.camera.read_frames(0.01) is None
    assert rig.amplifier.read_samples(0.01) is None


def test_the_dark_frame_is_one_picture_darker_than_the_lit_frames(rig):
    played = rig.play()
    assert played.dark.shape == played.frames.shape[1:]
    assert played.dark.dtype == np.float32
    assert 0 < played.dark.mean() < played.frames.mean()


def test_channels_have_the_names_units_and_types_of_the_contract(rig):
    channels = dict(rig.amplifier.channels)
    assert channels == {name: UNITS[name] for name in channels}
    assert {"stimulus", "led_1", "led_2"} <= set(channels)
    played = rig.play()
    for block in played.samples:
        assert set(block.channels) == set(channels)
        assert {line.dtype for line in block.channels.values()} == {np.dtype(np.float32)}
        assert len({line.shape for line in block.channels.values()}) == 1


def test_blocks_are_not_written_to_again(rig):
    first = rig.play()
    before = [
        *(block.frames.copy() for block in first.blocks),
        *(block.channels["led_1"].copy() for block in first.samples),
    ]
    rig.play(place=1)
    after = [
        *(block.frames for block in first.blocks),
        *(block.channels["led_1"] for block in first.samples),
    ]
    for ours, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("started", [False, True])
def test_a_read_with_nothing_yet_returns_an_empty_block_in_time(rig, started):
    rig.load()
    if started:
        rig.clock.start()
    began_s = time.monotonic()
    frames, samples = rig.camera.read_frames(0.001), rig.amplifier.read_samples(0.001)
    assert time.monotonic() - began_s < 2
    picture = (rig.camera.sensor.rows, rig.camera.sensor.columns)
    assert frames is not None
    assert samples is not None
    if not started:  # real instruments may have a frame by now
        assert frames.frames.shape == (0, *picture)
        assert {line.shape for line in samples.channels.values()} == {(0, rig.samples_per_frame)}
    assert frames.frames.dtype == np.uint16
    assert len(frames.counter) == len(frames.frames)


def test_frames_come_while_the_trial_runs(rig):
    rig.start_half()
    half = rig.trial.frame_count // 2
    frames, samples = rig.camera.read_frames(5), rig.amplifier.read_samples(5)
    assert frames is not None
    assert samples is not None
    assert 0 < len(frames.frames) <= half
    lines = list(samples.channels.values())
    assert 0 < len(lines[0]) <= half
    assert all(line.shape == (len(lines[0]), rig.samples_per_frame) for line in lines)
    rig.let_pass(rig.trial.duration_s)
    rest = rig.read_all()
    assert len(frames.frames) + len(rest.frames) == rig.trial.frame_count
    assert len(lines[0]) + len(rest.channel("led_1")) == rig.trial.frame_count


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("name", ["camera", "amplifier"])
def test_stop_from_another_thread_ends_a_blocked_read(rig, name, loaded):
    if loaded:
        rig.load()
    read = {"camera": rig.camera.read_frames, "amplifier": rig.amplifier.read_samples}[name]
    result = rig.in_thread(lambda: read(30))
    ENDS[name](rig)
    assert result() is None
    assert read(30) is None


@pytest.mark.parametrize("end", ["clock", "LEDs", "stimulator"])
def test_ending_a_running_trial_ends_reads_and_the_wait(rig, end):
    rig.start_half()
    first = rig.camera.read_frames(5), rig.amplifier.read_samples(5)
    assert None not in first
    reading = rig.in_thread(lambda: rig.camera.read_frames(30))
    waiting = rig.in_thread(lambda: rig.clock.wait(30))
    ENDS[end](rig)
    reading()
    assert waiting() is True
    assert rig.clock.wait(0.001) is True
    rig.read_all()
    assert rig.camera.read_frames(0.001) is None
    assert rig.amplifier.read_samples(0.001) is None


@pytest.mark.parametrize("end", ENDS)
def test_ends_may_be_repeated_and_called_when_idle(rig, end):
    for _ in range(2):
        ENDS[end](rig)
    is_full_trial(rig, rig.play())
    for _ in range(2):
        ENDS[end](rig)


@pytest.mark.parametrize("end", ENDS)
def test_after_a_trial_was_broken_off_it_can_be_taken_again_whole(rig, end):
    rig.start_half()
    ENDS[end](rig)
    rig.clock.stop()
    played = rig.play()
    is_full_trial(rig, played)
    np.testing.assert_array_equal(rig.excitation(played), rig.trial.excitation)


def test_no_tick_follows_a_stop(rig):
    rig.start_half()
    rig.clock.stop()
    dose = rig.led_pair.light_s()
    rig.let_pass(rig.trial.duration_s)
    played = rig.read_all()
    half = rig.trial.frame_count // 2
    assert half <= len(played.frames) <= half + 1
    assert half <= len(played.channel("led_1")) <= half + 1
    assert rig.led_pair.light_s() == dose


def test_the_clock_starts_only_what_was_loaded(rig):
    with pytest.raises(InstrumentError, match="without a trial"):
        rig.clock.start()
    rig.play()
    with pytest.raises(InstrumentError, match="without a trial"):
        rig.clock.start()
    rig.load(place=1)
    rig.clock.stop()
    with pytest.raises(InstrumentError, match="prepare"):
        rig.clock.start()


def test_wait_tells_whether_the_trial_is_over(rig):
    rig.start_half()
    assert rig.clock.wait(0.001) is False
    rig.let_pass(rig.trial.duration_s)
    assert rig.clock.wait(5) is True


def test_light_is_what_was_programmed(rig):
    rig.play()
    planned = rig.trial.light_s
    assert rig.led_pair.light_s() == pytest.approx((planned[1], planned[2]))
    rig.led_pair.off()
    assert rig.led_pair.light_s() == pytest.approx((planned[1], planned[2]))
    rig.load(place=1)
    assert rig.led_pair.light_s() == (0, 0)


def test_a_trial_that_nobody_attends_to_ends_dark(rig):
    # As when the process has died after the start: no call comes any more.
    rig.load()
    rig.clock.start()
    rig.let_pass(3 * rig.trial.duration_s)
    planned = rig.trial.light_s
    assert rig.led_pair.light_s() == pytest.approx((planned[1], planned[2]))
    rig.let_pass(rig.trial.duration_s)
    assert rig.led_pair.light_s() == pytest.approx((planned[1], planned[2]))
    played = rig.read_all()
    assert len(played.frames) == rig.trial.frame_count


def test_a_stopped_trial_has_had_less_light(rig):
    rig.start_half()
    rig.clock.stop()
    half = rig.trial.excitation[: rig.trial.frame_count // 2]
    for led, light_s in zip((1, 2), rig.led_pair.light_s(), strict=True):
        so_far_s = rig.trial.exposure_s * np.sum(half == led)
        assert so_far_s <= light_s + 1e-12
        assert light_s <= so_far_s + rig.trial.exposure_s + 1e-12
        assert light_s < rig.trial.light_s[led]


def test_leds_that_were_switched_off_give_no_light(rig):
    rig.load()
    rig.led_pair.off()
    rig.clock.start()
    rig.let_pass(rig.trial.duration_s)
    played = rig.read_all()
    assert rig.led_pair.light_s() == (0, 0)
    if not rig.recorded:
        assert not rig.excitation(played).any()


@pytest.mark.parametrize("order", [(1, 2), (1, 1, 2), (2, 0), (1,)])
def test_monitor_lines_tell_which_led_lit_a_frame(rig, order):
    trial = rig.trial.replace(excitation_order=order)
    if rig.recorded and order != rig.trial.excitation_order:
        with pytest.raises(BadInputError, match="a replay cannot change it"):
            rig.clock.check(trial)
        return
    rig.clock.check(trial)
    played = rig.play(trial)
    np.testing.assert_array_equal(rig.excitation(played), trial.excitation)


def test_the_stimulus_line_shows_the_pulses_where_they_were_programmed(rig):
    played = rig.play()
    onsets_s = [pulse.onset_s for pulse in rig.trial.pulses]
    assert onsets_s
    sample_s = 1 / rig.amplifier.sample_rate_Hz
    np.testing.assert_allclose(rig.pulse_onsets_s(played), onsets_s, atol=sample_s / 2)


@pytest.mark.parametrize("how", ["blank", "disarmed"])
def test_no_pulse_is_given_that_was_not_programmed(rig, how):
    trial = rig.trial.with_blank()
    if rig.recorded:
        with pytest.raises(BadInputError, match="blank"):
            rig.clock.check(trial)
        return
    rig.load(trial if how == "blank" else None)
    if how == "disarmed":
        rig.stimulator.disarm()
    rig.clock.start()
    rig.let_pass(trial.duration_s)
    assert len(rig.pulse_onsets_s(rig.read_all())) == 0


def test_the_time_of_the_experiment_goes_on_in_trials(rig):
    times_s = [rig.rest.now_s()]
    for place in range(2):
        rig.play(place=place)
        times_s.append(rig.rest.now_s())
    assert min(np.diff(times_s)) >= rig.trial.duration_s - 1e-6


def test_a_rest_is_over_when_its_time_has_gone_by(rig):
    until_s = rig.rest.now_s() + 0.1
    rig.rest.start(until_s)
    rig.let_pass(0.2)
    assert rig.rest.wait(5) is True
    assert rig.rest.now_s() >= until_s - 1e-6
    assert rig.rest.wait(0) is True


def test_a_rest_that_is_due_already_is_over(rig):
    rig.rest.start(rig.rest.now_s() - 1.0)
    assert rig.rest.wait(0) is True


def test_a_wait_for_a_long_rest_ends_in_time_and_the_rest_goes_on(rig):
    rig.rest.start(rig.rest.now_s() + 3600.0)
    began_s = time.monotonic()
    assert rig.rest.wait(0.001) is False
    assert rig.rest.wait(0.001) is False
    assert time.monotonic() - began_s < 2
    rig.rest.stop()
    assert rig.rest.wait(0) is True


def test_stop_from_another_thread_ends_a_rest(rig):
    rig.rest.start(rig.rest.now_s() + 3600.0)
    waiting = rig.in_thread(lambda: rig.rest.wait(30))
    rig.rest.stop()
    assert waiting() is True
    assert rig.rest.now_s() < 3600.0


def test_every_solution_can_be_chosen_and_is_then_what_flows(perfused):
    perfusion = perfused.perfusion
    assert perfusion.selected() in perfusion.solutions
    for name, drugs_uM in perfusion.solutions.items():
        assert all(concentration_uM > 0 for concentration_uM in drugs_uM.values())
        for _ in range(2):
            perfusion.select(name)
            assert perfusion.selected() == name
    assert perfusion.delay_s >= 0
    assert perfusion.exchange_s > 0


def test_a_solution_that_is_not_there_is_refused_and_nothing_changes(perfused):
    flows = perfused.perfusion.selected()
    with pytest.raises(BadInputError, match=f"'beer'.*{flows}"):
        perfused.perfusion.select("beer")
    assert perfused.perfusion.selected() == flows


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_trial_or_a_rest_leaves_the_flow_as_it_is(perfused, end):
    *_, last = perfused.perfusion.solutions
    perfused.perfusion.select(last)
    perfused.start_half()
    ENDS[end](perfused)
    assert perfused.perfusion.selected() == last
