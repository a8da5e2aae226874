"""Smoothing in time."""

import numpy as np
import pytest

from blueslice.analysis import smooth_in_time
from blueslice.errors import BadInputError


def test_weights_are_1_2_1_and_the_ends_keep_their_mean():
    spike = [0.0, 0.0, 4.0, 0.0, 0.0]
    assert smooth_in_time(spike).tolist() == [0, 1, 2, 1, 0]
    assert smooth_in_time([3.0, 0.0, 0.0]).tolist() == pytest.approx([2.0, 0.75, 0.0])


def test_a_constant_stays_and_noise_falls_as_the_weights_say():
    rng = np.random.default_rng(1)
    np.testing.assert_allclose(smooth_in_time(np.full((2, 9), 0.3), 5), 0.3, rtol=1e-12)
    noise = rng.standard_normal(100_000)
    assert smooth_in_time(noise).std() / noise.std() == pytest.approx(np.sqrt(6) / 4, rel=0.015)


def test_an_unknown_sample_stays_unknown_and_spoils_no_other():
    values = smooth_in_time([1.0, np.nan, 1.0, 1.0], 2)
    assert np.isnan(values[1])
    assert values[[0, 2, 3]].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("passes", [-1, 101, True])
def test_passes_out_of_range_are_refused(passes):
    with pytest.raises(BadInputError, match="passes = "):
        smooth_in_time([1.0], passes)
