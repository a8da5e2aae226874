"""Size and speed of one response, measured on the trace as it is."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["ResponseMeasures", "response_measures", "rise_to_plateau_s"]


@dataclass(frozen=True)
class ResponseMeasures:
    """Measures of one response; NaN for what the trace does not show.

    Attributes
    ----------
    peak_dff : float
        Largest dF/F of a sample at or after the stimulus, within the time asked for.
    peak_time_s : float
        Time of that sample after the stimulus.
    onset_s : float
        Time after the stimulus where the line through the 10 % and 90 % points of the rise
        meets zero.
    rise_10_90_s : float
        Time from 10 to 90 % of the peak, on the last rise before it.
    half_decay_s : float
        Time from the peak until the trace first falls to half of it.
    """

    peak_dff: float
    peak_time_s: float
    onset_s: float
    rise_10_90_s: float
    half_decay_s: float


def response_measures(
    time_s: npt.ArrayLike,
    dff: npt.ArrayLike,
    stimulus_s: float,
    *,
    peak_within_s: float = math.inf,
) -> ResponseMeasures:
    """Measure a response that follows a stimulus.

    Crossings are interpolated linearly between samples; samples that are NaN are skipped. The
    rise may begin between the last sample before the stimulus and the first after it. No
    smoothing: the peak of a noisy trace is its highest sample, and so overestimates.

    Parameters
    ----------
    time_s : array_like, shape (samples,)
        Rising sample times in s.
    dff : array_like, shape (samples,)
        dF/F with baseline 0, positive for a response.
    stimulus_s : float
        Time of the stimulus, on the same clock.
    peak_within_s : float
        How long after the stimulus the peak may be, in s: in a long small response the highest
        sample of all is one of noise, anywhere.

    Returns
    -------
    ResponseMeasures
        All NaN when no sample within that time follows the stimulus; only the peak's value and
        time when the peak is not positive.

    Raises
    ------
    BadInputError
        When the arrays do not match, the times do not rise, or the peak may be nowhere.
    """
    if not peak_within_s > 0:
        raise BadInputError(f"peak_within_s = {peak_within_s}: give a time above 0 s")
    times, values = _known_samples(time_s, dff)
    first = int(np.searchsorted(times, stimulus_s, side="left"))
    end = int(np.searchsorted(times, stimulus_s + peak_within_s, side="right"))
    if first >= end:
        return ResponseMeasures(*[math.nan] * 5)
    peak = first + int(np.argmax(values[first:end]))
    height, peak_time = float(values[peak]), float(times[peak])
    if height <= 0:
        return ResponseMeasures(height, peak_time - stimulus_s, math.nan, math.nan, math.nan)

    rise = slice(max(first - 1, 0), peak + 1)
    at_10 = _last_rise_through(times[rise], values[rise], 0.1 * height)
    at_90 = _last_rise_through(times[rise], values[rise], 0.9 * height)
    half = _first_fall_to(times[peak:], values[peak:], 0.5 * height)
    return ResponseMeasures(
        peak_dff=height,
        peak_time_s=peak_time - stimulus_s,
        onset_s=at_10 - (at_90 - at_10) / 8 - stimulus_s,
        rise_10_90_s=at_90 - at_10,
        half_decay_s=half - peak_time,
    )


def rise_to_plateau_s(
    time_s: npt.ArrayLike,
    dff: npt.ArrayLike,
    stimulus_s: float,
    plateau_s: tuple[float, float] = (0.008, 0.032),
) -> float:
    """Measure the 10-90 % rise of a signal that stays up, as a spike's sodium does.

    Its highest sample would be one of noise, anywhere on the plateau; so 100 % is the mean of the
    plateau, and the rise the one that leads to its first sample at 90 % or above.

    Parameters
    ----------
    time_s : array_like, shape (samples,)
        Rising sample times in s.
    dff : array_like, shape (samples,)
        dF/F with baseline 0, positive for a response; NaN where it is not known.
    stimulus_s : float
        Time of the stimulus, on the same clock.
    plateau_s : (float, float)
        Where the plateau is, in s after the stimulus.

    Returns
    -------
    float
        In s; NaN when there is no positive plateau, or the trace begins on it.

    Raises
    ------
    BadInputError
        When the arrays do not match or the times do not rise.
    """
    times, values = _known_samples(time_s, dff)
    since_s = times - stimulus_s
    on_plateau = (since_s >= plateau_s[0]) & (since_s < plateau_s[1])
    height = float(values[on_plateau].mean()) if on_plateau.any() else math.nan
    if not height > 0:
        return math.nan
    first = int(np.searchsorted(times, stimulus_s, side="left"))
    # On a plateau there are samples at 90 %, unless it is all below 0 but for its mean.
    reached = first + int(np.argmax(values[first:] >= 0.9 * height))
    rise = slice(max(first - 1, 0), reached + 1)
    at_10 = _last_rise_through(times[rise], values[rise], 0.1 * height)
    at_90 = _last_rise_through(times[rise], values[rise], 0.9 * height)
    return at_90 - at_10


def _known_samples(
    time_s: npt.ArrayLike, dff: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    times, values = np.asarray(time_s, np.float64), np.asarray(dff, np.float64)
    if times.ndim != 1 or times.shape != values.shape:
        raise BadInputError(
            f"times and dF/F have shapes {times.shape} and {values.shape}; give one trace of each"
        )
    known = np.isfinite(times) & np.isfinite(values)
    times, values = times[known], values[known]
    if np.any(np.diff(times) <= 0):
        raise BadInputError("the sample times do not rise; give the samples in order of time")
    return times, values


def _last_rise_through(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], level: float
) -> float:
    below = np.flatnonzero(values <= level)
    if below.size == 0:
        return math.nan
    before = int(below[-1])
    return _interpolate(times, values, before, level)


def _first_fall_to(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], level: float
) -> float:
    reached = np.flatnonzero(values <= level)
    if reached.size == 0:
        return math.nan
    return _interpolate(times, values, int(reached[0]) - 1, level)


def _interpolate(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], before: int, level: float
) -> float:
    fraction = (level - values[before]) / (values[before + 1] - values[before])
    return float(times[before] + fraction * (times[before + 1] - times[before]))
