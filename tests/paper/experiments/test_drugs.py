"""What the drugs' experiments are boiled down to, on answers whose numbers are known."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from blueslice.paper.experiments._answer import SAMPLES, Answer, Answers
from blueslice.paper.experiments.drugs import cpp_values


def _answer(peak):
    # A plateau, so that it does not matter where it is read.
    trace = np.full(SAMPLES, peak)
    return Answer(sodium=trace, calcium=trace, epsp_mV=5.0, voltage_mV=np.zeros(10))


def _cells(before, after):
    return [
        Answers(
            answers=(_answer(b), _answer(a)),
            pulses_ms=[36.0],
            picture=np.zeros((2, 2)),
            change=np.zeros((2, 2)),
            box=(0, 0, 1, 1),
        )
        for b, a in zip(before, after, strict=True)
    ]


@pytest.fixture
def peaks():
    rng = np.random.default_rng(5)
    before = 0.05 + 0.01 * rng.standard_normal(30)
    return before, 0.8 * before + 0.006 * rng.standard_normal(30)


def test_with_as_many_cells_as_the_paper_there_is_one_p(peaks):
    before, after = (values[:5] for values in peaks)
    found = cpp_values(_cells(before, after), [])["cpp-sodium-p"]
    expected = ttest_rel(before, after).pvalue
    assert (found.value, found.low, found.high) == pytest.approx((expected,) * 3)
    assert found.n == 5


def test_with_more_cells_the_middle_p_of_draws_of_five_is_told(peaks):
    before, after = peaks
    found = cpp_values(_cells(before, after), [])["cpp-sodium-p"]
    rng = np.random.default_rng(0)
    draws = [rng.choice(30, 5, replace=False) for _ in range(2000)]
    middle = np.median([ttest_rel(before[draw], after[draw]).pvalue for draw in draws])
    assert found.value == pytest.approx(middle, rel=0.3)
    assert found.low < found.value < found.high
    assert found.n == 5
    assert "draws of 5" in found.note


def test_what_is_left_is_of_the_means(peaks):
    before, after = peaks
    found = cpp_values(_cells(before, after), [])["cpp-sodium"]
    assert found.value == pytest.approx(1e2 * after.mean() / before.mean())
