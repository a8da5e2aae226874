"""Fitted measures are those of the response, where those of the samples are not."""

import dataclasses

import numpy as np
import pytest

from blueslice.analysis import fit_response, response_measures
from blueslice.analysis._response_curve import Curve, curve_with_slopes
from blueslice.errors import BadInputError

EXPOSURE_S = 0.0018
FINE_S = np.arange(0, 0.3, 1e-5)
CURVE = Curve(
    offset=0.0,
    amplitude=0.12,
    onset_s=0.0031,
    rise_s=0.0028,
    bend=1.2,
    decay_s=0.017,
    tail=0.1,
    tail_s=0.08,
)


def two_exponentials(rise_s, decay_s):
    since_s = np.maximum(FINE_S - 0.0031, 0)
    shape = np.exp(-since_s / decay_s) - np.exp(-since_s / rise_s)
    return shape / shape.max()


def gentle(since_s=FINE_S, power=2.3, scale_s=0.0072):
    place = np.maximum(since_s - 0.002, 0) / scale_s
    shape = place**power * np.exp(-place)
    return shape / shape.max()


def exposed(shape, time_s):
    """Average over exposures; 0 before the stimulus."""
    summed = np.concatenate([[0], np.cumsum(shape)]) * 1e-5
    edges = np.append(FINE_S, FINE_S[-1] + 1e-5)
    stop, start = (
        np.interp(time_s + half, edges, summed) for half in (EXPOSURE_S / 2, -EXPOSURE_S / 2)
    )
    return (stop - start) / EXPOSURE_S


def four_trials(shape, rng, noise=0.01):
    """Trials as taken: two pulses 10 ms apart, 4 ms a sample, baselines set to 0."""
    after_first = rng.random(4) < 0.42
    phase_s = rng.uniform(0, 0.004)
    times = np.arange(-9, 36) * 0.004 + phase_s + np.where(after_first, 0.002, 0.0)[:, None]
    trials = 0.09 * exposed(shape, times) + rng.normal(0, noise, times.shape)
    baseline = np.where(times < -0.001, trials, np.nan)
    return times, trials - np.nanmean(baseline, axis=1, keepdims=True)


def test_slopes_are_those_of_the_curve():
    vector = CURVE.replace(offset=0.002).to_vector()
    times = np.linspace(-0.02, 0.12, 60)
    _, slopes = curve_with_slopes(vector, times, EXPOSURE_S)
    for k, slope in enumerate(slopes):
        step = np.zeros(8)
        step[k] = 1e-6
        ahead, _ = curve_with_slopes(vector + step, times, EXPOSURE_S)
        behind, _ = curve_with_slopes(vector - step, times, EXPOSURE_S)
        assert (ahead - behind) / 2e-6 == pytest.approx(slope, abs=2e-4 * np.abs(slope).max())


def test_a_curve_survives_its_vector():
    again = Curve.from_vector(CURVE.to_vector())
    assert dataclasses.astuple(again) == pytest.approx(dataclasses.astuple(CURVE))


def test_a_noise_free_response_is_recovered():
    times = 1.0 + np.arange(-10, 35) * 0.004 + 0.0011
    values, _ = curve_with_slopes(CURVE.to_vector(), times - 1.0, EXPOSURE_S)
    found = fit_response(times, 0.01 + values, 1.0, exposure_s=EXPOSURE_S)
    assert found.curve.offset == pytest.approx(0.01, abs=1e-5)
    assert found.at(times) == pytest.approx(0.01 + values, abs=1e-5)
    truth, _ = curve_with_slopes(CURVE.to_vector(), FINE_S, 0.0)
    expected = dataclasses.astuple(response_measures(FINE_S, truth, 0.0))
    assert dataclasses.astuple(found.measures) == pytest.approx(expected, rel=0.01, abs=5e-5)
    assert found.noise_dff < 1e-4


@pytest.mark.parametrize(
    "shape",
    [two_exponentials(0.0025, 0.022), two_exponentials(0.006, 0.02), gentle()],
    ids=["fast", "slower", "gentle"],
)
def test_four_noisy_trials_are_measured_without_bias(shape):
    rng = np.random.default_rng(21)
    truth = response_measures(FINE_S, shape, 0.0)
    fits = [
        fit_response(*four_trials(shape, rng), 0.0, exposure_s=EXPOSURE_S).measures
        for _ in range(40)
    ]
    for name in ("rise_10_90_s", "half_decay_s", "peak_time_s"):
        errors_s = np.array([getattr(fit, name) - getattr(truth, name) for fit in fits])
        assert abs(errors_s.mean()) < 1e-3, name
        assert errors_s.std() < 1.5e-3, name
    peaks = np.array([fit.peak_dff for fit in fits])
    assert peaks.mean() == pytest.approx(0.09, rel=0.03)


def test_samples_alone_stretch_a_fast_rise():
    # why there is a fit: what it is compared with above
    rng = np.random.default_rng(22)
    shape = two_exponentials(0.0025, 0.022)
    times, trials = four_trials(shape, rng, noise=1e-6)
    truth = response_measures(FINE_S, shape, 0.0)
    seen = response_measures(times[0], trials[0], 0.0)
    assert seen.rise_10_90_s - truth.rise_10_90_s > 1e-3


def test_noise_and_order_and_unknown_samples():
    rng = np.random.default_rng(23)
    times, trials = four_trials(gentle(), rng)
    found = fit_response(times, trials, 0.0, exposure_s=EXPOSURE_S)
    assert found.noise_dff == pytest.approx(0.01, rel=0.15)
    order = rng.permutation(times.size)
    shuffled = fit_response(times.ravel()[order], trials.ravel()[order], 0.0, exposure_s=EXPOSURE_S)
    assert dataclasses.astuple(shuffled.measures) == pytest.approx(
        dataclasses.astuple(found.measures), rel=1e-3, abs=1e-5
    )
    trials[0] = np.nan
    without = fit_response(times[1:], trials[1:], 0.0, exposure_s=EXPOSURE_S)
    assert fit_response(times, trials, 0.0, exposure_s=EXPOSURE_S).measures == without.measures


def test_beginning_near_ends_at_the_same():
    times, trials = four_trials(gentle(), np.random.default_rng(24))
    found = fit_response(times, trials, 0.0, exposure_s=EXPOSURE_S)
    again = fit_response(times, trials, 0.0, exposure_s=EXPOSURE_S, near=found)
    assert again.measures.rise_10_90_s == pytest.approx(found.measures.rise_10_90_s, abs=1e-4)


@pytest.mark.parametrize(
    ("times", "values", "options", "message"),
    [
        ([0, 1], [0], {}, "shapes"),
        (np.arange(20.0), np.zeros(20), {"exposure_s": -1}, "exposure_s = -1"),
        (np.arange(20.0), np.zeros(20), {}, "0 samples are before"),
        (np.arange(-20.0, 3), np.zeros(23), {}, "3 after"),
    ],
)
def test_bad_input_is_refused(times, values, options, message):
    with pytest.raises(BadInputError, match=message):
        fit_response(times, values, 0.0, **{"exposure_s": 0.0, **options})
