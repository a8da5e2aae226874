"""One quantity that fades at one rate."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from blueslice.sim.physiology._chain import linear_filter

__all__ = ["first_order"]

Values = NDArray[np.float64]


def first_order(
    source: Values, rate_per_ms: float, interval_ms: float, *, steady: bool = False
) -> Values:
    """Solve ``dy/dt = source - rate y``, exactly for a source linear between its samples.

    Parameters
    ----------
    source : (..., times) array
        What drives it, per ms.
    rate_per_ms : float
        How fast it fades.
    interval_ms : float
        Between samples.
    steady : bool
        Whether the first source has lasted for ever; otherwise y begins with 0.
    """
    kept, old, new = (float(v[0]) for v in linear_filter(np.array([rate_per_ms]), interval_ms))
    start = source[..., :1] / rate_per_ms if steady else np.zeros((*source.shape[:-1], 1))
    # lfilter adds its state to the first output: what is missing there to the start.
    found, _ = lfilter([new, old], [1.0, -kept], source, zi=start - new * source[..., :1])
    return found
