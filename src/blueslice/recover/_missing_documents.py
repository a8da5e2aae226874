"""The documents that a run lacks whose process was killed, from what its files hold."""

import uuid
from importlib.metadata import version
from typing import Any

from blueslice.recover._kept_run import KeptRun
from blueslice.recover._raw_files import RawTrials, files_of, read_raw_trials
from blueslice.recover._untold_light import untold_light_s
from blueslice.recover.report import TornTrial

__all__ = ["Document", "missing_documents", "stop_document"]

Document = tuple[str, dict[str, Any]]


def missing_documents(
    run: KeptRun, *, retaken: bool
) -> tuple[list[Document], tuple[int, ...], TornTrial | None]:
    """Compose what ends a run that has no stop document.

    A trial is the run's when its documents count it for every recording (decision 6), or when it
    is whole in every file of the run: then the process was killed after its last frame, and the
    documents that would have counted it are added.

    Parameters
    ----------
    run : KeptRun
        As far as it came.
    retaken : bool
        Whether another run goes on with this one. That has taken every trial again which this
        one's documents did not count, so none is added.

    Returns
    -------
    documents : list of (name, document)
        To be added, the stop last.
    added : tuple of int
        Numbers of the trials, 1 for the first, that count only now.
    torn : TornTrial or None
        The trial in hand when the process ended.

    Raises
    ------
    StorageError
        When a file that the documents name cannot be read.
    """
    files = {key: path for key, path in files_of(run).items() if key in run.recorded_keys}
    counted = run.trials
    raw = {path: read_raw_trials(path, counted) for path in set(files.values())}
    trials = counted
    # A recording that is in no file of this computer tells nothing.
    if raw and len(files) == len(run.recorded_keys) and not retaken:
        trials = min(one.whole_from(counted) for one in raw.values())
    documents = [
        document
        for key in run.recorded_keys
        if key in files and run.taken[key] < trials
        for document in _recording_documents(run, key, raw[files[key]], trials)
    ]
    torn = _torn_trial(run, {key: raw[path] for key, path in files.items()}, trials)
    added = tuple(range(counted + 1, trials + 1))
    untold = without_entry(run, trials)
    recovered = {
        "blueslice_version": version("blueslice"),
        "added_trials": list(added),
        "without_entry": list(untold),
        "torn_trial": torn.to_document() if torn else None,
        # For the exposure ledger.
        "light_s": untold_light_s(run, len(untold), torn),
    }
    counts = {**run.events, **({"primary": trials} if run.recorded_keys else {})}
    documents.append(stop_document(run, counts, recovered=recovered))
    return documents, added, torn


def without_entry(run: KeptRun, trials: int) -> tuple[int, ...]:
    """Return which of a run's trials, 1 for the first, have no event in the stream ``trials``."""
    planned = run.start.get("trial_table", {}).get("number", [])
    numbers = [*planned[:trials], *range(len(planned) + 1, trials + 1)]
    logged = set(run.logged_trials)
    return tuple(at for at, number in enumerate(numbers, 1) if number not in logged)


def stop_document(run: KeptRun, counts: dict[str, int], **more: Any) -> Document:
    """Return the stop document of a run whose process ended before it."""
    return "stop", {
        "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run.uid} stop")),
        "time": run.last_s,
        "run_start": run.uid,
        "exit_status": "abort",
        "reason": "the process ended",
        "num_events": counts,
        **more,
    }


def _recording_documents(run: KeptRun, key: str, raw: RawTrials, trials: int) -> list[Document]:
    """Return what counts a recording's trials up to `trials`."""
    documents: list[Document] = []
    descriptor = run.descriptors["primary"]
    resource = run.resources.get(key)
    if resource is None:
        resource = {
            "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run.uid} {key}")),
            "data_key": key,
            "mimetype": "application/x-hdf5",
            "uri": descriptor["data_keys"][key]["source"],
            "parameters": {"chunk_shape": list(raw.chunks[key]), "dataset": key, "swmr": True},
            "run_start": run.uid,
        }
        documents.append(("stream_resource", resource))
    first = run.taken[key]
    datum = {
        "stream_resource": resource["uid"],
        "uid": f"{resource['uid']}/{first}",
        "seq_nums": {"start": first + 1, "stop": trials + 1},
        "indices": {"start": first, "stop": trials},
        "descriptor": descriptor["uid"],
    }
    return [*documents, ("stream_datum", datum)]


def _torn_trial(run: KeptRun, raw: dict[str, RawTrials], trials: int) -> TornTrial | None:
    """Return the trial after the last that counts, when every device had begun it."""
    device_of = {
        key: device
        for device, keys in run.descriptors.get("primary", {}).get("object_keys", {}).items()
        for key in keys
    }
    of_device = {device_of[key]: one for key, one in raw.items() if key in device_of}
    if not of_device or any(len(one.frames) <= trials for one in of_device.values()):
        return None
    return TornTrial(
        number=trials + 1,
        frame_count=max(one.frame_count for one in of_device.values()),
        frames={device: one.frames[trials] for device, one in of_device.items()},
        files={device: str(one.path) for device, one in of_device.items()},
    )
