"""A recorded file that was read and can become a run, and what all kinds of them share."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from blueslice._lab_time import UTC_OFFSET, utc_offset_s
from blueslice.commands._imported_run import Document, RecordedStream, TrialRow, compose_documents
from blueslice.devices._trial_file import DatasetSpec
from blueslice.errors import BadInputError
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._run_metadata import run_metadata
from blueslice.recordings.import_description import ImportDescription
from blueslice.trial import Trial

__all__ = ["RecordedFile", "amplifier_stream", "planned_trial", "trial_metadata", "trial_row"]


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
    ) -> None:
        taken_at = description.placed_in_time(recorded_at)
        if taken_at is None:
            raise BadInputError(
                f"{sources[0]}: does not say when it was recorded; write taken_at = "
                "2017-01-27T11:33:39 into the --description file"
            )
        self.path = sources[0]
        self.taken_at = taken_at
        self.streams, self.rows = streams, rows
        digest = hashlib.sha256()
        for source in sources:
            digest.update(source.read_bytes())
        content = digest.hexdigest()
        # The same file with the same description is the same run, whenever it is imported.
        told = description.model_dump_json()
        self.uid = str(uuid.uuid5(uuid.NAMESPACE_OID, f"blueslice import {content} {told}"))
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
            self.uid, self.taken_at, self.metadata, self.streams, self.rows, raw, written
        )


def planned_trial(trial: Trial, number: int, description: ImportDescription) -> PlannedTrial:
    return PlannedTrial(
        number,
        trial,
        phase=description.phase,
        drug=description.drug,
        concentration_uM=description.concentration_uM,
    )


def trial_metadata(
    planned: Sequence[PlannedTrial], description: ImportDescription
) -> dict[str, Any]:
    # Of a rig it needs the name, the dyes and the magnification.
    dyes = description.indicators or SimpleNamespace(to_document=dict)
    rig = SimpleNamespace(
        name=description.rig, indicators=dyes, pixel_size_um=description.pixel_size_um
    )
    return run_metadata(cast(Any, rig), planned, description.phase)


def trial_row(planned: PlannedTrial, stimulus_uA: float, ended_s: float, **more: Any) -> TrialRow:
    entry = planned.entry.model_dump(exclude={"frame_count"}) | {"stimulus_uA": stimulus_uA}
    values = {f"trial-{name}": value for name, value in entry.items()}
    return TrialRow({**values, "trial-ok": True, **more}, ended_s)


def amplifier_stream(
    lines: dict[str, Any], frame_count: int, sample_rate_Hz: float, led_V: float, stimulus_V: float
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
        },
    )
