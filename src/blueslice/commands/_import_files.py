"""Recorded files into runs: what of each file is which device's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blueslice.analysis import check_rois
from blueslice.commands._imported_run import Annotation, RecordedStream
from blueslice.commands._recorded_file import (
    RecordedFile,
    amplifier_stream,
    clamp_entry,
    planned_trial,
    trial_metadata,
    trial_row,
)
from blueslice.devices._trial_file import DatasetSpec
from blueslice.errors import BadInputError
from blueslice.recordings import DA_CHANNELS, TBN_CHANNELS, Recording, read_recording
from blueslice.recordings.abf import Sweeps, read_abf
from blueslice.recordings.import_description import ImportDescription
from blueslice.recordings.original import Original, read_original
from blueslice.trial import Trial

__all__ = ["read_file"]


def read_file(path: Path, description: ImportDescription) -> RecordedFile:
    """Read a file of any kind that can be imported.

    Raises
    ------
    BadInputError
        When it cannot be used, or the description lacks what it needs.
    """
    if path.suffix.lower() == ".abf":
        return from_sweeps(read_abf(path), description)
    default = DA_CHANNELS if path.suffix.lower() == ".da" else TBN_CHANNELS
    recording = read_recording(path, description.channel_map(default))
    if description.indicators is None:
        raise BadInputError(
            f"{path}: does not say which dyes were in the cell; write indicators = "
            '"bis-fura-2+ANG-2", or the pair there was, into a TOML file and give it as '
            "--description"
        )
    return from_recording(recording, read_original(path), description)


def _whole(name: str, array: Any, dims: tuple[str, ...]) -> tuple[DatasetSpec, Any]:
    return DatasetSpec(name, array.shape, array.dtype.str, False, dims), array


def from_recording(
    recording: Recording, original: Original, description: ImportDescription
) -> RecordedFile:
    trial = recording.trial.replace(blank=description.blank)
    amplitude_uA = description.stimulus_uA
    pulses = tuple(pulse.replace(amplitude_uA=amplitude_uA) for pulse in trial.pulses)
    planned = planned_trial(trial.replace(pulses=pulses), 1, description)
    # A line without a pulse shows that there was none; no line shows nothing.
    shown_uA = planned.entry.stimulus_uA
    known_uA = shown_uA if "stimulus" in recording.channels else _stimulus_uA(description)
    picture = recording.dark.shape
    try:
        check_rois(description.parsed_rois(), (picture[0], picture[1]))
    except BadInputError as error:
        raise BadInputError(f"{recording.path}: {error} in the --description file") from None
    camera = RecordedStream(
        device="camera",
        stream="primary",
        specs=[
            DatasetSpec("camera", picture, "<u2", dims=("frame", "y", "x"), units="counts"),
            DatasetSpec("camera-counter", (), "<i8", dims=("frame",), fill=-1),
            DatasetSpec("camera-dark", picture, "<f4", False, ("y", "x"), "counts"),
        ],
        frame_count=trial.frame_count,
        trials=[
            {
                "camera": recording.frames,
                "camera-counter": recording.counter,
                "camera-dark": recording.dark,
            }
        ],
        attributes={"model": recording.camera, "exposure_s": recording.exposure_s},
        configuration={
            "camera-exposure_s": (recording.exposure_s, "s"),
            "camera-full_scale_counts": (0, "counts"),
        },
    )
    amplifier = amplifier_stream(
        {name: line[np.newaxis] for name, line in recording.channels.items()},
        trial.frame_count,
        recording.sample_rate_Hz,
        recording.led_threshold_V,
        recording.stimulus_threshold_V,
        description.clamp,
    )
    parts = [
        _whole("original-channels", original.channels, ("channel", "frame", "sample")),
        _whole("original-header", original.header, ("header_byte",)),
    ]
    if len(original.trailer):
        parts.append(_whole("original-trailer", original.trailer, ("trailer_byte",)))
    lit = recording.excitation
    row = trial_row(
        planned,
        known_uA,
        trial.duration_s,
        **{
            f"led_pair-led_{led}_light_s": float(np.sum(lit == led)) * trial.exposure_s
            for led in (1, 2)
        },
        **{"led_pair-light_measured": True, **clamp_entry(description.clamp)},
    )
    return RecordedFile(
        original.files,
        description,
        recording.taken_at,
        {
            **trial_metadata([planned], description, known_uA),
            "recording": {
                "kind": original.kind,
                "camera": recording.camera,
                "volts_per_value": original.volts_per_value,
                "trailer_bytes": len(original.trailer),
            },
        },
        [camera, amplifier, _original(parts)],
        [row],
    )


def _original(parts: Sequence[tuple[DatasetSpec, Any]]) -> RecordedStream:
    return RecordedStream(
        device="original",
        stream="original",
        specs=[spec for spec, _ in parts],
        frame_count=1,
        trials=[{spec.name: array for spec, array in parts}],
        attributes={},
        configuration={},
    )


def _stimulus_uA(description: ImportDescription) -> float | None:
    """Return the current that no line shows: what the user says; None for not known."""
    return 0.0 if description.blank else description.stimulus_uA


def from_sweeps(sweeps: Sweeps, description: ImportDescription) -> RecordedFile:
    """Return the run of an ABF file, a trial for each sweep.

    All trials of a run are as long as the longest: what a shorter sweep lacks is NaN, and
    ``sample_counts`` of the start document's ``recording`` says how much each has.
    """
    samples = sweeps.channels.shape[2]
    duration_s = samples / sweeps.sample_rate_Hz
    trial = Trial(
        frame_rate_Hz=1 / duration_s,
        frame_count=1,
        exposure_s=duration_s,
        excitation_order=(0,),
        blank=description.blank,
    )
    numbers = range(1, len(sweeps.channels) + 1)
    planned = [planned_trial(trial, number, description) for number in numbers]
    stimulus_uA = _stimulus_uA(description)
    metadata = trial_metadata(planned, description, stimulus_uA)
    if description.indicators is None:
        del metadata["indicators"]
    spec = DatasetSpec(
        "original-channels", sweeps.channels.shape[1:], "<f4", False, ("channel", "sample")
    )
    lines = {name: line[:, np.newaxis, :] for name, line in sweeps.lines.items()}
    # Whoever was there knows better than the units that the amplifier's program was set to.
    clamp = description.clamp or sweeps.clamp
    return RecordedFile(
        [sweeps.path],
        description,
        sweeps.taken_at,
        {
            **metadata,
            "recording": {
                "kind": "abf",
                "channels": list(sweeps.names),
                "units": list(sweeps.units),
                "sample_counts": sweeps.sample_counts.tolist(),
            },
        },
        [
            amplifier_stream(lines, 1, sweeps.sample_rate_Hz, 2.5, 2.5, clamp),
            RecordedStream(
                device="original",
                stream="original",
                specs=[spec],
                frame_count=1,
                trials=[{spec.name: array} for array in sweeps.channels],
                attributes={},
                configuration={},
            ),
        ],
        [
            trial_row(one, stimulus_uA, float(start_s) + duration_s, **clamp_entry(clamp))
            for one, start_s in zip(planned, sweeps.starts_s, strict=True)
        ],
        [Annotation(tag.time_s, tag.comment, tag.kind) for tag in sweeps.tags],
    )
