"""The numba functions behind `register`; importing this module compiles or loads them."""

import logging
from typing import Any

import numba
import numpy as np
from numba import types

__all__ = ["blur", "correlate_overlap"]

_logger = logging.getLogger(__name__)

_IMAGE = types.Array(types.float64, 2, "C", readonly=True)
_WEIGHTS = types.Array(types.float64, 1, "C")
_BLUR = types.Array(types.float64, 2, "C")(_IMAGE, _WEIGHTS, _WEIGHTS)
_CORRELATE = types.UniTuple(types.float64, 2)(
    _IMAGE, _IMAGE, _IMAGE, _IMAGE, types.int64, types.int64
)


def _blur(image: Any, weights_y: Any, weights_x: Any):  # noqa: ANN202
    """Correlate with an odd number of weights along y, then x; 0 where they reach outside.

    SciPy's correlate1d takes five times as long where the weights are not symmetric.
    """
    # unsigned indices: checks for negative ones would keep the loops from being vectorised
    rows, columns = np.uintp(image.shape[0]), np.uintp(image.shape[1])
    taps_y, taps_x = np.uintp(len(weights_y)), np.uintp(len(weights_x))
    reach_y, reach_x = np.uintp(taps_y // 2), np.uintp(taps_x // 2)
    inner_rows = np.uintp(rows - np.uintp(2) * reach_y)
    inner_columns = np.uintp(columns - np.uintp(2) * reach_x)
    result = np.zeros((rows, columns))
    row = np.empty(columns)
    for y in range(inner_rows):
        row[:] = 0.0
        for k in range(taps_y):
            weight = weights_y[k]
            for x in range(columns):
                row[x] += weight * image[y + k, x]
        for k in range(taps_x):
            weight = weights_x[k]
            for x in range(inner_columns):
                result[y + reach_y, x + reach_x] += weight * row[x + k]
    return result


def _correlate_overlap(  # noqa: ANN202
    fixed: Any, fixed_usable: Any, moving: Any, moving_usable: Any, down: Any, right: Any
):
    """Give the pixels usable in both images at a shift, and their correlation coefficient.

    The images have to be near zero mean: sums of squares would lose digits. Even light has
    the correlation -2, below all others.
    """
    rows, columns = fixed.shape
    count = sum_f = sum_m = sum_ff = sum_mm = sum_fm = 0.0
    for y in range(max(0, -down), rows - max(0, down)):
        for x in range(max(0, -right), columns - max(0, right)):
            weight = fixed_usable[y, x] * moving_usable[y + down, x + right]
            f, m = fixed[y, x], moving[y + down, x + right]
            count += weight
            sum_f += weight * f
            sum_m += weight * m
            sum_ff += weight * f * f
            sum_mm += weight * m * m
            sum_fm += weight * f * m
    if count == 0:
        return count, -2.0
    variance_f = sum_ff - sum_f * sum_f / count
    variance_m = sum_mm - sum_m * sum_m / count
    if variance_f <= 1e-12 * sum_ff or variance_m <= 1e-12 * sum_mm:
        return count, -2.0
    return count, (sum_fm - sum_f * sum_m / count) / np.sqrt(variance_f * variance_m)


def _compile(function: Any, signature: Any) -> Any:
    """Compile, keeping the machine code on disk where that is possible."""
    try:
        return numba.njit(signature, nogil=True, cache=True)(function)
    except Exception as error:
        # see blueslice.analysis._compiled: numba lets many faults of its cache out
        _logger.debug("numba cannot keep compiled code: %s", error)
        return numba.njit(signature, nogil=True)(function)


blur = _compile(_blur, _BLUR)
correlate_overlap = _compile(_correlate_overlap, _CORRELATE)
