"""One recorded trace: its check, and parts of it by time."""

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["check_trace", "part"]


def check_trace(name: str, values: npt.ArrayLike, sample_rate_Hz: float) -> npt.NDArray[np.float64]:
    """Return a trace as float64, or refuse it with one line."""
    trace = np.asarray(values, np.float64)
    if trace.ndim != 1 or not 0 < sample_rate_Hz < np.inf:
        raise BadInputError(
            f"{name} has shape {trace.shape} at sample_rate_Hz = {sample_rate_Hz!r}; give one "
            "trace of shape (samples,) and a rate above 0"
        )
    return trace


def part(
    trace: npt.NDArray[np.float64], sample_rate_Hz: float, begin_s: float, end_s: float
) -> npt.NDArray[np.float64]:
    """Return the samples from `begin_s` up to `end_s`; fewer where the trace is shorter."""
    first, last = (max(0, round(edge_s * sample_rate_Hz)) for edge_s in (begin_s, end_s))
    return trace[first:last]
