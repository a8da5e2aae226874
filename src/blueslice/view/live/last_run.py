"""The last run, from the catalogue, as the messages that its session would have sent."""

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from blueslice._data_directory import DataDirectory
from blueslice.callbacks._feed_run import run_message, thinned
from blueslice.errors import BluesliceError
from blueslice.recordings.export._catalogue_arrays import read_columns
from blueslice.recordings.export._noted_bath import note_bath

__all__ = ["last_run_messages"]

logger = logging.getLogger(__name__)


def last_run_messages(directory: DataDirectory) -> list[Mapping[str, Any]]:
    """Read the newest raw run and its dF/F.

    Parameters
    ----------
    directory : DataDirectory
        Its catalogue is opened for reading.

    Returns
    -------
    list of message
        Empty when there is no catalogue or no run in it.
    """
    from blueslice.broker import open_catalogue

    try:
        with warnings.catch_warnings():
            # Of what Tiled imports; a viewer can do nothing about it.
            warnings.simplefilter("ignore")
            return _read(open_catalogue(directory).v3)
    except BluesliceError as error:
        logger.info("%s", error)
        return []


def _read(catalogue: Any) -> list[Mapping[str, Any]]:
    raw, derived = None, []
    count = len(catalogue)
    for run in reversed(catalogue.values()[max(0, count - 50) :]):
        start = run.metadata["start"]
        if "raw_run" in start:
            derived.append(run)
        elif "trial" in start:
            raw = run
            break
    if raw is None:
        return []
    start = raw.metadata["start"]
    messages: list[Mapping[str, Any]] = [run_message(start)]
    of_raw = [run for run in derived if run.metadata["start"]["raw_run"] == start["uid"]]
    for run in reversed(of_raw):
        messages.extend(_results(run))
    messages.extend(_entries(raw, start["uid"]))
    messages.extend(_last_voltage(raw, start))
    stop = raw.metadata.get("stop")
    if stop:
        told = {key: stop.get(key, "") for key in ("exit_status", "reason", "time")}
        messages.append({"kind": "stop", "run": start["uid"], **told})
    return messages


def _entries(raw: Any, uid: str) -> list[Mapping[str, Any]]:
    """Return what was noted of each trial: its bath, the clamp, what it was called."""
    if "trials" not in raw:
        return []
    columns = note_bath(read_columns(raw["trials"]))
    return [
        {
            "kind": "event",
            "run": uid,
            "data": {name: values[k].tolist() for name, values in columns.items()},
            "time": float(columns["time"][k]),
        }
        for k in range(len(columns.get("time", ())))
    ]


def _results(run: Any) -> list[Mapping[str, Any]]:
    start = run.metadata["start"]
    table = run["dff"].read()
    found = []
    for index, trial in enumerate(np.asarray(table["trial"]).tolist()):
        traces = []
        for ion in start["ions"]:
            dff = np.asarray(table[ion][index], np.float64)
            time_s = np.asarray(table[f"{ion}_time"][index], np.float64)
            valid = np.isfinite(dff).any(axis=0)
            frames = np.full(len(time_s), -1)
            known = {"ion": ion, "time_s": time_s, "dff": dff}
            traces.append({**known, "valid": valid, "frames": frames})
        note = str(np.asarray(table["note"])[index])
        found.append(
            {
                "kind": "result",
                "run": start["raw_run"],
                "trial": trial,
                "rois": start["rois"],
                "run_rois": start["rois"],
                "traces": traces,
                "images": [],
                "shift": np.asarray(table["shift"][index]).tolist(),
                "baseline_s": start["baseline_s"],
                "response_s": start["response_s"] or [],
                "reasons": [note] if note else [],
            }
        )
    return found


def _last_voltage(raw: Any, start: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        stored = raw["primary"]["amplifier-voltage"]
        trials = stored.shape[0]
        voltage = np.asarray(stored[trials - 1], np.float32)
    except (KeyError, ValueError, IndexError):
        return []
    thin = thinned(voltage)
    return [
        {
            "kind": "voltage",
            "run": start["uid"],
            "trial": trials,
            "voltage_mV": thin.ravel(),
            "rate_Hz": float(start["trial"]["frame_rate_Hz"]) * thin.shape[1],
            "pulses_s": np.zeros(0),
        }
    ]
