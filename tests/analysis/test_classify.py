"""Trials whose release is known are told apart, and doubtful ones are called so."""

import collections

import numpy as np
import pytest

from blueslice.analysis import classify_trial
from blueslice.errors import BadInputError

ONSETS_S = (0.036, 0.046)
TIME_S = np.arange(50) * 0.004 + 0.0009


def response(time_s, onset_s, rise_s=0.0025, decay_s=0.022):
    since_s = np.maximum(time_s - onset_s - 0.0033, 0)
    peak = decay_s * np.log(1 + rise_s / decay_s) + rise_s  # about where it is largest
    shape = np.exp(-since_s / decay_s) - np.exp(-since_s / rise_s)
    return shape / (np.exp(-2 * peak / decay_s) - np.exp(-2 * peak / rise_s))


def trial(rng, sizes, onsets_s=ONSETS_S, noise=0.01):
    made = sum(size * response(TIME_S, at) for size, at in zip(sizes, onsets_s, strict=True))
    values = made + rng.normal(0, noise, len(TIME_S))
    return values - values[onsets_s[0] > TIME_S].mean()


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((0, 0), "failure"),
        ((0.09, 0), "response to pulse 1"),
        ((0, 0.09), "response to pulse 2"),
        ((0.09, 0.05), "response to pulse 1"),
        ((0.05, 0.09), "response to pulse 1"),
    ],
)
def test_the_pulse_is_told(sizes, expected):
    rng = np.random.default_rng(11)
    found = collections.Counter(
        classify_trial(TIME_S, trial(rng, sizes), ONSETS_S, noise_dff=0.01).text for _ in range(60)
    )
    assert found[expected] >= 55
    assert found[expected] + found["unclear"] >= 59


def test_what_lies_in_the_noise_is_rather_unclear_than_wrong():
    rng = np.random.default_rng(12)
    found = collections.Counter(
        classify_trial(TIME_S, trial(rng, (0, 0.03)), ONSETS_S, noise_dff=0.01).text
        for _ in range(60)
    )
    assert found["unclear"] >= 20
    assert found["response to pulse 1"] <= 3


@pytest.mark.parametrize("count", [1, 3, 4])
def test_any_number_of_pulses(count):
    rng = np.random.default_rng(13)
    onsets_s = [0.036 + 0.012 * k for k in range(count)]
    for pulse in range(count):
        sizes = np.zeros(count)
        sizes[pulse] = 0.12
        found = classify_trial(TIME_S, trial(rng, sizes, onsets_s), onsets_s, noise_dff=0.01)
        assert (found.kind, found.pulse) == ("response", pulse)


def test_noise_is_taken_from_before_the_first_pulse():
    values = trial(np.random.default_rng(14), (0.09, 0))
    noise = float(np.std(values[TIME_S < 0.036], ddof=1))
    own = classify_trial(TIME_S, values, ONSETS_S)
    assert own == classify_trial(TIME_S, values, ONSETS_S, noise_dff=noise)
    assert (
        own.response_evidence
        > classify_trial(TIME_S, values, ONSETS_S, noise_dff=2 * noise).response_evidence
    )


@pytest.mark.parametrize("level", [-0.5, 0.5])
def test_the_level_of_the_baseline_does_not_matter(level):
    values = trial(np.random.default_rng(16), (0, 0.09))
    found = classify_trial(TIME_S, values, ONSETS_S, noise_dff=0.01)
    moved = classify_trial(TIME_S, values + level, ONSETS_S, noise_dff=0.01)
    assert (moved.kind, moved.pulse) == (found.kind, found.pulse) == ("response", 1)
    assert moved.response_evidence == pytest.approx(found.response_evidence, rel=1e-6)


def test_unknown_samples_and_a_falling_trace():
    values = trial(np.random.default_rng(15), (0.09, 0))
    values[[3, 12, 20]] = np.nan
    assert classify_trial(TIME_S, values, ONSETS_S, noise_dff=0.01).pulse == 0
    assert classify_trial(TIME_S, -values, ONSETS_S, noise_dff=0.01).kind == "failure"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((TIME_S, TIME_S[1:], ONSETS_S), "shapes"),
        ((TIME_S, TIME_S, ()), "one rising time"),
        ((TIME_S, TIME_S, (0.05, 0.04)), "one rising time"),
        ((TIME_S, TIME_S, (0.004,)), "1 samples are known before"),
        ((TIME_S, TIME_S, (0.195,)), "in the 0.06 s after"),
        ((TIME_S, TIME_S * 0, ONSETS_S), "the noise is 0.0"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(BadInputError, match=message):
        classify_trial(*arguments)
