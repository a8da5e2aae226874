"""The average response of several trials, each counted from the pulse that evoked it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blueslice.analysis._nan_mean import nan_mean
from blueslice.errors import BadInputError

__all__ = ["AveragedTrace", "average_trials", "time_grid"]


@dataclass(frozen=True, eq=False)
class AveragedTrace:
    """A mean over trials on a common time grid.

    Attributes
    ----------
    time_s : ndarray of float64, shape (times,)
        After the onset, in s; negative before it.
    aligned : ndarray of float64, shape (trials, times)
        Each trial on the grid; NaN where it has no samples on both sides.
    dff : ndarray of float64, shape (times,)
        Their mean; NaN where no trial is known.
    sem : ndarray of float64, shape (times,)
        Standard error of that mean; NaN where fewer than two trials are known.
    trial_count : ndarray of int64, shape (times,)
        Trials in it.
    """

    time_s: npt.NDArray[np.float64]
    aligned: npt.NDArray[np.float64]
    dff: npt.NDArray[np.float64]
    sem: npt.NDArray[np.float64]
    trial_count: npt.NDArray[np.int64]


def time_grid(from_s: float, to_s: float, interval_s: float) -> npt.NDArray[np.float64]:
    """Make even times from `from_s` to at most `to_s` that hold 0, the onset.

    Raises
    ------
    BadInputError
        When the interval is not positive or the window is empty.
    """
    if not (np.isfinite([from_s, to_s]).all() and 0 < interval_s < np.inf and from_s < to_s):
        raise BadInputError(
            f"a grid from {from_s!r} to {to_s!r} s every {interval_s!r} s has no times; give "
            "from < to and an interval above 0"
        )
    first, last = np.ceil(from_s / interval_s - 1e-9), np.floor(to_s / interval_s + 1e-9)
    return np.arange(first, last + 1) * interval_s


def average_trials(
    time_s: Iterable[npt.ArrayLike],
    trials: Iterable[npt.ArrayLike],
    onsets_s: npt.ArrayLike,
    grid_s: npt.ArrayLike,
    *,
    longest_gap_s: float = np.inf,
) -> AveragedTrace:
    """Align trials by their onsets on one grid and average them.

    Samples are joined by straight lines. Two ions on the same grid can be compared although
    their frames are taken 2 ms apart. A line has less noise half-way between two samples than at
    them and rounds off what is faster than the interval: where the rise itself is measured, give
    the trials to `fit_response` as they are.

    Parameters
    ----------
    time_s : array_like of shape (samples,), or one such for each trial
        Mid-exposure times in s, rising; NaN is padding.
    trials : iterable of array_like, each of shape (samples,)
        dF/F; NaN is skipped, and bridged by its neighbours.
    onsets_s : array_like, shape () or (trials,)
        The pulse that evoked each response, on the trial's clock.
    grid_s : array_like, shape (times,)
        After the onset, from `time_grid`.
    longest_gap_s : float
        Where neighbouring samples are further apart (frames were lost) the trial is NaN.

    Returns
    -------
    AveragedTrace

    Raises
    ------
    BadInputError
        When there is no trial, shapes do not match, or times do not rise.
    """
    values = [np.asarray(trial, np.float64) for trial in trials]
    if not values:
        raise BadInputError("there is no trial to average; give at least one")
    grid = np.asarray(grid_s, np.float64)
    onsets = np.asarray(onsets_s, np.float64)
    if onsets.shape not in ((), (len(values),)) or not np.isfinite(onsets).all():
        raise BadInputError(
            f"onsets have shape {onsets.shape} for {len(values)} trials; give one known time, or "
            "one for each trial"
        )
    times = _times_of_each(time_s, len(values))
    aligned = np.array(
        [
            _on_grid(t - onset, v, grid, longest_gap_s)
            for t, v, onset in zip(times, values, np.broadcast_to(onsets, len(values)), strict=True)
        ]
    )
    count = np.isfinite(aligned).sum(axis=0)
    mean = nan_mean(aligned)
    squares = np.where(np.isfinite(aligned), (aligned - mean) ** 2, 0.0).sum(axis=0)
    sem = np.full(mean.shape, np.nan)
    np.sqrt(squares / np.maximum(count * (count - 1.0), 1.0), out=sem, where=count > 1)
    return AveragedTrace(grid, aligned, mean, sem, count)


def _times_of_each(
    time_s: Iterable[npt.ArrayLike], trial_count: int
) -> list[npt.NDArray[np.float64]]:
    # not yet an array: trials may have different numbers of samples
    each = [np.asarray(times, np.float64) for times in time_s]
    if all(times.ndim == 0 for times in each):
        return [np.array(each)] * trial_count
    if len(each) != trial_count:
        raise BadInputError(
            f"times are given for {len(each)} trials, dF/F for {trial_count}; give the times once "
            "for all, or once for each"
        )
    return each


def _on_grid(
    since_s: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    grid: npt.NDArray[np.float64],
    longest_gap_s: float,
) -> npt.NDArray[np.float64]:
    if since_s.ndim != 1 or since_s.shape != values.shape:
        raise BadInputError(
            f"times and dF/F have shapes {since_s.shape} and {values.shape}; give one trace of each"
        )
    known = np.isfinite(since_s) & np.isfinite(values)
    since_s, values = since_s[known], values[known]
    if np.any(np.diff(since_s) <= 0):
        raise BadInputError("the sample times do not rise; give the samples in order of time")
    if not len(since_s):
        return np.full(grid.shape, np.nan)
    # rounding must not push a sample that lies on the grid's end beyond it
    near = 1e-9
    inside = (grid >= since_s[0] - near) & (grid <= since_s[-1] + near)
    if len(since_s) > 1:
        after = np.clip(np.searchsorted(since_s, grid), 1, len(since_s) - 1)
        in_gap = since_s[after] - since_s[after - 1] > longest_gap_s + near
        on_sample = np.abs(grid[:, None] - since_s).min(axis=1) < near
        inside &= ~in_gap | on_sample
    return np.where(inside, np.interp(grid, since_s, values), np.nan)
