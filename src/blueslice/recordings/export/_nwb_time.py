"""Times as NWB wants them: a rate where they are regular, each of them where they are not."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["timing"]

# What the inspector takes for the same step.
_DECIMALS = 9


def timing(times_s: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the arguments of a TimeSeries for its times.

    Parameters
    ----------
    times_s : ndarray of float64, shape (samples,)
        After the session's start, rising.

    Returns
    -------
    dict
        ``timestamps``; of three or more equally spaced ones, to 1 ns, ``starting_time`` and
        ``rate``, which the best practices ask for.
    """
    steps = np.diff(times_s)
    if len(times_s) > 2 and len(np.unique(steps.round(_DECIMALS))) == 1:
        length_s = float(times_s[-1] - times_s[0])
        # 250 Hz must not become 250.00000000000003.
        return {"starting_time": float(times_s[0]), "rate": round(len(steps) / length_s, 6)}
    return {"timestamps": times_s}
