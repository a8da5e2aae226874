"""When the stimulator really pulsed, from its recorded monitor line."""

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["find_pulses"]


def find_pulses(
    line: npt.ArrayLike, *, sample_rate_Hz: float, threshold_V: float
) -> npt.NDArray[np.float64]:
    """Find the onsets of the pulses on a monitor line.

    Parameters
    ----------
    line : array_like, shape (samples,) or (frames, samples per frame)
        Volts from the trial's start. NaN is a sample that was not recorded (yet): it begins no
        pulse and ends none.
    sample_rate_Hz : float
        Samples per second.
    threshold_V : float
        A sample above it is high.

    Returns
    -------
    ndarray of float64, shape (pulses,)
        Seconds from the trial's start to the first high sample of each pulse. A line that is
        high from its first sample has a pulse at 0 s.

    Raises
    ------
    BadInputError
        When the sample rate is not positive.
    """
    if not sample_rate_Hz > 0:
        raise BadInputError(f"sample_rate_Hz = {sample_rate_Hz!r} must be greater than 0")
    volts = np.asarray(line, dtype=np.float64).ravel()
    recorded = np.flatnonzero(~np.isnan(volts))
    high = volts[recorded] > threshold_V
    rising = high & ~np.concatenate(([False], high[:-1]))
    return recorded[rising] / sample_rate_Hz
