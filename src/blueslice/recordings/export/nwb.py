"""A run as NWB, as DANDI takes it."""

import json
import warnings
from pathlib import Path
from typing import Any

from blueslice._lab_time import lab_time
from blueslice.bath import UNKNOWN
from blueslice.errors import BadInputError
from blueslice.recordings._extras import import_extra
from blueslice.recordings.export.nwb_metadata import UNKNOWN_AGE, NwbMetadata
from blueslice.recordings.export.run_data import Progress, RunData, no_progress

__all__ = ["write_nwb"]


def write_nwb(
    run: RunData,
    path: Path,
    progress: Progress = no_progress,
    metadata: NwbMetadata | None = None,
) -> None:
    """Write a run as NWB.

    Its clock begins with the run. Of each ion there is a series of the frames proved to be its
    own, on an imaging plane that tells excitation wavelength and indicator; frames that are used
    for nothing are in ``unused_frames``, and the table ``frames`` says of each frame where it is.
    Frames are read and compressed in blocks.

    Parameters
    ----------
    run : RunData
        The run.
    path : Path
        The file.
    progress : callable
        Is told how many frames of how many are written.
    metadata : NwbMetadata, optional
        What the run does not tell. What nobody tells is written in the form that DANDI accepts
        for unknown: see `NwbMetadata.unknown`.

    Raises
    ------
    BadInputError
        When pynwb is absent.
    """
    pynwb = import_extra("pynwb", "pynwb")
    from blueslice.recordings.export._nwb_original import add_annotations, add_original
    from blueslice.recordings.export._nwb_patch import add_lines, add_patch
    from blueslice.recordings.export._nwb_trials import add_trials

    known = (metadata or NwbMetadata()).of_run(run.start)
    nwb = _file(pynwb, run, known)
    add_trials(nwb, run)
    add_lines(nwb, run)
    add_patch(nwb, run, known)
    add_original(nwb, run)
    add_annotations(nwb, run)
    total = 1
    if run.has_frames:
        from blueslice.recordings.export._nwb_frames import add_frames
        from blueslice.recordings.export._nwb_rois import add_rois

        total += run.trial_count * run.arrays["camera"].shape[1]
        counted = 0

        def on_read(frames: int) -> None:
            nonlocal counted
            counted += frames
            progress(min(counted, total - 1), total)

        planes = add_frames(nwb, run, known, on_read)
        if run.derived is not None:
            add_rois(nwb, run, run.derived, planes)
    with warnings.catch_warnings():
        # hdmf says of every lossless promotion of a type that it was done.
        warnings.filterwarnings("ignore", module="hdmf")
        with pynwb.NWBHDF5IO(path, "w") as file:
            file.write(nwb)
    progress(total, total)


def _file(pynwb: Any, run: RunData, known: NwbMetadata) -> Any:
    start = run.start
    began = lab_time(start)
    if began is None:
        raise BadInputError(f"run {run.uid[:8]}: time = {start.get('time')!r} is no date")
    plan, phase = str(start.get("plan_name", "a protocol")), start.get("phase", "")
    described = known.session_description or (
        f"{plan}: {run.trial_count} trials{f' ({phase})' if phase else ''} on the rig "
        f"{start.get('rig', '')}"
    )
    drugs = sorted({str(drug) for drug in run.column("trial-drug", "")} - {"", UNKNOWN})
    more = {
        "experimenter": known.experimenter or None,
        "institution": known.institution or None,
        "lab": known.lab or None,
        "slices": known.slices or None,
        "pharmacology": ", ".join(drugs) or None,
        "notes": str(start.get("notes", "")) or None,
        "keywords": list(known.keywords) or _keywords(run),
        "was_generated_by": [["blueslice", str(start.get("blueslice_version", ""))]],
    }
    nwb = pynwb.NWBFile(
        session_description=described,
        identifier=run.uid,
        session_start_time=began,
        session_id=run.uid[:8],
        experiment_description=known.experiment_description or described,
        protocol=plan,
        **{name: value for name, value in more.items() if value},
    )
    animal = {"strain": known.strain, "genotype": known.genotype}
    nwb.subject = pynwb.file.Subject(
        subject_id=known.subject_id or f"unknown-{run.uid[:8]}",
        description="the animal of the slice",
        species=known.species,
        sex=known.sex,
        age=known.age or (None if known.date_of_birth else UNKNOWN_AGE),
        date_of_birth=known.date_of_birth and known.date_of_birth.astimezone(),
        weight=f"{known.weight_g:g} g" if known.weight_g else None,
        **{name: text for name, text in animal.items() if text},
    )
    documents = {"start_document": start, "stop_document": run.stop}
    if run.derived is not None:
        documents["dff_start_document"] = run.derived.start
    for name, document in documents.items():
        told = f"the run's {name.replace('_', ' ')}, as JSON"
        nwb.add_scratch(json.dumps(document), name=name, description=told)
    return nwb


def _keywords(run: RunData) -> list[str]:
    ions = [f"{led['ion']} imaging" for led in run.leds.values()]
    return [*dict.fromkeys(ions), "brain slice", "patch clamp"]
