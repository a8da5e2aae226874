"""Which frame is whose: on runs made by hand, with lost, dark and doubly lit frames."""

import numpy as np
import pytest

from blueslice.analysis import FrameState
from blueslice.recordings.export.frames import frame_table, read_frames
from blueslice.recordings.export.run_data import RunData
from blueslice.trial import Trial

FRAMES, SAMPLES = 8, 10
LIT, NOT_LIT = 5.0, 0.0


def make_run(counters, lit_1, lit_2, experiment_s=None):
    """A run of as many trials as there are counters; LEDs lit in the frames that are named."""
    trials = len(counters)
    lines = np.full((2, trials, FRAMES, SAMPLES), NOT_LIT, np.float32)
    for line, lit in zip(lines, (lit_1, lit_2), strict=True):
        line[:, lit] = LIT
    trial = Trial(frame_count=FRAMES, frame_rate_Hz=500, exposure_s=0.0018)
    columns = {"time": 1000.5 + 10.0 * np.arange(trials)}
    if experiment_s is not None:
        columns["rest-experiment_time_s"] = np.asarray(experiment_s)
    frames = np.arange(trials * FRAMES * 6, dtype=np.uint16).reshape(trials, FRAMES, 2, 3)
    return RunData(
        start={"uid": "u" * 8, "time": 1000.0, "trial": trial.to_document()},
        stop={},
        arrays={
            "camera": frames,
            "camera-counter": np.array(counters),
            "amplifier-led_1": lines[0],
            "amplifier-led_2": lines[1],
        },
        original={},
        trials=columns,
        configuration={"amplifier-led_threshold_V": 2.5},
        derived=None,
    )


EVEN, ODD = [0, 2, 4, 6], [1, 3, 5, 7]
CASES = {
    "as planned": (range(8), EVEN, ODD, EVEN, ODD, {}),
    "a dark frame": (range(8), [0, 4, 6], ODD, [0, 4, 6], ODD, {2: FrameState.DARK}),
    "both LEDs": (range(8), [*EVEN, 3], ODD, EVEN, [1, 5, 7], {3: FrameState.BOTH}),
    # Frame 3 was lost: the later are stored a place earlier and keep their LED.
    "a lost frame": ([0, 1, 2, 4, 5, 6, 7, -1], EVEN, ODD, [0, 2, 3, 5], [1, 4, 6], {}),
    "counted twice": ([0, 1, 2, 2, 4, 5, 6, 7], EVEN, ODD, [0, 2, 4, 6], [1, 5, 7],
                      {3: FrameState.MISSING}),
    "begun a frame late": (range(8), ODD, [2, 4, 6], [], [],
                           dict.fromkeys(range(8), FrameState.UNATTRIBUTED)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_frame_is_one_ions_or_nobodys(case):
    counter, lit_1, lit_2, first, second, unused = CASES[case]
    run = make_run([list(counter)], lit_1, lit_2)
    table = frame_table(run)
    assert table.stored[table.lit_by(1)].tolist() == first
    assert table.stored[table.lit_by(2)].tolist() == second
    rest = table.unused()
    told = dict(zip(table.stored[rest].tolist(), table.state[rest].tolist(), strict=True))
    assert told == unused
    for rows in (table.lit_by(1), table.lit_by(2)):
        clock = table.counter[rows]
        assert np.allclose(table.time_s[rows], clock / 500 + 0.0009, rtol=0, atol=1e-12)
        assert np.array_equal(
            read_frames(run, table, rows), run.arrays["camera"][0][table.stored[rows]]
        )


@pytest.mark.parametrize(
    ("experiment_s", "expected_s"),
    [(None, [0.484, 10.484]), ([100.0, 130.0], [0.484, 30.484])],
)
def test_trials_begin_by_the_experiments_clock(experiment_s, expected_s):
    run = make_run([list(range(8))] * 2, EVEN, ODD, experiment_s)
    table = frame_table(run)
    assert table.trial_starts_s == pytest.approx(expected_s)
    assert table.run_times_s(table.lit_by(1))[4] == pytest.approx(expected_s[1] + 0.0009)


def test_a_block_may_span_trials():
    run = make_run([list(range(8))] * 3, EVEN, ODD)
    table = frame_table(run)
    rows = table.lit_by(2)[2:10]
    expected = run.arrays["camera"][table.trial[rows], table.stored[rows]]
    assert np.array_equal(read_frames(run, table, rows), expected)
