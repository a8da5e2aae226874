"""A run as a MAT file of version 5, which every Matlab and Octave reads."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.io import savemat

from blueslice.errors import BadInputError
from blueslice.recordings.export.frames import frame_table
from blueslice.recordings.export.measures import measure_rows
from blueslice.recordings.export.run_data import Progress, RunData, no_progress

__all__ = ["write_mat"]

# The format counts a variable's bytes in 32 bits, signed in Matlab's own reader.
_MOST_BYTES = 2**31 - 2**16


def write_mat(run: RunData, path: Path, progress: Progress = no_progress) -> None:
    """Write everything of a run into one MAT file.

    Arrays keep their axes: ``camera(trial, frame, y, x)``. ``frames`` tells of each frame its
    trial and place (from 1), counter, state and times; ``trials`` has a column for each of the
    stream's, ``annotations`` too where there are some; ``dff`` the derived run, ``measures`` the
    sizes of its responses (`measure_rows`; ``response`` is 1, 0, or NaN for unknown);
    ``start_json`` and ``dff_start_json`` the documents, for ``jsondecode``. A name that Matlab
    does not allow has ``_`` for what it does not.

    Parameters
    ----------
    run : RunData
        The run.
    path : Path
        The file.
    progress : callable
        Is told how many arrays of how many are read.

    Raises
    ------
    BadInputError
        When an array is larger than the format can hold.
    """
    stored = {**run.arrays, **run.original}
    for name, array in stored.items():
        size = run.trial_count * int(np.prod(array.shape[1:])) * array.dtype.itemsize
        if size > _MOST_BYTES:
            raise BadInputError(
                f"run {run.uid[:8]}: {name} is {size / 2**30:.1f} GiB, and a MAT file holds at "
                "most 2 GiB in one variable; export it as nwb, which Matlab reads by h5read"
            )
    content: dict[str, Any] = {}
    for done, (name, array) in enumerate(stored.items()):
        progress(done, len(stored) + 1)
        content[_allowed(name)] = np.asarray(array[: run.trial_count])
    content["trials"] = _cells({name: run.column(name, 0) for name in run.trials})
    if run.annotations:
        content["annotations"] = _cells(run.annotations)
    content["trial_starts_s"] = run.trial_starts_s()
    content["sample_rate_Hz"] = run.sample_rate_Hz
    content["start_json"] = json.dumps(run.start)
    if run.has_frames:
        table = frame_table(run)
        every = np.arange(len(table.trial))
        content["frames"] = {
            "trial": table.trial + 1,
            "place": table.stored + 1,
            "counter": table.counter,
            "state": table.state,
            "time_in_trial_s": table.time_s,
            "time_s": table.run_times_s(every),
        }
    if run.derived is not None:
        content["dff"] = _cells(run.derived.columns)
        rows = measure_rows(run)
        if rows:
            content["measures"] = _cells(_columns(rows))
        content["dff_start_json"] = json.dumps(run.derived.start)
    savemat(
        path, content, appendmat=False, do_compression=True, oned_as="column", long_field_names=True
    )
    progress(1, 1)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, npt.NDArray[Any]]:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns["response"] = [np.nan if told is None else float(told) for told in columns["response"]]
    return {name: np.array(values) for name, values in columns.items()}


def _cells(columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Return columns, texts as cells: a matrix of letters would pad them with spaces."""
    return {
        _allowed(name): values.astype(object) if values.dtype.kind == "U" else values
        for name, values in columns.items()
    }


def _allowed(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
