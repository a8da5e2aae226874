"""A recorded file that was read and can become a run, and what all kinds of them share."""

import hashlib
import math
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from blueslice._lab_time import UTC_OFFSET, utc_offset_s
from blueslice.bath import Bath
from blueslice.clamp import UNKNOWN_CLAMP
from blueslice.commands._imported_run import (
    CLAMP_KEY,
    Annotation,
    Document,
    RecordedStream,
    TrialRow,
    compose_documents,
)
from blueslice.devices._trial_file import DatasetSpec
from blueslice.errors import BadInputError
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._run_metadata import run_metadata
from blueslice.recordings.import_description import ImportDescription
from blueslice.trial import Trial

__all__ = [
    "RecordedFile",
    "amplifier_stream",
    "clamp_entry",
    "planned_trial",
    "trial_metadata",
    "trial_row",
]


class RecordedFile:
    """One file that is read and can become a run.

    Parameters
    ----------
    sources : sequence of Path
        The file, or both of a pair.
    description : ImportDescription
        What is known beside it.
    recorded_at : datetime or None
        As the file says.
    metadata : dict
        For the start document, of this kind of file.
    streams : sequence of RecordedStream
        The arrays.
    rows : sequence of TrialRow
        The trials.
    annotations : sequence of Annotation
        What was noted during the recording.

    Raises
    ------
    BadInputError
        When nobody tells when it was recorded.
    """

    def __init__(
        self,
        sources: Sequence[Path],
        description: ImportDescription,
        recorded_at: datetime | None,
        metadata: dict[str, Any],
        streams: Sequence[RecordedStream],
        rows: Sequence[TrialRow],
        annotations: Sequence[Annotation] = (),
    ) -> None:
        taken_at = description.placed_in_time(recorded_at)
        if taken_at is None:
            raise BadInputError(
                f"{sources[0]}: does not say when it was recorded; write taken_at = "
                "2017-01-27T11:33:39 into the --description file"
            )
        self.path = sources[0]
        self.taken_at = taken_at
        self.streams, self.rows, self.annotations = streams, rows, annotations
        digest = hashlib.sha256()
        for source in sources:
            digest.update(source.read_bytes())
        content = digest.hexdigest()
        # The same file is the same run, whenever and however described it is imported: two would
        # count its trials and its light twice.
        self.uid = str(uuid.uuid5(uuid.NAMESPACE_OID, f"blueslice import {content}"))
        self.content = content
        recording = metadata.pop("recording")
        self.metadata = {
            "plan_name": "import",
            **metadata,
            **description.given(),
            UTC_OFFSET: utc_offset_s(taken_at),
            "recording": {
                "files": [source.name for source in sources],
                "sha256": content,
                "taken_at": recorded_at.isoformat() if recorded_at else None,
                **recording,
            },
        }

    @property
    def start(self) -> dict[str, Any]:
        """What the start document will be."""
        return {"uid": self.uid, "time": self.taken_at.timestamp(), **self.metadata}

    def documents(self, raw: Path, written: list[Path]) -> list[Document]:
        """Write the raw files and return the run's documents; see `compose_documents`."""
        return compose_documents(
            self.uid,
            self.taken_at,
            self.metadata,
            self.streams,
            self.rows,
            raw,
            written,
            self.annotations,
        )


def planned_trial(trial: Trial, number: int, description: ImportDescription) -> PlannedTrial:
    concentration_uM = description.concentration_uM
    if concentration_uM is None and description.drug == "":
        concentration_uM = 0.0
    return PlannedTrial(
        number,
        trial,
        phase=description.phase,
        solution=description.solution,
        drug=description.drug,
        concentration_uM=concentration_uM,
    )


def trial_metadata(
    planned: Sequence[PlannedTrial], description: ImportDescription, stimulus_uA: float | None
) -> dict[str, Any]:
    """Return what the start document says of the trials, all with one current of the stimulus."""
    # Of a rig it needs the name, the dyes and the magnification.
    dyes = description.indicators or SimpleNamespace(to_document=dict)
    rig = SimpleNamespace(
        name=description.rig, indicators=dyes, pixel_size_um=description.pixel_size_um
    )
    metadata = run_metadata(cast(Any, rig), planned, description.phase)
    metadata["trial_table"]["stimulus_uA"] = [stimulus_uA] * len(planned)
    return metadata


def trial_row(
    planned: PlannedTrial, stimulus_uA: float | None, ended_s: float, **more: Any
) -> TrialRow:
    """Return what stream ``trials`` says of a trial; an unknown current is NaN, as from a rig."""
    told_uA = math.nan if stimulus_uA is None else stimulus_uA
    entry = planned.entry.model_dump(exclude={"frame_count"}) | {"stimulus_uA": told_uA}
    # What nobody has said is unknown.
    entry |= {key: value for key, value in vars(Bath()).items() if entry.get(key, 0) is None}
    values = {f"trial-{name}": value for name, value in entry.items()}
    return TrialRow({**values, "trial-ok": True, **more}, ended_s)


def clamp_entry(clamp: str | None) -> dict[str, str]:
    """Return what stream ``trials`` says of the clamp."""
    return {CLAMP_KEY: clamp or UNKNOWN_CLAMP}


def amplifier_stream(
    lines: dict[str, Any],
    frame_count: int,
    sample_rate_Hz: float,
    led_V: float,
    stimulus_V: float,
    clamp: str | None = None,
) -> RecordedStream:
    """Lines (trials, frames, samples per frame) as the amplifier would have recorded them."""
    units = {"voltage": "mV", "current": "pA"}
    specs = [
        DatasetSpec(
            f"amplifier-{name}",
            line.shape[2:],
            "<f4",
            dims=("frame", "sample"),
            units=units.get(name, "V"),
            fill=float("nan"),
        )
        for name, line in lines.items()
    ]
    return RecordedStream(
        device="amplifier",
        stream="primary",
        specs=specs,
        frame_count=frame_count,
        trials=[
            {f"amplifier-{name}": line[k] for name, line in lines.items()}
            for k in range(len(next(iter(lines.values()))))
        ],
        attributes={"sample_rate_Hz": sample_rate_Hz},
        configuration={
            "amplifier-sample_rate_Hz": (sample_rate_Hz, "Hz"),
            "amplifier-led_threshold_V": (led_V, "V"),
            "amplifier-stimulus_threshold_V": (stimulus_V, "V"),
            CLAMP_KEY: (clamp or UNKNOWN_CLAMP, ""),
        },
    )
