"""A spike's rise: timed where the noise allows it, and not told otherwise."""

import math

import numpy as np
import pytest

from blueslice.paper.experiments.action_potentials import _rise_ms

TIME_S = np.arange(0.0, 0.1, 0.002)
ONSET_S = 0.041
RISE_S = 0.004


def spike(noise: float) -> np.ndarray:
    """Draw a step of 1 % that rises in a straight line, and noise before it alone."""
    step = np.clip((TIME_S - ONSET_S) / RISE_S, 0.0, 1.0)
    return 0.01 * step + np.where(TIME_S < ONSET_S, noise * (-1.0) ** np.arange(len(TIME_S)), 0.0)


def test_a_clear_rise_is_timed():
    # Samples of 0, 25, 75 and 100 % at 40, 42, 44 and 46 ms: 10 % at 40.8, 90 % at 45.2 ms.
    assert _rise_ms(TIME_S, spike(1e-7), ONSET_S) == pytest.approx(4.4, abs=0.01)


def test_a_rise_in_more_noise_than_a_tenth_of_it_is_not():
    assert math.isnan(_rise_ms(TIME_S, spike(0.0015), ONSET_S))
