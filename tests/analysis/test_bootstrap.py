"""Intervals hold the truth about as often as they say."""

import math

import numpy as np
import pytest

from blueslice.analysis import bootstrap_response, bootstrap_trials, response_measures
from blueslice.errors import BadInputError

EXPOSURE_S = 0.0018
TIME_S = np.arange(-9, 36) * 0.004 + 0.0012
FINE_S = np.arange(0, 0.2, 1e-4)


def shape(since_s, rise_s=0.005, decay_s=0.02):
    after_s = np.maximum(since_s - 0.003, 0)
    return 0.12 * (np.exp(-after_s / decay_s) - np.exp(-after_s / rise_s))


def make_trials(rng, count=4, noise=0.01):
    return shape(TIME_S) + rng.normal(0, noise, (count, len(TIME_S)))


def test_intervals_of_four_trials_hold_the_truth():
    truth = response_measures(FINE_S, shape(FINE_S), 0.0)
    rng = np.random.default_rng(31)
    held = []
    for _ in range(30):
        found = bootstrap_response(
            TIME_S, make_trials(rng), 0.0, exposure_s=0.0, rng=rng, resamples=60
        )
        for name in ("rise_10_90_s", "half_decay_s", "peak_time_s", "peak_dff"):
            interval = found[name]
            assert interval.low <= interval.value <= interval.high
            held.append(interval.low <= getattr(truth, name) <= interval.high)
    # 95 % of 120, which are not independent
    assert np.mean(held) > 0.87


def test_intervals_shrink_with_noise_and_confidence():
    def width(noise, confidence):
        trials = make_trials(np.random.default_rng(32), noise=noise)
        found = bootstrap_response(
            TIME_S,
            trials,
            0.0,
            exposure_s=0.0,
            rng=np.random.default_rng(33),
            resamples=60,
            confidence=confidence,
        )["peak_dff"]
        return found.high - found.low

    assert width(0.001, 0.95) < 0.3 * width(0.01, 0.95)
    assert width(0.01, 0.5) < 0.6 * width(0.01, 0.95)


def test_the_seed_decides_and_times_may_differ_from_trial_to_trial():
    trials = make_trials(np.random.default_rng(34))
    trials[1, 7] = np.nan

    def intervals(time_s, stimulus_s):
        return bootstrap_response(
            time_s,
            trials,
            stimulus_s,
            exposure_s=EXPOSURE_S,
            rng=np.random.default_rng(35),
            resamples=20,
        )

    onsets = np.array([0.0, 0.01, 0.0, 0.01])
    first = intervals(TIME_S, 0.0)
    assert first == intervals(TIME_S, 0.0)
    moved = intervals(TIME_S + onsets[:, None], onsets)
    for name, interval in first.items():
        assert moved[name].value == pytest.approx(interval.value, abs=2e-5)
        assert moved[name].low == pytest.approx(interval.low, abs=1e-4)


def test_whole_trials():
    rng = np.random.default_rng(36)
    trials = rng.normal(5.0, 2.0, (40, 3))
    found = bootstrap_trials(trials, lambda mean: float(mean.max()), rng=rng)
    assert found.value == trials.mean(axis=0).max()
    assert found.low < found.value < found.high
    level = bootstrap_trials(trials[:, 0], float, rng=rng)
    error = trials[:, 0].std(ddof=1) / math.sqrt(40)
    assert level.high - level.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_what_resamples_do_not_show_has_no_interval():
    rng = np.random.default_rng(37)
    trials = np.array([-1.0, 1.2, -1.0, 1.2])
    found = bootstrap_trials(trials, lambda mean: float(mean) if mean > 0 else math.nan, rng=rng)
    assert found.value == pytest.approx(0.1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_trials([1.0], float, rng=RNG), "2 trials or more"),
        (lambda: bootstrap_trials([1.0, 2.0], float, rng=RNG, resamples=3), "resamples = 3"),
        (lambda: bootstrap_trials([1.0, 2.0], float, rng=RNG, confidence=95), "confidence = 95"),
        (
            lambda: bootstrap_response(TIME_S, TIME_S, 0.0, exposure_s=0.0, rng=RNG),
            "give .trials, samples.",
        ),
        (
            lambda: bootstrap_response(TIME_S, np.zeros((2, 44)), 0.0, exposure_s=0.0, rng=RNG),
            "do not fit",
        ),
        (
            lambda: bootstrap_response(
                TIME_S, np.zeros((2, 45)), [0.0] * 3, exposure_s=0.0, rng=RNG
            ),
            "do not fit",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
