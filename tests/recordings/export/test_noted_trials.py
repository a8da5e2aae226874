"""Trials whose process was killed before their events are complete with what was planned."""

import numpy as np
import pytest

from blueslice.recordings.export._noted_trials import TIME_TOLD, note_all_trials

START = {
    "time": 1000.0,
    "trial": {"frame_count": 100, "frame_rate_Hz": 500.0},
    "trial_table": {"phase": ["control", "CNQX", "CNQX"], "blank": [False, False, True]},
}
COUNTER = {"camera-counter": np.array([[0, 1], [0, 1], [0, -1]])}


def columns(noted):
    return {
        "time": 1001.0 + 30.0 * np.arange(noted),
        "trial-phase": np.array(["control", "CNQX", "CNQX"][:noted]),
        "trial-blank": np.array([False, False, True][:noted]),
        "trial-ok": np.ones(noted, bool),
        "led_pair-led_1_light_s": np.full(noted, 0.09),
    }


@pytest.mark.parametrize(
    ("noted", "times_s"),
    [(3, [1001.0, 1031.0, 1061.0]), (2, [1001.0, 1031.0, 1061.0]), (1, [1001.0, 1001.2, 1001.4])],
)
def test_what_was_planned_is_known_and_what_was_measured_left_open(noted, times_s):
    told = note_all_trials(columns(noted), START, COUNTER, 3)
    np.testing.assert_allclose(told["time"], times_s)
    assert (TIME_TOLD in told) is (noted < 3)
    assert told.get(TIME_TOLD, np.ones(3, bool)).tolist() == [k < noted for k in range(3)]
    assert told["trial-phase"].tolist() == ["control", "CNQX", "CNQX"]
    assert told["trial-blank"].tolist() == [False, False, True]
    light_s = told["led_pair-led_1_light_s"]
    assert np.isfinite(light_s).tolist() == [k < noted for k in range(3)]
    assert told["trial-ok"].tolist() == [True, True, noted == 3]


def test_without_any_event_the_runs_start_tells_the_time():
    told = note_all_trials({}, START, COUNTER, 3)
    np.testing.assert_allclose(told["time"], [1000.2, 1000.4, 1000.6])
    assert told["trial-phase"].tolist() == ["control", "CNQX", "CNQX"]
    assert not told[TIME_TOLD].any()


def test_a_run_that_planned_nothing_is_as_long_as_its_recordings():
    told = note_all_trials(columns(1), {**START, "trial_table": {}}, COUNTER, 3)
    assert told["trial-phase"].tolist() == ["control", "", ""]
    assert told["trial-blank"].tolist() == [False, False, False]
