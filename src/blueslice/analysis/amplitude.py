"""The size of a response in a trace whose noise would hide, or be taken for, its highest sample."""

import numpy as np
import numpy.typing as npt

from blueslice.analysis.filters import smooth_in_time
from blueslice.errors import BadInputError

__all__ = ["amplitude_at_peak"]

# Two passes of 1, 2, 1 find the peak; five samples about it are its height.
_PASSES = 2
_REACH = 2


def amplitude_at_peak(dff: npt.ArrayLike, peak_of: npt.ArrayLike) -> float:
    """Read a trace where another has its peak: the mean of five samples about it.

    A treated trace is read where the control's mean has its peak: the highest of many samples of a
    trace without a response would be one of noise.

    Parameters
    ----------
    dff : array_like, shape (samples,)
        The trace that is read.
    peak_of : array_like, shape (samples,)
        The trace whose peak says where: smoothed twice by 1, 2, 1 for that. Samples where it is
        NaN are none.

    Returns
    -------
    float
        In the trace's unit; NaN when nothing is known there.

    Raises
    ------
    BadInputError
        When the traces do not match.
    """
    values, guide = np.asarray(dff, np.float64), np.asarray(peak_of, np.float64)
    if values.ndim != 1 or values.shape != guide.shape or not len(values):
        raise BadInputError(
            f"the traces have shapes {values.shape} and {guide.shape}; give two of the same length"
        )
    if not np.isfinite(guide).any():
        return float("nan")
    peak = int(np.nanargmax(smooth_in_time(guide, _PASSES)))
    near = values[max(peak - _REACH, 0) : peak + _REACH + 1]
    known = near[np.isfinite(near)]
    return float(known.mean()) if len(known) else float("nan")
