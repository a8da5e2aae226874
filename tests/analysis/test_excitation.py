"""Which LED lit a frame, from its samples alone."""

import numpy as np
import pytest

from blueslice.analysis import FrameState, prove_excitation
from blueslice.analysis.excitation import frames_late, late_reason
from blueslice.errors import BadInputError

RATE = {"frame_rate_Hz": 500.0, "exposure_s": 0.0018}  # 8 samples a frame: 1..6 are judged
ON, OFF, NAN = [1.0] * 8, [0.0] * 8, [np.nan] * 8


@pytest.mark.parametrize(
    ("led_1", "led_2", "state"),
    [
        (ON, OFF, FrameState.LED_1),
        (OFF, ON, FrameState.LED_2),
        (OFF, OFF, FrameState.DARK),
        (ON, ON, FrameState.BOTH),
        ([1.0] * 4 + [0.0] * 4, [0.0] * 4 + [1.0] * 4, FrameState.CHANGED),
        (ON, [0, 0, 0, 1, 0, 0, 0, 0], FrameState.CHANGED),
        ([1, 1, 1, 1, 1, 1, 0, 0], OFF, FrameState.CHANGED),
        ([0, 0, 1, 1, 1, 1, 1, 1], OFF, FrameState.CHANGED),
        ([1, 1, 1, 1, 1, 1, 1, 0], OFF, FrameState.LED_1),
        ([0, 1, 1, 1, 1, 1, 1, 0], OFF, FrameState.LED_1),
        ([1, 0, 0, 0, 0, 0, 0, 1], OFF, FrameState.DARK),
        (ON, NAN, FrameState.LED_1),
        (NAN, NAN, FrameState.DARK),
        ([0.5] * 8, OFF, FrameState.DARK),
    ],
    ids=[
        "led 1",
        "led 2",
        "none",
        "both",
        "swapped half-way",
        "second flickers",
        "off too early",
        "on too late",
        "edge at the end",
        "edges at both ends",
        "only the edges",
        "line not recorded",
        "no line recorded",
        "exactly the threshold",
    ],
)
def test_state_of_one_frame(led_1, led_2, state):
    lines = np.array([[led_1], [led_2]])
    found = prove_excitation(lines, threshold_V=0.5, **RATE)
    assert found.dtype == np.int8
    assert found.tolist() == [state]


@pytest.mark.parametrize(
    ("samples", "exposure_s", "judged"),
    [
        (8, 0.001, [1, 2]),  # samples 0..3 are exposed
        (8, 0.00075, [0, 1, 2]),  # three: too few to trim
        (8, 0.002, [1, 2, 3, 4, 5, 6]),
        (1, 0.0018, [0]),
        (4, 0.0001, [0]),
        (20, 0.0003, [0, 1, 2]),  # 0.0003 * 500 * 20 is 3 but for rounding
    ],
)
def test_only_samples_of_the_trimmed_exposure_are_judged(samples, exposure_s, judged):
    for sample in range(samples):
        lines = np.ones((1, 1, samples))
        lines[0, 0, sample] = 0
        state = prove_excitation(lines, threshold_V=0.5, frame_rate_Hz=500, exposure_s=exposure_s)
        assert (state[0] != FrameState.LED_1) == (sample in judged)


def test_each_frame_is_judged_alone_and_leds_have_their_thresholds():
    rng = np.random.default_rng(5)
    lines = np.repeat(rng.random((3, 40, 1)), 8, axis=2)
    lines[:, ::7, 4] = rng.random((3, 6))
    whole = prove_excitation(lines, threshold_V=[0.1, 0.5, 0.9], **RATE)
    assert len(set(whole.tolist())) > 3
    single = [
        prove_excitation(lines[:, k : k + 1], threshold_V=[0.1, 0.5, 0.9], **RATE)[0]
        for k in range(40)
    ]
    assert whole.tolist() == single
    third = np.array([[OFF], [OFF], [[0.95] * 8]])
    assert prove_excitation(third, threshold_V=[0.1, 0.5, 0.9], **RATE).tolist() == [3]


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (np.zeros((4, 8)), {}, "have shape"),
        (np.zeros((2, 4, 0)), {}, "have shape"),
        (np.zeros((0, 4, 8)), {}, "have shape"),
        (np.zeros((2, 4, 8)), {"threshold_V": [1, 2, 3]}, "3 LED thresholds for 2 LEDs"),
        (np.zeros((2, 4, 8)), {"exposure_s": 0.0021}, "exposure_s = 0.0021"),
        (np.zeros((2, 4, 8)), {"exposure_s": 0.0}, "exposure_s = 0.0"),
        (np.zeros((2, 4, 8)), {"frame_rate_Hz": 0.0}, "frame_rate_Hz = 0.0"),
    ],
)
def test_bad_input_is_refused(lines, options, message):
    with pytest.raises(BadInputError, match=message):
        prove_excitation(lines, **{"threshold_V": 0.5, **RATE, **options})


# what is seen, what was planned: by how many frames late
SEQUENCES = {
    "in time": ([1, 2, 1, 2, 1], [1, 2], 0),
    "one frame late": ([0, 1, 2, 1, 2], [1, 2], 1),
    "two frames late": ([0, 0, 1, 2, 1], [1, 2], 2),
    "late, of a longer order": ([0, 1, 1, 2, 1], [1, 1, 2], 1),
    "late, of an order that begins dark": ([0, 0, 1, 0, 1, 0], [0, 1], 1),
    "an order that begins dark, in time": ([0, 1, 0, 1, 0], [0, 1], 0),
    "late, and a frame damaged": ([0, 1, -1, 1, -2, 0, 2], [1, 2], 1),
    "late, and the first lit frame damaged": ([0, -2, 2, 1, 2], [1, 2], 1),
    "changed over": ([2, 1, 2, 1, 2], [1, 2], 0),
    "changed over and late": ([0, 2, 1, 2, 1], [1, 2], 0),
    "LED 1 stuck off": ([0, 2, 0, 2, 0], [1, 2], 0),
    "LED 2 stuck off": ([1, 0, 1, 0, 1], [1, 2], 0),
    "LED 1 off at first": ([0, 2, 1, 2, 1], [1, 2], 0),
    "all dark": ([0, 0, 0, 0], [1, 2], 0),
    "nothing but damaged frames": ([0, -2, -2, -2], [1, 2], 0),
    "no light planned": ([0, 1, 2], [0], 0),
    "the last frame alone": ([0, 0, 0, 1], [1, 2], 3),
    "no frame yet": ([], [1, 2], 0),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_leds_that_begin_late_by_whole_frames_are_told(case):
    states, order, late = SEQUENCES[case]
    assert frames_late(states, np.resize(order, 20)) == late


def test_the_reason_is_one_line_with_times_and_a_next_step():
    assert "1 whole frame (2 ms) later" in late_reason(1, 500.0)
    assert "3 whole frames (3 ms) later" in late_reason(3, 1000.0)
    assert "check that one trigger" in late_reason(1, 500.0)
