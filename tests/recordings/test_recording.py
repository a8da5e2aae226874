from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.recordings import ChannelMap, Recording

FRAMES, SAMPLES = 12, 8


def make(order=(1, 2), *, lines=None, **changes):
    """Make a recording whose lines show an order of excitation; frame k counts k."""
    led = np.resize(order, FRAMES)
    channels = {
        f"led_{number}": np.where(led == number, 0.7, 0.0)[:, None].repeat(SAMPLES, 1)
        for number in (1, 2)
    }
    channels["stimulus"] = np.zeros((FRAMES, SAMPLES))
    channels["stimulus"][3, 2] = 0.8
    channels |= lines or {}
    values = {
        "path": Path("made.da"),
        "camera": "none",
        "taken_at": None,
        "frames": np.arange(FRAMES, dtype=np.uint16)[:, None, None] * np.ones((1, 2, 3), np.uint16),
        "dark": np.zeros((2, 3), np.uint16),
        "counter": np.arange(FRAMES),
        "frame_interval_s": 0.002,
        "exposure_s": 0.0018,
        "channels": {name: line.astype(np.float32) for name, line in channels.items()},
        "led_threshold_V": 0.36,
        "stimulus_threshold_V": 0.4,
    }
    return Recording(**{**values, **changes})


def lit_by_both(frame, order=(1, 2)):
    line = make(order).channels["led_2"].copy()
    line[frame] = 0.7
    return {"led_2": line}


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (1,), (0,), (1, 0), (1, 2, 0), (1, 1, 2, 0)])
def test_trial_has_the_order_that_the_lines_show(order):
    trial = make(order).trial
    assert trial.excitation_order == order
    assert trial.frame_count == FRAMES
    assert trial.frame_rate_Hz == 500


def test_an_order_that_never_repeats_is_kept_whole():
    order = (1, 2, 2, 1, 1, 1, 2, 1, 2, 2, 2, 2)
    assert make(order).trial.excitation_order == order


def test_a_damaged_frame_does_not_hide_the_order():
    recording = make(lines=lit_by_both(4))
    assert recording.excitation.tolist()[3:6] == [2, -1, 2]
    assert recording.trial.excitation_order == (1, 2)


def test_a_frame_that_stayed_dark_does_not_hide_the_order():
    line = make((1, 2)).channels["led_2"].copy()
    line[5] = 0.0
    assert make((1, 2), lines={"led_2": line}).trial.excitation_order == (1, 2)


def test_damaged_frames_without_an_order_are_refused():
    order = (1, 2, 2, 1, 1, 1, 2, 1, 2, 2, 2, 2)
    recording = make(order, lines=lit_by_both(4, order))
    with pytest.raises(BadInputError, match=r"frame 4 was lit by both .* \(BOTH\)"):
        _ = recording.trial


def test_pulses_are_those_recorded():
    line = np.zeros((FRAMES, SAMPLES))
    line.ravel()[[0, 40, 41, 42, FRAMES * SAMPLES - 1]] = 1.0
    pulses = make(lines={"stimulus": line}).trial.pulses
    np.testing.assert_allclose([p.onset_s for p in pulses], [0, 0.01, 0.02375], rtol=1e-12)
    np.testing.assert_allclose([p.width_s for p in pulses], [0.00025, 0.00075, 0.00025], rtol=1e-12)


def test_too_many_pulses_name_the_threshold():
    noise = np.tile([0.0, 1.0], FRAMES * 1000).reshape(FRAMES, 2000)
    lines = {name: np.zeros((FRAMES, 2000)) for name in ("led_1", "led_2")}
    recording = make(lines={"stimulus": noise, **lines})
    with pytest.raises(BadInputError, match=r"12000 pulses, at most 10000 .* stimulus_threshold_V"):
        _ = recording.trial


def test_without_stimulus_line_there_are_no_pulses():
    recording = make()
    channels = {k: v for k, v in recording.channels.items() if k != "stimulus"}
    assert replace(recording, channels=channels).trial.pulses == ()


def test_without_led_line_nothing_is_proved():
    recording = make()
    recording = replace(recording, channels={"led_2": recording.channels["led_2"]})
    with pytest.raises(BadInputError, match="LED 1's line is not among the channels"):
        _ = recording.excitation


def test_a_lost_frame_leaves_the_others_their_time():
    whole = make()
    recording = whole.without_frame(5)
    assert recording.counter.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    np.testing.assert_array_equal(recording.frames[:, 0, 0], recording.counter)
    assert recording.frame_count == FRAMES
    assert recording.trial == whole.trial
    assert len(whole.frames) == FRAMES
    assert recording.drop_frames([0, 11]).counter.tolist() == [1, 2, 3, 4, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("lost", [[12], [-1], [3, 99]])
def test_a_frame_that_is_not_there_cannot_be_lost(lost):
    with pytest.raises(BadInputError, match="is not there to be dropped"):
        make().drop_frames(lost)
    with pytest.raises(BadInputError, match="frame 5 is not there"):
        make().without_frame(5).without_frame(5)


def test_all_frames_may_be_lost():
    assert make().drop_frames(range(FRAMES)).frames.shape == (0, 2, 3)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"counter": np.arange(11)}, r"do not belong to a counter of 11"),
        ({"dark": np.zeros((3, 2), np.uint16)}, r"give \(12, 3, 2\)"),
        ({"frames": np.zeros((12, 6), np.uint16)}, r"frames of shape \(12, 6\)"),
        ({"counter": np.arange(12) + 1}, "runs from 1 to 12; the lines .* frames 0 to 11"),
        ({"counter": np.arange(12) - 1}, "runs from -1 to 10"),
        ({"channels": {}}, "give one or more lines"),
        ({"channels": {"led_1": np.zeros(12)}}, "all of one shape"),
        ({"channels": {"led_1": np.zeros((12, 0))}}, "all of one shape"),
        ({"channels": {"a": np.zeros((12, 2)), "b": np.zeros((12, 3))}}, "all of one shape"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(changes, text):
    with pytest.raises(BadInputError, match=text):
        make(**changes)


def test_a_recording_is_frozen_and_short_to_print():
    recording = make()
    with pytest.raises(FrozenInstanceError):
        recording.camera = "other"  # pyright: ignore[reportAttributeAccessIssue]
    assert len(repr(recording)) < 300


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"voltage_channel": -1}, "voltage_channel = -1"),
        ({"led_1_channel": None}, "led_1_channel: is None; give a number"),
        ({"led_1_channel": 64}, "led_1_channel = 64"),
        ({"voltage_gain": 0}, "voltage_gain = 0"),
        ({"exposure_s": 0}, "exposure_s = 0"),
        ({"led_crosstalk": 2}, "led_crosstalk = 2"),
        ({"gain": 10}, "gain: there is no such key"),
    ],
)
def test_channel_map_is_checked(values, text):
    with pytest.raises(BadInputError, match=text):
        ChannelMap(**values)
