"""A mean that skips what is not known."""

import numpy as np
import numpy.typing as npt

__all__ = ["nan_mean"]


def nan_mean(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Average over the first axis, skipping NaN; NaN, without a warning, where all is unknown."""
    each = np.asarray(values, np.float64)
    known = np.isfinite(each)
    count = known.sum(axis=0)
    total = np.where(known, each, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
