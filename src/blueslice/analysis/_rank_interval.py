"""Confidence intervals from rank tests, by inverting them."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["shifts_not_rejected"]


def shifts_not_rejected(
    steps: npt.NDArray[np.float64], p_of: Callable[[float], float], confidence: float
) -> tuple[float, float]:
    """Find the ends of what a rank test does not reject (Hodges & Lehmann 1963).

    Parameters
    ----------
    steps : ndarray of float64
        The shifts at which the test's p changes; it rises from either side to the middle one, so
        that each end is found by halving.
    p_of : callable
        p of the test after a shift.
    confidence : float
        Of the interval.

    Returns
    -------
    (float, float)
        Infinite where even the farthest shift is not rejected.
    """
    places = np.unique(steps)
    middles = np.concatenate(([places[0] - 1], (places[1:] + places[:-1]) / 2, [places[-1] + 1]))
    edges = np.concatenate(([-math.inf], places, [math.inf]))

    def accepts(gap: int) -> bool:
        return p_of(float(middles[gap])) > 1 - confidence

    def first_accepted(gaps: range) -> int:
        low, high = 0, len(gaps) - 1
        while low < high:
            at = (low + high) // 2
            if accepts(gaps[at]):
                high = at
            else:
                low = at + 1
        return gaps[low]

    centre = int(np.searchsorted(places, np.median(steps)))
    low = first_accepted(range(centre + 1))
    high = first_accepted(range(len(middles) - 1, centre - 1, -1))
    return float(edges[low]), float(edges[high + 1])
