"""The size of a response, read where another trace has its peak."""

import numpy as np
import pytest

from blueslice.analysis import amplitude_at_peak
from blueslice.errors import BadInputError

CONTROL = np.array([0, 0, 0, 1, 2, 4, 8, 4, 2, 1, 0, 0.0])


def test_a_treated_trace_is_read_at_the_controls_peak():
    treated = np.zeros(12)
    treated[1] = 99.0  # noise, elsewhere
    treated[4:9] = [1, 2, 3, 4, 5]
    assert amplitude_at_peak(treated, CONTROL) == 3.0
    assert amplitude_at_peak(CONTROL, CONTROL) == 4.0


def test_unknown_samples_do_not_count():
    treated = np.where(np.arange(12) == 6, np.nan, 2.0)
    assert amplitude_at_peak(treated, CONTROL) == 2.0
    guide = np.where(np.arange(12) < 8, np.nan, CONTROL)
    assert amplitude_at_peak(np.arange(12.0), guide) == np.mean([6, 7, 8, 9, 10])
    assert np.isnan(amplitude_at_peak(CONTROL, np.full(12, np.nan)))
    assert np.isnan(amplitude_at_peak(np.full(12, np.nan), CONTROL))


@pytest.mark.parametrize(("dff", "guide"), [(np.ones(3), np.ones(4)), ([], []), (1.0, 1.0)])
def test_traces_that_do_not_match_are_refused(dff, guide):
    with pytest.raises(BadInputError, match="two of the same length"):
        amplitude_at_peak(dff, guide)
