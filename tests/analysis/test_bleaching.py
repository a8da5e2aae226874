"""The course of the blanks is recovered, and what is left is the response."""

import numpy as np
import pytest

from blueslice.analysis import fit_bleaching
from blueslice.errors import BadInputError

TIME_S = np.arange(50) * 0.004 + 0.0009


def exponential(time_s):
    return -0.03 * (1 - np.exp(-time_s / 0.15))


@pytest.mark.parametrize(
    ("course", "options"),
    [
        (lambda t: 0.001 - 0.05 * t + 0.1 * t**2, {}),
        (lambda t: 0.001 - 0.05 * t, {"order": 1}),
        (exponential, {"shape": "exponential"}),
        (lambda t: -exponential(t), {"shape": "exponential"}),
    ],
    ids=["parabola", "line", "exponential down", "exponential up"],
)
def test_the_course_of_noise_free_blanks_is_recovered(course, options):
    blanks = np.tile(course(TIME_S), (2, 3, 1)) * np.array([1, 2, -1])[:, None]
    found = fit_bleaching(TIME_S, blanks, **options)
    assert found.at(TIME_S) == pytest.approx(blanks[0], abs=1e-7)
    assert found.noise == pytest.approx(0, abs=1e-7)


def test_noisy_blanks_leave_traces_without_bias():
    rng = np.random.default_rng(5)
    left = []
    for _ in range(200):
        blanks = exponential(TIME_S) + rng.normal(0, 0.01, (2, 1, 50))
        left.append(fit_bleaching(TIME_S, blanks).subtract(TIME_S, exponential(TIME_S)[None])[0])
    # a parabola misses an exponential of 0.15 s within a trial of 0.2 s by less than this
    assert np.abs(np.mean(left, axis=0)).max() < 0.0015
    # three terms of fifty samples of two blanks: 0.01 sqrt(3 / 50 / 2)
    assert np.sqrt(np.mean(np.var(left, axis=0))) == pytest.approx(0.00173, rel=0.1)


def test_noise_is_that_of_the_mean_blank():
    blanks = np.random.default_rng(6).normal(0, 0.01, (4, 20, 50))
    assert fit_bleaching(TIME_S, blanks).noise.mean() == pytest.approx(0.005, rel=0.05)


@pytest.mark.parametrize("sign", [1, -1])
def test_dividing_recovers_the_response_of_a_dye_that_bleaches(sign):
    # fluorescence over its baseline falls to `left` and answers by 10 % of what is left
    left = 1 + exponential(TIME_S)
    response = 0.1 * np.exp(-(((TIME_S - 0.1) / 0.02) ** 2))
    seen = sign * (left * (1 + sign * response) - 1)
    bleaching = fit_bleaching(TIME_S, (sign * (left - 1))[None, None], shape="exponential")
    assert bleaching.divide(TIME_S, seen[None], sign=sign)[0] == pytest.approx(response, abs=1e-7)
    assert np.abs(bleaching.subtract(TIME_S, seen[None])[0] - response).max() > 5e-4


def test_unknown_samples_count_for_nothing():
    course = 0.01 - 0.1 * TIME_S
    blanks = np.tile(course, (3, 2, 1))
    blanks[0, 0] = np.nan
    blanks[1, 0, 5:20] = np.nan
    blanks[:, 0, 40] = np.nan
    blanks[:, 1] = np.nan
    found = fit_bleaching(TIME_S, blanks)
    assert found.at(TIME_S)[0] == pytest.approx(course, abs=1e-12)
    assert np.isnan(found.at(TIME_S)[1]).all()


def test_a_sample_counts_by_the_trials_that_know_it():
    blanks = np.zeros((5, 1, 50))
    blanks[0, 0, ::2] = 1.0
    blanks[1:, 0, ::2] = np.nan
    # 25 samples of one trial at 1, 25 of five trials at 0
    assert fit_bleaching(TIME_S, blanks, order=0).coefficients[0, 0] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_bleaching(TIME_S, np.zeros((2, 50))), "trials, rois, samples"),
        (lambda: fit_bleaching(TIME_S, np.zeros((0, 1, 50))), "at least one trial"),
        (lambda: fit_bleaching(TIME_S, np.zeros((1, 1, 50)), order=6), "order = 6"),
        (lambda: fit_bleaching(TIME_S, np.zeros((1, 1, 50)), shape="cubic"), "shape = 'cubic'"),
        (
            lambda: fit_bleaching(TIME_S, np.zeros((1, 2, 50))).subtract(TIME_S, np.zeros((1, 50))),
            "does not fit 2 ROIs",
        ),
        (
            lambda: fit_bleaching(TIME_S, np.zeros((1, 1, 50))).divide(
                TIME_S, np.zeros((1, 50)), sign=0
            ),
            "sign = 0",
        ),
        (
            lambda: fit_bleaching(TIME_S, np.full((1, 1, 50), -1.5)).divide(
                TIME_S, np.zeros((1, 50))
            ),
            "no light",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
