"""What is known of each recorded trial, also where a killed process did not come to tell it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.recordings.export._catalogue_arrays import LazyArray
from blueslice.trial import count_clock_frames

__all__ = ["TIME_TOLD", "note_all_trials"]

TIME_TOLD = "time_told"
"""Column of the trials, there only where some have no event: whether the time is one's."""

_CLOCKS = ("time", "rest-experiment_time_s")


def note_all_trials(
    columns: Mapping[str, npt.NDArray[Any]],
    start: Mapping[str, Any],
    arrays: Mapping[str, LazyArray],
    recorded: int,
) -> dict[str, npt.NDArray[Any]]:
    """Complete the columns of stream ``trials`` to all trials that are recorded.

    A process that is killed between a trial's recordings and its event leaves a trial that is
    whole and has no event; only the last trials of a run can lack one (decision 17). What was
    planned of it is in the start document. What only the event could tell is left open: NaN, or
    an empty text. Its time is continued from the trials before it, and `TIME_TOLD` says so.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Of the stream, first axis event; empty when there was none.
    start : mapping
        The run's start document.
    arrays : mapping of str to LazyArray
        The recordings, first axis trial.
    recorded : int
        Trials that they hold.

    Returns
    -------
    dict of str to ndarray
        First axis trial; events beyond the recordings stay.
    """
    noted = len(columns.get("time", ()))
    if recorded <= noted:
        return dict(columns)
    told = {**columns, TIME_TOLD: np.ones(noted, bool)}
    missing = slice(noted, recorded)
    planned = {
        f"trial-{name}": _column(values[missing])
        for name, values in start.get("trial_table", {}).items()
        if len(values) >= recorded
    }
    duration_s = float(start["trial"]["frame_count"]) / float(start["trial"]["frame_rate_Hz"])
    # Without an event the run's start is the only time that is known.
    before_s = {"time": np.full(1, float(start["time"]))} if not noted else {}
    for name in _CLOCKS:
        known_s = before_s.get(name, columns.get(name))
        if known_s is not None:
            planned[name] = _continued(known_s, recorded - noted, duration_s)
    planned[TIME_TOLD] = np.zeros(recorded - noted, bool)
    planned["trial-ok"] = np.array([_is_whole(arrays, k) for k in range(noted, recorded)])
    return {
        name: np.concatenate([told[name], planned.get(name, _open(told[name], recorded - noted))])
        if name in told
        else np.concatenate([_open(values, noted), values])
        for name, values in {**told, **planned}.items()
    }


def _column(values: Sequence[Any]) -> npt.NDArray[Any]:
    """Return planned values as the events tell them: what is not known is NaN."""
    if any(value is None for value in values):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    return np.asarray(values)


def _continued(
    known_s: npt.NDArray[Any], missing: int, duration_s: float
) -> npt.NDArray[np.float64]:
    """Continue times by the middle of their distances, at the least by a trial's length."""
    known_s = np.asarray(known_s, np.float64)
    distance_s = max(float(np.median(np.diff(known_s))) if len(known_s) > 1 else 0.0, duration_s)
    return known_s[-1] + distance_s * np.arange(1, missing + 1)


def _is_whole(arrays: Mapping[str, LazyArray], k: int) -> bool:
    counter = arrays.get("camera-counter")
    if counter is None:
        return True
    numbers = np.asarray(counter[k])
    return count_clock_frames(numbers, len(numbers)) == len(numbers)


def _open(like: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Return values that say nothing, of the kind of a column."""
    if like.dtype.kind in "iuf":
        return np.full((count, *like.shape[1:]), np.nan)
    return np.full((count, *like.shape[1:]), False if like.dtype.kind == "b" else "")
