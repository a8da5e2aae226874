"""Tests and intervals equal those of textbooks, and hold their error rates."""

import math

import numpy as np
import pytest
import scipy.stats

from blueslice.analysis import compare_groups, compare_mixed, compare_paired
from blueslice.errors import BadInputError

# Student's sleep data (Biometrika 1908), hours gained by ten patients on two drugs.
FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_student_s_own_example():
    found = compare_paired(FIRST, SECOND, unit="patient")
    assert (found.statistic, found.degrees_of_freedom) == (pytest.approx(4.0621, abs=1e-4), 9)
    assert found.p_value == pytest.approx(0.002833, abs=1e-6)
    assert (found.effect, found.low, found.high) == pytest.approx((1.58, 0.7001, 2.4599), abs=1e-4)
    assert found.text.startswith("paired t test, n = 10 (patient), t = 4.06, p = 0.0028; effect")


def test_welch_on_the_same_numbers():
    found = compare_groups(FIRST, SECOND, unit="patient")
    assert found.statistic == pytest.approx(1.8608, abs=1e-4)
    assert found.degrees_of_freedom == pytest.approx(17.776, abs=1e-3)
    assert found.p_value == pytest.approx(0.07939, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((-0.2055, 3.3655), abs=1e-4)
    assert found.n == (10, 10)


def test_rank_tests_and_their_intervals():
    before = np.array([125.0, 115, 130, 140, 142, 115, 148, 125, 120, 135])
    change = np.array([7.0, -15, 10.5, 0.5, -1, 25.2, -5.1, 12, 20, 8])
    found = compare_paired(before, before + change, unit="cell", test="wilcoxon")
    assert found.p_value == pytest.approx(scipy.stats.wilcoxon(change).pvalue)
    means = [(a + b) / 2 for k, a in enumerate(change) for b in change[k:]]
    assert found.effect == pytest.approx(np.median(means))
    # exact 95 % limits for 10 pairs: the 9th smallest and largest of the 55 means
    assert (found.low, found.high) == pytest.approx((sorted(means)[8], sorted(means)[-9]))

    one, other = np.arange(8.0) ** 1.5, np.arange(7.0) * 3 + 4.1
    found = compare_groups(one, other, unit="cell", test="mann-whitney")
    differences = np.sort((other[:, None] - one).ravel())
    assert found.p_value == pytest.approx(scipy.stats.mannwhitneyu(other, one).pvalue)
    assert found.effect == pytest.approx(np.median(differences))
    # for groups of 8 and 7 the 11th smallest and largest of the 56 differences
    assert (found.low, found.high) == pytest.approx((differences[10], differences[-11]))


def test_too_few_for_a_rank_test_to_exclude_anything():
    found = compare_paired([1, 2, 3], [2.1, 3.2, 4.3], unit="cell", test="wilcoxon")
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert found.p_value == pytest.approx(0.25)


def test_unknown_numbers_are_left_out():
    with_nan = compare_paired([*FIRST, np.nan, 3], [*SECOND, 2, np.nan], unit="cell")
    assert with_nan == compare_paired(FIRST, SECOND, unit="cell")
    assert compare_groups([*FIRST, np.nan], SECOND, unit="cell").n == (10, 10)


def make_cells(rng, effect, *, within, cells=8, trials=5, scale=1.0):
    cell = np.repeat(np.arange(cells), trials)
    second = np.tile(np.arange(trials) % 2 == 1, cells) if within else cell % 2 == 1
    values = 5 + rng.normal(0, 2, cells)[cell] + rng.normal(0, 1, len(cell)) + effect * second
    return scale * values, second, np.array([f"cell {number}" for number in cell])


def test_mixed_model_of_a_balanced_design_is_the_known_one():
    # two trials of either condition in each cell: REML gives the difference of the means, and
    # the error of the trials within cells
    values, second, cells = make_cells(np.random.default_rng(41), 1.0, within=True, trials=4)
    found = compare_mixed(values, second, cells)
    table = values.reshape(8, 2, 2)
    assert found.effect == pytest.approx(table[:, :, 1].mean() - table[:, :, 0].mean(), rel=1e-4)
    residual = values.reshape(8, 4) - values.reshape(8, 4).mean(axis=1, keepdims=True)
    residual = residual - found.effect * (second.reshape(8, 4) - 0.5)
    variance = (residual**2).sum() / (32 - 8 - 1)
    assert found.effect / found.statistic == pytest.approx(np.sqrt(variance * 2 / 16), rel=1e-3)
    assert (found.n, found.degrees_of_freedom) == ((32, 8), 23)


@pytest.mark.slow
@pytest.mark.parametrize("within", [True, False], ids=["within cells", "between cells"])
def test_mixed_model_holds_its_error_rate(within):
    rng = np.random.default_rng(42)
    found = [compare_mixed(*make_cells(rng, 0.7, within=within)) for _ in range(120)]
    held = np.mean([one.low <= 0.7 <= one.high for one in found])
    assert 0.88 <= held <= 0.995
    assert np.mean([one.effect for one in found]) == pytest.approx(0.7, abs=0.4)


def test_trials_are_no_cells():
    # of cells alike, a test that takes trials for units finds an effect far too often
    rng = np.random.default_rng(45)
    wrong, right = [], []
    for _ in range(30):
        values, second, cells = make_cells(rng, 0.0, within=False, cells=6)
        wrong.append(compare_groups(values[~second], values[second], unit="trial").p_value)
        right.append(compare_mixed(values, second, cells).p_value)
    assert np.mean(np.array(wrong) < 0.05) > 0.25
    assert np.mean(np.array(right) < 0.05) < 0.15


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_mixed_model_does_not_depend_on_the_unit(scale):
    one = compare_mixed(*make_cells(np.random.default_rng(43), 1.0, within=True))
    other = compare_mixed(*make_cells(np.random.default_rng(43), 1.0, within=True, scale=scale))
    assert other.effect == pytest.approx(scale * one.effect, rel=1e-3)
    assert other.p_value == pytest.approx(one.p_value, rel=0.02)


def test_cells_that_do_not_differ_are_no_error():
    rng = np.random.default_rng(44)
    second = np.tile([False, True], 12)
    found = compare_mixed(rng.normal(size=24) + second, second, np.repeat(np.arange(6), 4))
    assert 0 < found.p_value < 1


HALF = np.array([True, False] * 4)
CELLS = np.repeat(np.arange(4), 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare_paired([1, 2], [1, 2, 3], unit="cell"), "shapes"),
        (lambda: compare_paired([1, 2], [2, 3], unit="cell"), "1 different changes"),
        (lambda: compare_paired([1, 2], [2, np.nan], unit="cell"), "1 pairs"),
        (lambda: compare_paired([1, 2], [2, 5], unit=" "), "unit = ' '"),
        (lambda: compare_paired([1, 2], [2, 5], unit="cell", test="z"), "test = 'z'"),
        (lambda: compare_paired([1, 2], [2, 5], unit="cell", confidence=95), "confidence = 95"),
        (lambda: compare_groups([1, 2], [[2, 5]], unit="cell"), "shapes"),
        (lambda: compare_groups([1, 2], [3], unit="cell"), "2 and 1 known"),
        (lambda: compare_groups([1, 1], [3, 3], unit="cell"), "all alike"),
        (lambda: compare_groups([1, 2], [3, 5], unit="cell", test="z"), "test = 'z'"),
        (lambda: compare_mixed(np.arange(8.0), HALF, CELLS[1:]), "shapes"),
        (lambda: compare_mixed(np.arange(8.0), HALF * 1, CELLS), "is_second is of type"),
        (lambda: compare_mixed(np.arange(8.0), HALF | True, CELLS), "8 of 8 trials"),
        (lambda: compare_mixed(np.arange(8.0), HALF, CELLS // 2), "8 trials of 2 cells"),
        (lambda: compare_mixed(np.ones(8), HALF, CELLS), "that differ"),
        (lambda: compare_mixed(np.arange(8.0), HALF, CELLS, confidence=2), "confidence = 2"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
