"""A recorded file as a run: raw files in our layout, and the documents that describe them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from event_model import compose_run
from numpy.typing import NDArray

from blueslice._replace_file import remove_file
from blueslice._trial_checksum import CHECKSUM_KEY
from blueslice.devices import RawPathProvider
from blueslice.devices._trial_file import DatasetSpec, TrialFile

__all__ = [
    "CLAMP_KEY",
    "Annotation",
    "Document",
    "RecordedStream",
    "TrialRow",
    "compose_documents",
    "kept_or_removed",
]

Document = tuple[str, dict[str, Any]]

CLAMP_KEY = "amplifier-clamp"
_KINDS = {
    bool: ("boolean", "|b1"),
    int: ("integer", "<i8"),
    float: ("number", "<f8"),
    str: ("string", "|S40"),
}
_UNITS = {
    "trial-concentration_uM": "uM",
    "trial-stimulus_uA": "uA",
    "rest-experiment_time_s": "s",
    "annotation-time_s": "s",
}


@dataclass(frozen=True, eq=False)
class RecordedStream:
    """The arrays that one device would have recorded.

    Attributes
    ----------
    device : str
        Its name, which the configuration is listed under and the file is named after.
    stream : str
        Name of the stream.
    specs : sequence of DatasetSpec
        Of the arrays.
    frame_count : int
        Frames of a trial.
    trials : sequence of mapping
        For each trial the arrays by name.
    attributes : mapping
        For the file's root.
    configuration : mapping of str to (value, unit)
        By data key.
    """

    device: str
    stream: str
    specs: Sequence[DatasetSpec]
    frame_count: int
    trials: Sequence[Mapping[str, NDArray[Any]]]
    attributes: Mapping[str, Any]
    configuration: Mapping[str, tuple[float | str, str]]

    def write(self, path: Path) -> tuple[TrialFile, list[int]]:
        """Write the file, which is closed; return the checksum of each trial too."""
        checksums: list[int] = []
        file = TrialFile(path, self.specs, self.frame_count, self.attributes)
        try:
            per_frame = {spec.name for spec in self.specs if spec.per_frame}
            for k, arrays in enumerate(self.trials):
                file.begin_trial(k, {n: a for n, a in arrays.items() if n not in per_frame})
                frames = {name: array for name, array in arrays.items() if name in per_frame}
                file.write(k, 0, frames)
                # Of arrays that a trial has once, all is there.
                lengths = [len(array) for array in frames.values()] or [self.frame_count]
                checksums.append(file.end_trial(k, max(lengths)))
        finally:
            file.close()
        return file, checksums

    def data_keys(self, uri: str) -> dict[str, dict[str, Any]]:
        """Describe one trial's part of each array, as the devices do."""
        keys: dict[str, dict[str, Any]] = {}
        for spec in self.specs:
            shape = (self.frame_count, *spec.shape) if spec.per_frame else spec.shape
            keys[spec.name] = {
                "source": uri,
                "shape": list(shape),
                "dtype": "array",
                "dtype_numpy": spec.dtype,
                "external": "STREAM:",
                "dims": list(spec.dims),
                "object_name": self.device,
                **({"units": spec.units} if spec.units else {}),
            }
        return keys


@dataclass(frozen=True)
class TrialRow:
    """What the stream ``trials`` says of a trial, and when it was over, in s after the start."""

    values: Mapping[str, Any]
    ended_s: float


@dataclass(frozen=True)
class Annotation:
    """What was noted during a recording, and when, in s after the run's start."""

    time_s: float
    text: str
    kind: str


@contextmanager
def kept_or_removed(files: list[Path]) -> Iterator[None]:
    """Remove the files that are in the list by then when what is inside fails."""
    try:
        yield
    except BaseException:
        for path in files:
            remove_file(path)
        raise


def compose_documents(
    uid: str,
    taken_at: datetime,
    metadata: Mapping[str, Any],
    streams: Sequence[RecordedStream],
    rows: Sequence[TrialRow],
    raw: Path,
    written: list[Path],
    annotations: Sequence[Annotation] = (),
) -> list[Document]:
    """Write the raw files of a run and return its documents.

    They are those that the RunEngine gives of a rig with the same devices, but for their times:
    those of the recording.

    Parameters
    ----------
    uid : str
        Of the run.
    taken_at : datetime
        Its begin, with its zone.
    metadata : mapping
        For the start document.
    streams : sequence of RecordedStream
        What was recorded.
    rows : sequence of TrialRow
        Each trial's.
    raw : Path
        The raw folder of the data directory.
    written : list of Path
        Gets the files, each before it is begun.
    annotations : sequence of Annotation
        For the stream ``annotations``, which is there when there are some.

    Raises
    ------
    StorageError
        When a file cannot be written.
    """
    begin_s = taken_at.timestamp()
    bundle: Any = compose_run(uid=uid, time=begin_s, metadata=dict(metadata))
    documents: list[Document] = [("start", dict(bundle.start_doc))]
    provider = RawPathProvider(raw, now=lambda: taken_at)
    counts: dict[str, int] = {}
    checksums: dict[str, list[int]] = {}
    for name in dict.fromkeys(stream.stream for stream in streams):
        parts = [stream for stream in streams if stream.stream == name]
        resources: list[tuple[TrialFile, RecordedStream, str]] = []
        for part in parts:
            place = provider(part.device)
            path = Path(place.directory_path) / f"{place.filename}.h5"
            written.append(path)
            file, of_trials = part.write(path)
            if name == "primary":
                checksums[f"{part.device}{CHECKSUM_KEY}"] = of_trials
            uri = path.as_uri().replace("file:///", "file://localhost/", 1)
            resources.append((file, part, uri))
        descriptor = bundle.compose_descriptor(
            name=name,
            data_keys={k: v for _, part, uri in resources for k, v in part.data_keys(uri).items()},
            configuration={part.device: _configured(part, begin_s) for part in parts},
            object_keys={part.device: [spec.name for spec in part.specs] for part in parts},
            hints={part.device: {"fields": []} for part in parts},
            time=begin_s,
        )
        documents.append(("descriptor", dict(descriptor.descriptor_doc)))
        for file, part, uri in resources:
            for spec in part.specs:
                resource = bundle.compose_stream_resource(
                    mimetype="application/x-hdf5",
                    uri=uri,
                    data_key=spec.name,
                    parameters={
                        "dataset": spec.name,
                        "swmr": True,
                        "chunk_shape": list(file.chunk_shape(spec.name)),
                    },
                )
                documents.append(("stream_resource", dict(resource.stream_resource_doc)))
                datum = resource.compose_stream_datum(
                    indices={"start": 0, "stop": len(part.trials)},
                    seq_nums={"start": 1, "stop": len(part.trials) + 1},
                    descriptor=descriptor.descriptor_doc,
                )
                documents.append(("stream_datum", dict(datum)))
        counts[name] = len(parts[0].trials)
    documents += _trial_documents(bundle, rows, begin_s, checksums)
    if annotations:
        documents += _annotation_documents(bundle, annotations, begin_s)
        counts["annotations"] = len(annotations)
    stop = bundle.compose_stop(exit_status="success", time=begin_s + rows[-1].ended_s)
    documents.append(("stop", {**stop, "num_events": {**counts, "trials": len(rows)}}))
    return documents


def _trial_documents(
    bundle: Any,
    rows: Sequence[TrialRow],
    begin_s: float,
    checksums: Mapping[str, Sequence[int]],
) -> list[Document]:
    values = [
        {
            **row.values,
            "rest-experiment_time_s": row.ended_s,
            **{name: of_trials[place] for name, of_trials in checksums.items()},
        }
        for place, row in enumerate(rows)
    ]
    descriptor = bundle.compose_descriptor(
        name="trials",
        data_keys={name: _scalar_key(name, value) for name, value in values[0].items()},
        time=begin_s,
    )
    documents: list[Document] = [("descriptor", dict(descriptor.descriptor_doc))]
    for row, data in zip(rows, values, strict=True):
        when = begin_s + row.ended_s
        event = descriptor.compose_event(data=data, timestamps=dict.fromkeys(data, when), time=when)
        documents.append(("event", dict(event)))
    return documents


def _annotation_documents(
    bundle: Any, annotations: Sequence[Annotation], begin_s: float
) -> list[Document]:
    ordered = sorted(annotations, key=lambda one: one.time_s)
    values = [
        {
            "annotation-time_s": one.time_s,
            "annotation-text": one.text,
            "annotation-kind": one.kind,
        }
        for one in ordered
    ]
    keys = {name: _scalar_key(name, value) for name, value in values[0].items()}
    # A text may be as long as those of the file.
    longest = max(1, *(len(one.text.encode()) for one in ordered))
    keys["annotation-text"]["dtype_numpy"] = f"|S{longest}"
    descriptor = bundle.compose_descriptor(name="annotations", data_keys=keys, time=begin_s)
    documents: list[Document] = [("descriptor", dict(descriptor.descriptor_doc))]
    for data in values:
        when = begin_s + data["annotation-time_s"]
        event = descriptor.compose_event(data=data, timestamps=dict.fromkeys(data, when), time=when)
        documents.append(("event", dict(event)))
    return documents


def _scalar_key(name: str, value: Any) -> dict[str, Any]:
    dtype, dtype_numpy = _KINDS[type(value)]
    unit = _UNITS.get(name, "s" if name.endswith("_light_s") else "")
    return {
        "source": "import",
        "dtype": dtype,
        "dtype_numpy": dtype_numpy,
        "shape": [],
        # The checksums and the clamp are read with the trial's entry.
        "object_name": "trial"
        if name.endswith(CHECKSUM_KEY) or name == CLAMP_KEY
        else name.partition("-")[0],
        **({"units": unit} if unit else {}),
    }


def _configured(part: RecordedStream, begin_s: float) -> dict[str, Any]:
    return {
        "data": {name: value for name, (value, _) in part.configuration.items()},
        "timestamps": dict.fromkeys(part.configuration, begin_s),
        "data_keys": {
            name: {
                "source": "import",
                **dict(zip(("dtype", "dtype_numpy"), _KINDS[type(value)], strict=True)),
                "shape": [],
                **({"units": unit} if unit else {}),
            }
            for name, (value, unit) in part.configuration.items()
        },
    }
