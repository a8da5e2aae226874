"""Means and their intervals over cells."""

import math

import numpy as np
import pytest

from blueslice.paper.values import mean_of, measure_of, scaled


def test_mean_leaves_out_cells_that_do_not_show_it():
    found = mean_of([1.0, math.nan, 3.0, 2.0], 10.0)
    assert (found.value, found.n, found.sd) == (20.0, 3, 10.0)
    assert 10.0 <= found.low < 20.0 < found.high <= 30.0


@pytest.mark.parametrize(("values", "n"), [([], 0), ([math.nan], 0), ([4.0], 1)])
def test_fewer_than_two_cells_have_no_interval(values, n):
    found = mean_of(values)
    assert found.n == n
    assert math.isnan(found.low)
    assert math.isnan(found.value) == (n == 0)


def test_a_ratio_is_of_the_means_and_its_interval_of_drawn_cells():
    cells = np.array([[1.0, 10.0], [3.0, 10.0], [2.0, 10.0], [2.0, 10.0]])
    found = measure_of(cells, lambda mean: float(mean[0] / mean[1]))
    assert found.value == pytest.approx(0.2)
    assert 0.1 <= found.low < 0.2 < found.high <= 0.3
    assert scaled(found, 100.0).high == pytest.approx(100 * found.high)
