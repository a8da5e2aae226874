"""Smoothing of traces, where one asks for it: nothing else in the analysis filters."""

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["smooth_in_time"]


def smooth_in_time(values: npt.ArrayLike, passes: int = 1) -> npt.NDArray[np.float64]:
    """Average each sample with its neighbours by the weights 1, 2, 1.

    Each pass widens by about one sample's interval; noise falls to 0.61 of its SD with the first.
    A sample that is NaN stays so and counts for none of its neighbours.

    Parameters
    ----------
    values : array_like, shape (..., samples)
        Traces at even intervals.
    passes : int
        How often, from 0 (nothing) to 100.

    Returns
    -------
    ndarray of float64, of the same shape

    Raises
    ------
    BadInputError
        When the number of passes is not allowed.
    """
    if isinstance(passes, bool) or not 0 <= passes <= 100:
        raise BadInputError(f"passes = {passes!r}: give a whole number from 0 to 100")
    smooth = np.array(values, np.float64)
    unknown = np.isnan(smooth)
    for _ in range(passes):
        known = np.where(unknown, 0.0, smooth)
        weight = np.where(unknown, 0.0, 1.0)
        total, counted = 2 * known, 2 * weight
        total[..., 1:] += known[..., :-1]
        counted[..., 1:] += weight[..., :-1]
        total[..., :-1] += known[..., 1:]
        counted[..., :-1] += weight[..., 1:]
        smooth = np.where(unknown, np.nan, total / np.maximum(counted, 1.0))
    return smooth
