"""Trials are laid on one grid by their onsets, and averaged over what is known."""

import numpy as np
import pytest

from blueslice.analysis import average_trials, time_grid
from blueslice.errors import BadInputError

TIME_S = np.arange(50) * 0.004 + 0.0009
GRID_S = time_grid(-0.02, 0.1, 0.004)


def line(since_s):
    return 0.3 * since_s + 0.01


@pytest.mark.parametrize(
    ("window", "count", "ends"),
    [
        ((-0.02, 0.1, 0.004), 31, (-0.02, 0.1)),
        ((-0.021, 0.1, 0.004), 31, (-0.02, 0.1)),
        ((0.001, 0.1, 0.004), 25, (0.004, 0.1)),
        ((-0.3, 0.3, 0.1), 7, (-0.3, 0.3)),
    ],
)
def test_the_grid_holds_the_onset(window, count, ends):
    grid = time_grid(*window)
    assert len(grid) == count
    assert grid[[0, -1]] == pytest.approx(ends)
    assert np.abs(grid / window[2] - np.rint(grid / window[2])).max() < 1e-9


def test_trials_are_aligned_by_their_own_onset():
    onsets = [0.036, 0.046]
    found = average_trials(TIME_S, [line(TIME_S - onset) for onset in onsets], onsets, GRID_S)
    assert found.dff == pytest.approx(line(GRID_S))
    assert found.sem == pytest.approx(0, abs=1e-12)
    assert found.trial_count.tolist() == [2] * len(GRID_S)


def test_two_ions_taken_at_different_times_come_onto_one_grid():
    sodium_s, calcium_s = TIME_S, TIME_S + 0.002
    ions = [
        average_trials(time_s, [line(time_s - 0.036)], 0.036, GRID_S).dff
        for time_s in (sodium_s, calcium_s)
    ]
    assert ions[0] == pytest.approx(ions[1])


def test_mean_and_standard_error_skip_what_is_not_known():
    trials = [np.full(50, value) for value in (1.0, 2.0, 6.0)]
    trials[2][20:] = np.nan
    found = average_trials(TIME_S, trials, 0.036, GRID_S)
    early, late = GRID_S < 0.03, GRID_S > 0.05
    assert found.dff[early] == pytest.approx(3.0)
    assert found.sem[early] == pytest.approx(np.std([1, 2, 6], ddof=1) / np.sqrt(3))
    assert found.dff[late] == pytest.approx(1.5)
    assert found.trial_count[late].tolist() == [2] * late.sum()
    alone = average_trials(TIME_S, trials[:1], 0.036, GRID_S)
    assert np.isnan(alone.sem).all()


def test_nothing_is_made_up_beyond_a_trial_or_in_a_gap():
    values = line(TIME_S)
    values[10:16] = np.nan
    bridged = average_trials(TIME_S, [values], TIME_S[0], GRID_S)
    assert bridged.dff[GRID_S >= 0] == pytest.approx(line(GRID_S + TIME_S[0])[GRID_S >= 0])
    assert np.isnan(bridged.dff[GRID_S < 0]).all()
    torn = average_trials(TIME_S, [values], TIME_S[0], GRID_S, longest_gap_s=0.012)
    assert np.isnan(torn.dff[(GRID_S > 0.037) & (GRID_S < 0.063)]).all()
    assert np.isfinite(torn.dff[(GRID_S >= 0) & (GRID_S < 0.035)]).all()
    assert np.isfinite(torn.dff[GRID_S > 0.0635]).all()


def test_trials_of_different_length_and_padding():
    short = TIME_S[:30]
    padded = np.concatenate([short, np.full(20, np.nan)])
    values = np.concatenate([line(short), np.zeros(20)])
    found = average_trials([TIME_S, padded, short], [line(TIME_S), values, line(short)], 0, GRID_S)
    assert found.dff[GRID_S > 0.001] == pytest.approx(line(GRID_S[GRID_S > 0.001]))
    nothing = average_trials(TIME_S, [np.full(50, np.nan)], 0, GRID_S)
    assert np.isnan(nothing.dff).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: average_trials(TIME_S, [], 0, GRID_S), "no trial"),
        (lambda: average_trials(TIME_S, [TIME_S], [0, 1], GRID_S), "1 trials"),
        (lambda: average_trials(TIME_S, [TIME_S], np.nan, GRID_S), "one known time"),
        (lambda: average_trials(TIME_S, [TIME_S[1:]], 0, GRID_S), "shapes"),
        (lambda: average_trials([TIME_S], [TIME_S, TIME_S], 0, GRID_S), "for 1 trials"),
        (lambda: average_trials(TIME_S[::-1], [TIME_S], 0, GRID_S), "do not rise"),
        (lambda: time_grid(0, 1, 0), "no times"),
        (lambda: time_grid(1, 0, 0.1), "no times"),
        (lambda: time_grid(0, np.inf, 0.1), "no times"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
