"""dF/F that was not published before the process ended, computed again from the files."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from blueslice.analysis import AnalysisParameters
from blueslice.callbacks._derived_run import DerivedRun
from blueslice.callbacks._live_results import TrialDFF
from blueslice.callbacks._live_run import LiveOptions, LiveRun
from blueslice.devices.taps import TrialBegin, TrialBlock, TrialEnd
from blueslice.errors import StorageError
from blueslice.recover._kept_run import KeptRun
from blueslice.recover._missing_documents import Document, stop_document
from blueslice.recover._open_raw import open_raw
from blueslice.recover._raw_files import files_of

__all__ = ["can_have_dff", "continued_dff", "new_dff"]

# Of a trial's frames so many bytes are read at a time.
BLOCK_BYTES = 1 << 26


def can_have_dff(run: KeptRun) -> bool:
    """Tell whether the live analysis would have looked at a run."""
    return run.trials > 0 and {"trial", "leds"} <= set(run.start) and _devices(run) is not None


def new_dff(raw: KeptRun) -> list[Document]:
    """Return the documents of a derived run of all trials, as the live analysis publishes them.

    Empty when no trial of the run shows where to measure.
    """
    documents: list[Document] = []
    derived = DerivedRun(lambda name, doc: documents.append((name, doc)), raw.uid)
    _analyse(raw, LiveOptions(), range(1, raw.trials + 1), derived, to_the_end=True)
    derived.close("abort")
    return documents


def continued_dff(
    raw: KeptRun, broken: KeptRun, trials: Sequence[int]
) -> tuple[list[Document], tuple[int, ...]]:
    """Return what a derived run lacks: the events of some trials, computed as those that it has.

    Parameters
    ----------
    raw : KeptRun
        The raw run.
    broken : KeptRun
        The derived run, which has no stop.
    trials : sequence of int
        Those to add.

    Returns
    -------
    documents : list of (name, document)
        To be added, the stop last.
    added : tuple of int
        The trials among them.
    """
    start = broken.start
    known = {name: start[name] for name in AnalysisParameters.model_fields if name in start}
    parameters = AnalysisParameters.from_document(known)
    options = LiveOptions(
        parameters.rois,
        parameters.corner,
        parameters.baseline_s,
        dict(parameters.background),
        response_s=parameters.response_s,
    )
    # The first that is analysed is the one that the others are placed against.
    order = dict.fromkeys([start.get("reference_trial") or 1, *trials])
    computed: list[Document] = []
    derived = DerivedRun(lambda name, doc: computed.append((name, doc)), raw.uid)
    if trials:
        _analyse(raw, options, order, derived)
    documents: list[Document] = []
    added: list[int] = []
    descriptor = broken.descriptors.get("dff")
    count = broken.events["dff"]
    for name, doc in computed:
        if name == "descriptor" and descriptor is None:
            descriptor = {**doc, "run_start": broken.uid}
            documents.append((name, descriptor))
        elif name == "event" and doc["data"]["trial"] in trials and descriptor is not None:
            count += 1
            added.append(doc["data"]["trial"])
            documents.append((name, {**doc, "descriptor": descriptor["uid"], "seq_num": count}))
    documents.append(stop_document(broken, {"dff": count} if descriptor else {}))
    return documents, tuple(added)


def _devices(run: KeptRun) -> tuple[str, str] | None:
    """Return the names of camera and amplifier, None when the run has not both."""
    primary = run.descriptors.get("primary", {})
    objects = primary.get("object_keys", {})
    cameras = [name for name, keys in objects.items() if f"{name}-counter" in keys]
    amplifiers = [name for name, keys in objects.items() if f"{name}-stimulus" in keys]
    return (cameras[0], amplifiers[0]) if cameras and amplifiers else None


def _analyse(
    raw: KeptRun,
    options: LiveOptions,
    trials: Iterable[int],
    derived: DerivedRun,
    *,
    to_the_end: bool = False,
) -> None:
    """Play trials of a run's files to the live analysis.

    Raises
    ------
    StorageError
        When a file cannot be read.
    """
    devices = _devices(raw)
    if devices is None:
        return
    camera, amplifier = devices
    live = LiveRun(raw.start, options, camera, amplifier, lambda trial: publish(trial), None)

    def publish(trial: TrialDFF) -> None:
        derived.add_trial(trial, live.reference_trial)

    live.take_document("descriptor", raw.descriptors["primary"])
    live.take_document("stream_resource", raw.resources[camera])
    counted = {"stream_resource": raw.resources[camera]["uid"], "indices": {"stop": raw.trials}}
    live.take_document("stream_datum", counted)
    with ExitStack() as closing:
        try:
            files = {
                path: closing.enter_context(open_raw(path)) for path in set(files_of(raw).values())
            }
            datasets = {key: files[path][key] for key, path in files_of(raw).items()}
            for number in trials:
                _play(live, datasets, number - 1, camera, amplifier)
        except (OSError, KeyError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise StorageError(
                f"dF/F of run {raw.uid[:8]} cannot be computed: its raw files cannot be read "
                f"({reason}); restore them from a copy and run the command again"
            ) from error
    if to_the_end:
        live.finish("abort")


def _play(
    live: LiveRun, datasets: Mapping[str, Any], trial: int, camera: str, amplifier: str
) -> None:
    dark = f"{camera}-dark"
    frames = datasets[camera]
    frame_count = frames.shape[1]
    whole = {dark: np.asarray(datasets[dark][trial])} if dark in datasets else {}
    live.take_event(amplifier, TrialBegin(trial, frame_count, {}))
    live.take_event(camera, TrialBegin(trial, frame_count, whole))
    # The lines first: which LED lit a frame is then known when the frame comes.
    lines = {
        key: np.asarray(datasets[key][trial]) for key in datasets if key.startswith(f"{amplifier}-")
    }
    live.take_event(amplifier, TrialBlock(trial, 0, lines))
    per_block = max(1, BLOCK_BYTES // max(int(np.prod(frames.shape[2:])) * 2, 1))
    for first in range(0, frame_count, per_block):
        part = slice(first, first + per_block)
        counter = np.asarray(datasets[f"{camera}-counter"][trial, part])
        arrays = {camera: np.asarray(frames[trial, part]), f"{camera}-counter": counter}
        live.take_event(camera, TrialBlock(trial, first, arrays))
    for device in (amplifier, camera):
        live.take_event(device, TrialEnd(trial, frame_count, False))
