"""Means of responses and what a drug leaves, against closed forms and simulated trials."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from blueslice.analysis import (
    ResponseMeasures,
    ResponseSize,
    condition_means,
    fraction_left,
    mean_response,
)
from blueslice.errors import BadInputError

NO_SHAPE = ResponseMeasures(*[math.nan] * 5)
UNKNOWN = ResponseSize(*[math.nan] * 6, samples=0, degrees=0, shape=NO_SHAPE)


def size(dff, *, se=0.01, least=0.02, bleaching=math.nan, bleaching_se=0.0, degrees=8):
    """Make a size; the error of the bleaching is part of its own."""
    total = math.hypot(se, bleaching_se)
    return ResponseSize(
        dff, total, 2 * se, least, bleaching, bleaching_se, samples=7, degrees=degrees,
        shape=NO_SHAPE,
    )  # fmt: skip


def sizes(values, **known):
    return [size(float(value), **known) for value in values]


def test_failures_count_in_the_mean_and_not_in_the_potency():
    found = mean_response(sizes([0.10, -0.01, 0.06, 0.01]))
    assert (found.trials, found.failures) == (4, 2)
    assert found.size_dff == pytest.approx(0.04, rel=1e-12)
    assert found.potency_dff == pytest.approx(0.08, rel=1e-12)
    assert found.se_dff == pytest.approx(np.std([0.10, -0.01, 0.06, 0.01], ddof=1) / 2, rel=1e-12)
    reach = scipy.stats.t.ppf(0.975, 3) * found.se_dff
    assert found.low_dff == pytest.approx(0.04 - reach, rel=1e-12)
    assert found.high_dff == pytest.approx(0.04 + reach, rel=1e-12)


def test_a_mean_of_failures_has_no_potency():
    found = mean_response(sizes([0.01, -0.01, 0.005]))
    assert found.failures == found.trials == 3
    assert math.isnan(found.potency_dff)
    assert found.is_response is False


def test_a_single_trial_has_the_error_of_its_samples():
    found = mean_response([size(0.05, se=0.01, bleaching=-0.01, bleaching_se=0.005)])
    assert found.trials == 1
    assert found.se_dff == pytest.approx(math.hypot(0.01, 0.005), rel=1e-12)
    without = mean_response([size(0.05, se=0.01)])
    reach = scipy.stats.t.ppf(0.975, 8) * 0.01
    assert without.high_dff - without.size_dff == pytest.approx(reach, rel=1e-12)


def test_two_trials_have_one_degree_of_freedom():
    found = mean_response(sizes([0.04, 0.06]))
    assert found.se_dff == pytest.approx(0.01, rel=1e-12)
    # Student's t of one degree at 97.5 %
    assert found.high_dff - found.size_dff == pytest.approx(12.7062 * 0.01, rel=1e-5)
    assert found.is_response is False


@pytest.mark.parametrize("group", [[], [UNKNOWN, UNKNOWN]], ids=["none", "unknown"])
def test_nothing_known_has_no_mean(group):
    found = mean_response(group)
    assert (found.trials, found.failures) == (0, 0)
    assert math.isnan(found.size_dff)
    assert found.is_response is None


def test_unknown_trials_are_left_out():
    values = sizes([0.04, 0.05, 0.07])
    assert mean_response([values[0], UNKNOWN, *values[1:]]) == mean_response(values)
    control = sizes([0.08, 0.09, 0.10])
    expected = fraction_left(control, values)
    assert fraction_left([UNKNOWN, *control], [*values, UNKNOWN]) == expected


def test_one_whose_noise_is_unknown_is_no_failure():
    found = mean_response([*sizes([0.05, 0.06]), replace(size(0.01), least_dff=math.nan)])
    assert (found.trials, found.failures) == (3, 0)


def test_the_error_of_the_blanks_does_not_shrink_with_trials():
    values = sizes([0.05] * 50, bleaching=-0.01, bleaching_se=0.004)
    assert mean_response(values).se_dff == pytest.approx(0.004, rel=1e-12)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence):
    values = sizes([0.04, 0.05])
    with pytest.raises(BadInputError, match=r"give a fraction, such as 0\.95"):
        mean_response(values, confidence=confidence)
    with pytest.raises(BadInputError, match=r"give a fraction, such as 0\.95"):
        fraction_left(values, values, confidence=confidence)


def fieller(control, treated, confidence):
    """Give the limits by Fieller's quadratic, with normal quantiles."""
    z = scipy.stats.norm.ppf(0.5 + confidence / 2)
    a, b = np.mean(control), np.mean(treated)
    var_a, var_b = (np.var(x, ddof=1) / len(x) for x in (control, treated))
    g = z**2 * var_a / a**2
    half = z / abs(a) * math.sqrt(var_b * (1 - g) + (b / a) ** 2 * var_a)
    return tuple((b / a + sign * half) / (1 - g) for sign in (-1, 1))


@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 1.0, 3.0, -0.2])
@pytest.mark.parametrize("confidence", [0.68, 0.95])
def test_limits_are_fiellers_where_degrees_are_many(left, confidence):
    rng = np.random.default_rng(8)
    control = rng.normal(0.06, 0.3, 40_000)
    treated = rng.normal(0.06 * left, 0.2, 40_000)
    found = fraction_left(sizes(control), sizes(treated), confidence=confidence)
    expected = fieller(control, treated, confidence)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert found.low < left < found.high or confidence < 0.9


def test_limits_with_few_trials_solve_the_equation_of_fieller_and_welch():
    control, treated = np.array([0.08, 0.10, 0.09]), np.array([0.02, 0.03, 0.01, 0.04])
    found = fraction_left(sizes(control), sizes(treated))
    for limit in (found.low, found.high):
        parts = [treated.var(ddof=1) / 4, limit**2 * control.var(ddof=1) / 3]
        degrees = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 2)
        reach = scipy.stats.t.ppf(0.975, degrees) * math.sqrt(sum(parts))
        assert abs(treated.mean() - limit * control.mean()) == pytest.approx(reach, rel=1e-6)
    assert found.low < treated.mean() / control.mean() < found.high


def test_limits_are_infinite_where_so_few_trials_exclude_nothing():
    control, treated = sizes([0.01, 0.05, 0.06, 0.04]), sizes([0.02, 0.03, 0.01])
    # above the noise at 95 %, not at 99 %: there it may have been 0
    assert mean_response(control).low_dff > 0 > mean_response(control, confidence=0.99).low_dff
    known = fraction_left(control, treated)
    assert math.isfinite(known.low)
    assert math.isfinite(known.high)
    found = fraction_left(control, treated, confidence=0.99)
    assert found.high == math.inf
    assert found.low < known.low
    assert found.fraction == known.fraction


@pytest.mark.parametrize(
    "control",
    [[0.01, -0.02, 0.03, 0.0], [-0.05, -0.06, -0.055], [0.03, 0.09], []],
    ids=["noise", "below 0", "two that differ", "none"],
)
def test_there_is_no_fraction_of_a_control_that_is_not_above_the_noise(control):
    found = fraction_left(sizes(control), sizes([0.02, 0.03, 0.01]))
    assert all(math.isnan(value) for value in (found.fraction, found.low, found.high))


def test_there_is_no_fraction_without_a_treated_trial():
    assert math.isnan(fraction_left(sizes([0.08, 0.09, 0.10]), [UNKNOWN]).fraction)


def test_a_treated_mean_below_0_leaves_less_than_nothing():
    found = fraction_left(sizes([0.09, 0.10, 0.11]), sizes([-0.02, -0.01, -0.015]))
    assert found.fraction == pytest.approx(-0.15, abs=0.005)
    assert found.low < found.fraction < found.high < 0


def test_what_the_blanks_add_is_common_to_control_and_drug():
    known = {"bleaching": -0.01, "bleaching_se": 0.01}
    control, treated = sizes([0.1, 0.1, 0.1], **known), sizes([0.1, 0.1, 0.1], **known)
    unblocked = fraction_left(control, treated)
    # nothing of it is left where nothing was blocked
    assert (unblocked.low, unblocked.high) == pytest.approx((1.0, 1.0), abs=1e-6)
    blocked = fraction_left(control, sizes([0.0, 0.0, 0.0], **known))
    # |f| 0.1 = 1.96 x 0.01 (1 - f)
    part = scipy.stats.norm.ppf(0.975) * 0.01 / 0.1
    assert blocked.low == pytest.approx(-part / (1 - part), rel=1e-6)
    assert blocked.high == pytest.approx(part / (1 + part), rel=1e-6)


def test_a_ratio_of_means_is_brought_back_by_the_variance_of_its_control():
    # mean 0.10, variance of the mean 1e-4 / 3, so a ratio is 1/300 of itself too far from 0
    control, treated = [0.09, 0.10, 0.11], [0.04, 0.05, 0.06]
    found = fraction_left(sizes(control), sizes(treated))
    assert found.fraction == pytest.approx(0.5 * (1 - 1 / 300), rel=1e-12)
    # and 1/100 more by blanks, by which both means are wrong alike
    known = {"bleaching": 0.0, "bleaching_se": 0.01}
    alike = fraction_left(sizes(control, **known), sizes(treated, **known))
    assert alike.fraction == pytest.approx(0.5 * (1 - 1 / 300 - 1 / 100) + 1 / 100, rel=1e-12)
    apart = fraction_left(sizes(control, **known), sizes(treated, **known), same_blanks=False)
    assert apart.fraction == pytest.approx(0.5 * (1 - 1 / 300 - 1 / 100), rel=1e-12)


def test_what_two_runs_blanks_add_is_not_common():
    control = sizes([0.1, 0.1, 0.1], bleaching=-0.010, bleaching_se=0.01)
    treated = sizes([0.1, 0.1, 0.1], bleaching=-0.011, bleaching_se=0.01)
    found = fraction_left(control, treated, same_blanks=False)
    for limit in (found.low, found.high):
        reach = scipy.stats.norm.ppf(0.975) * 0.01 * math.sqrt(1 + limit**2)
        assert abs(0.1 - 0.1 * limit) == pytest.approx(reach, rel=1e-6)


@pytest.mark.parametrize("spoilt", [0, 1, 2], ids=["first", "second", "last"])
@pytest.mark.parametrize("left", [0.1, 0.5, 1.0])
def test_a_lost_frame_leaves_the_blanks_common(spoilt, left):
    known = {"bleaching": -0.01, "bleaching_se": 0.01}
    control = sizes([0.101, 0.1, 0.099], **known)
    treated = sizes([0.1 * left + 0.0005, 0.1 * left, 0.1 * left - 0.0005], **known)
    expected = fraction_left(control, treated)
    treated[spoilt] = replace(treated[spoilt], bleaching_dff=-0.0101, bleaching_se_dff=0.0101)
    found = fraction_left(control, treated)
    assert found.high - found.low == pytest.approx(expected.high - expected.low, rel=0.02)


@pytest.mark.long
@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 1.0])
def test_fractions_of_many_experiments_are_unbiased_and_intervals_hold_the_truth(left):
    rng = np.random.default_rng(9)
    runs = 1500
    errors, held = [], 0
    for _ in range(runs):
        n, m = rng.integers(3, 11, 2)
        blanks = rng.normal(0, 0.002)
        known = {"bleaching": blanks, "bleaching_se": 0.002}
        control = sizes(0.08 - blanks + rng.normal(0, 0.01, n), **known)
        treated = sizes(0.08 * left - blanks + rng.normal(0, 0.01, m), **known)
        found = fraction_left(control, treated)
        errors.append(found.fraction - left)
        held += found.low <= left <= found.high
    se = np.std(errors) / math.sqrt(runs)
    assert abs(np.mean(errors)) < 0.005 + 3 * se
    assert 0.93 < held / runs < 0.97


def test_conditions_are_compared_with_the_first_in_order():
    values = {"control": [0.10, 0.11, 0.09], "wash": [0.08, 0.07], "CNQX": [0.02, 0.01, 0.03]}
    conditions = {"control": [4, 2, 6], "empty": [], "CNQX": [7, 8, 9], "wash": [10, 12, 99]}
    found = {}
    for name, of_condition in values.items():
        for number, value in zip(conditions[name], of_condition, strict=False):
            for scale, (roi, ion) in enumerate(
                (("b", "sodium"), ("a", "sodium"), ("b", "calcium"), ("a", "calcium")), start=1
            ):
                found[number, roi, ion] = size(scale * value)
    conditions["not analysed"] = [50, 51]
    means = condition_means(found, conditions)
    assert [(mean.roi, mean.ion, mean.condition) for mean in means] == [
        (roi, ion, name)
        for roi, ion in (("b", "sodium"), ("a", "sodium"), ("b", "calcium"), ("a", "calcium"))
        for name in ("control", "CNQX", "wash")
    ]
    for mean in means:
        scale = round(found[4, mean.roi, mean.ion].size_dff / 0.10)
        group = sizes([scale * value for value in values[mean.condition]])
        assert mean.mean == mean_response(group)
        if mean.condition == "control":
            assert mean.left is None
            assert math.isnan(mean.to_columns()["left"])
        else:
            control = sizes([scale * value for value in values["control"]])
            left = fraction_left(control, group)
            assert mean.left == left
            assert mean.to_columns()["left"] == left.fraction


def test_without_a_condition_that_has_trials_there_is_no_mean():
    assert condition_means({(1, "a", "sodium"): size(0.1)}, {"control": [2]}) == []
