"""Recordings played again: what is given, what is refused, and that lost frames stay lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blueslice.errors import BadInputError, InstrumentError
from blueslice.recordings import Recording, read_recording
from blueslice.sim import (
    FastPace,
    ReplaySource,
    VirtualAmplifier,
    VirtualBench,
    VirtualCamera,
    VirtualTrialClock,
)
from blueslice.trial import Trial

FRAMES, SAMPLES = 12, 8


def make(counts=1000, *, frame_count=FRAMES, shape=(2, 3), interval_s=0.002, pulse=3, extra=()):
    """Make a recording in which frame k counts `counts` + k, with LEDs 1 and 2 in turn."""
    led = np.resize((1, 2), frame_count)
    lines = {f"led_{n}": np.where(led == n, 0.7, 0.0)[:, None].repeat(SAMPLES, 1) for n in (1, 2)}
    lines["stimulus"] = np.zeros((frame_count, SAMPLES))
    lines["stimulus"][pulse, 2] = 0.8
    lines |= dict.fromkeys(extra, np.zeros((frame_count, SAMPLES)))
    pixels = np.ones(shape, np.uint16)
    return Recording(
        path=Path(f"made-{counts}.da"),
        camera="none",
        taken_at=None,
        frames=(counts + np.arange(frame_count, dtype=np.uint16))[:, None, None] * pixels,
        dark=np.uint16(counts // 10) * pixels,
        counter=np.arange(frame_count, dtype=np.int64),
        frame_interval_s=interval_s,
        exposure_s=0.9 * interval_s,
        channels={name: line.astype(np.float32) for name, line in lines.items()},
        led_threshold_V=0.36,
        stimulus_threshold_V=0.4,
    )


def play(recordings, place=0):
    """Play one recording through the bench's instruments."""
    source = ReplaySource(recordings)
    trial = recordings[0].trial
    bench = VirtualBench(source, FastPace())
    camera, amplifier = VirtualCamera(bench), VirtualAmplifier(bench)
    clock = VirtualTrialClock(bench)
    dark = camera.arm(trial.frame_count, trial.exposure_s, place)
    amplifier.arm(trial.frame_count, recordings[0].samples_per_frame, place)
    clock.load(trial.frame_rate_Hz, trial.frame_count)
    clock.start()
    blocks = list(iter(lambda: camera.read_frames(1), None))
    samples = list(iter(lambda: amplifier.read_samples(1), None))
    return (
        dark,
        np.concatenate([block.frames for block in blocks]),
        np.concatenate([block.counter for block in blocks]),
        {name: np.concatenate([s.channels[name] for s in samples]) for name in source.channels},
    )


@pytest.mark.parametrize("place", [0, 1])
def test_trial_k_is_recording_k(place):
    recordings = [make(1000), make(2000)]
    dark, frames, counter, lines = play(recordings, place)
    np.testing.assert_array_equal(frames, recordings[place].frames)
    np.testing.assert_array_equal(dark, recordings[place].dark)
    assert dark.dtype == np.float32
    assert counter.tolist() == [*range(FRAMES)]
    assert set(lines) == {"led_1", "led_2", "stimulus"}
    np.testing.assert_array_equal(lines["stimulus"], recordings[place].channels["stimulus"])


@pytest.mark.parametrize("lost", [[0], [4], [FRAMES - 1], [3, 4, 9]])
def test_a_lost_frame_is_a_gap_in_the_counter_and_no_other_frame_moves(lost):
    whole = make()
    torn = whole.without_frame(lost[0]) if len(lost) == 1 else whole.drop_frames(lost)
    _, frames, counter, lines = play([torn])
    kept = [k for k in range(FRAMES) if k not in lost]
    assert counter.tolist() == kept
    np.testing.assert_array_equal(frames, whole.frames[kept])
    assert lines["led_1"].shape == (FRAMES, SAMPLES)


def test_a_lost_frame_of_a_real_recording(recordings):
    whole = read_recording(recordings / "70127A101.da")
    _, frames, counter, _ = play([whole.without_frame(42)])
    assert counter.tolist() == [k for k in range(100) if k != 42]
    np.testing.assert_array_equal(frames[42], whole.frames[43])


def test_the_end_of_the_recordings_is_told():
    with pytest.raises(InstrumentError, match="there are 1 recordings and trial 2 was asked for"):
        play([make()], place=1)


def test_sensor_rate_and_channels_are_those_recorded():
    source = ReplaySource([make(extra=("voltage", "current"))])
    assert (source.sensor.rows, source.sensor.columns) == (2, 3)
    assert source.sensor.model == "replay of none"
    assert source.sample_rate_Hz == 4000
    assert dict(source.channels) == {
        "led_1": "V",
        "led_2": "V",
        "stimulus": "V",
        "voltage": "mV",
        "current": "pA",
    }


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"shape": (3, 3)}, r"picture size is \(3, 3\), not \(2, 3\)"),
        ({"frame_count": 14}, "frame count is 14, not 12"),
        ({"interval_s": 0.001}, "frame rate is 1000.0, not 500.0"),
        ({"extra": ("voltage",)}, "set of channels"),
    ],
)
def test_recordings_that_do_not_belong_together_are_refused(other, text):
    with pytest.raises(BadInputError, match=text) as error:
        ReplaySource([make(), make(2000, **other)])
    assert str(error.value).startswith("made-2000.da cannot follow made-1000.da in one replay")


def test_samples_per_frame_have_to_agree():
    first, second = make(), make(2000)
    halved = {name: line[:, ::2] for name, line in second.channels.items()}
    with pytest.raises(BadInputError, match="samples per frame is 4, not 8"):
        ReplaySource([first, replace(second, channels=halved)])


def test_nothing_cannot_be_replayed():
    with pytest.raises(BadInputError, match="name at least one file"):
        ReplaySource([])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"frame_rate_Hz": 400.0}, "frame_rate_Hz = 500.0 Hz, not 400.0"),
        ({"frame_count": 11}, "frame_count = 12 frames, not 11"),
        ({"blank": True}, "blank = False, not True"),
        ({"excitation_order": (2, 1)}, "the recording holds this trial"),
        ({"pulses": ()}, "the recording holds this trial"),
    ],
)
def test_a_trial_that_was_not_recorded_is_refused(change, text):
    recording = make()
    source = ReplaySource([recording])
    source.check(recording.trial)
    with pytest.raises(BadInputError, match=text) as error:
        source.check(recording.trial.replace(**change))
    assert "use the plan replay(rig)" in str(error.value)


@pytest.mark.parametrize(("moved_s", "fits"), [(0.0002, True), (-0.0004, True), (0.002, False)])
def test_a_pulse_may_be_off_by_half_a_millisecond(moved_s, fits):
    recording = make()
    trial = recording.trial
    pulse = trial.pulses[0]
    asked: Trial = trial.replace(pulses=(pulse.replace(onset_s=pulse.onset_s + moved_s),))
    if fits:
        ReplaySource([recording]).check(asked)
    else:
        with pytest.raises(BadInputError, match="cannot change it"):
            ReplaySource([recording]).check(asked)
