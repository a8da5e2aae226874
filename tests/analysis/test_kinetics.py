"""Measures of a response equal the analytic ones on noise-free traces."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueslice.analysis import response_measures
from blueslice.errors import BadInputError


@given(st.floats(0.002, 0.03), st.floats(0.005, 0.1), st.floats(0.01, 3.0))
def test_exponential_decay(rise_s, decay_s, amplitude):
    # linear rise over rise_s after the stimulus at 0.05 s, then an exponential
    time_s = np.linspace(0, 0.05 + rise_s + 3 * decay_s, 20001)
    time_s = np.sort(np.append(time_s, 0.05 + rise_s))
    time_s = time_s[np.concatenate(([True], np.diff(time_s) > 0))]
    after = time_s - 0.05
    dff = amplitude * np.where(
        after < rise_s, np.clip(after / rise_s, 0, None), np.exp(-(after - rise_s) / decay_s)
    )
    found = response_measures(time_s, dff, 0.05)
    assert found.peak_dff == pytest.approx(amplitude, rel=1e-12)
    assert found.peak_time_s == pytest.approx(rise_s, rel=1e-9)
    assert found.rise_10_90_s == pytest.approx(0.8 * rise_s, rel=1e-9)
    assert found.onset_s == pytest.approx(0, abs=1e-9)
    assert found.half_decay_s == pytest.approx(decay_s * math.log(2), rel=1e-5)


@pytest.mark.parametrize("tau_s", [0.004, 0.011])
def test_exponential_rise(tau_s):
    time_s = np.linspace(0, 0.05 + 20 * tau_s, 200001)
    dff = 0.2 * (1 - np.exp(-np.clip(time_s - 0.05, 0, None) / tau_s))
    found = response_measures(time_s, dff, 0.05)
    assert found.rise_10_90_s == pytest.approx(tau_s * math.log(9), rel=1e-6)
    assert math.isnan(found.half_decay_s)


def test_crossings_are_interpolated_between_samples():
    found = response_measures([0, 1, 2, 3, 4, 5], [0, 0, 5, 10, 6, 2], 1.0)
    assert dataclasses.astuple(found) == pytest.approx((10, 2, 0.0, 1.6, 1.25))


def test_rise_between_the_last_sample_before_and_the_first_after():
    found = response_measures([0, 2, 4, 6], [0, 0, 10, 0], 2.5)
    assert dataclasses.astuple(found) == pytest.approx((10, 1.5, -0.5, 1.6, 1.0))


def test_nan_samples_are_skipped():
    time_s, dff = np.arange(8.0), np.array([0, 0, np.nan, 4, 10, np.nan, 6, 0])
    kept = ~np.isnan(dff)
    assert response_measures(time_s, dff, 1.5) == response_measures(time_s[kept], dff[kept], 1.5)
    padded = response_measures(np.append(time_s, np.nan), np.append(dff, np.nan), 1.5)
    assert padded == response_measures(time_s, dff, 1.5)


def test_the_peak_is_looked_for_within_a_time():
    dff = [0, 0, 5, 10, 8, 7, 6, 5, 12, 0]
    found = response_measures(np.arange(10.0), dff, 1.0, peak_within_s=4.0)
    assert dataclasses.astuple(found) == pytest.approx((10, 2, 0.0, 1.6, 4.0))
    assert response_measures(np.arange(10.0), dff, 1.0).peak_dff == 12
    late = response_measures([0.0, 1.0, 9.0], [0, 0, 1], 1.5, peak_within_s=2.0)
    assert all(math.isnan(value) for value in dataclasses.astuple(late))
    with pytest.raises(BadInputError, match="peak_within_s = 0"):
        response_measures([0.0, 1.0], [0, 1], 0.5, peak_within_s=0)


def test_the_last_rise_before_the_peak_counts():
    # a first bump that falls back below 10 % is another event
    found = response_measures(np.arange(8.0), [0, 0, 5, 0, 0, 10, 1, 0], 1.0)
    assert found.rise_10_90_s == pytest.approx(0.8)
    assert found.onset_s == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("dff", "stimulus_s", "nans"),
    [
        ([0, 0, 0, 0], 9.0, 5),
        ([np.nan] * 4, 0.0, 5),
        ([0, 0, -1, -2], 2.0, 3),
        ([9, 9, 9, 10], 1.0, 3),
        ([0, 0, 4, 3], 1.0, 1),
    ],
    ids=["stimulus after the end", "no sample", "peak not positive", "high before", "no decay"],
)
def test_what_the_trace_does_not_show_is_nan(dff, stimulus_s, nans):
    found = dataclasses.astuple(response_measures(np.arange(4.0), dff, stimulus_s))
    assert sum(math.isnan(value) for value in found) == nans


@pytest.mark.parametrize(
    ("time_s", "dff", "message"),
    [
        ([0, 1], [0, 1, 2], "shapes"),
        ([[0, 1]], [[0, 1]], "shapes"),
        ([0, 2, 1], [0, 1, 2], "do not rise"),
        ([0, 1, 1], [0, 1, 2], "do not rise"),
    ],
)
def test_bad_traces_are_refused(time_s, dff, message):
    with pytest.raises(BadInputError, match=message):
        response_measures(time_s, dff, 0.0)
