"""What a reader of journals and raw files finds of each run, whether or not all can be read."""

import json
import os
import signal
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
from benchmarks._kill_readers import facts_of

__all__ = ["FoundRun", "checksums", "kept_files", "runs_on_disk"]

HANG_S = 15
_KEYS = ("camera", "camera-counter", "amplifier-voltage")


@dataclass
class FoundRun:
    """One run.

    Attributes
    ----------
    uid : str
        Its uid.
    raw_run : str
        For a derived run, the uid of the raw run; otherwise empty.
    stop : mapping
        Its stop document, empty without one.
    claimed : int
        Trials that its documents count.
    trials : list of (list of int or None)
        For each of these, the checksums of its frames and voltage; None when it cannot be read.
    dff : list of int
        For a derived run, the numbers of its trials.
    problem : str
        Why something cannot be read.
    """

    uid: str
    raw_run: str = ""
    stop: Mapping[str, Any] = field(default_factory=dict)
    claimed: int = 0
    trials: list[list[int] | None] = field(default_factory=list)
    dff: list[int] = field(default_factory=list)
    problem: str = ""


def runs_on_disk(directory: Any) -> dict[str, FoundRun]:
    """Read all runs, by uid."""
    from blueslice.callbacks import find_journals, read_journal
    from blueslice.errors import BluesliceError

    found: dict[str, FoundRun] = {}
    for path in find_journals(directory.journal):
        documents: list[tuple[str, dict[str, Any]]] = []
        problem = ""
        try:
            documents.extend(read_journal(path))
        except BluesliceError as error:
            problem = str(error)
        if documents and documents[0][0] == "start":
            # Reading stops with an error, so what precedes the damage is no use to a reader.
            uid = documents[0][1]["uid"]
            found[uid] = FoundRun(uid, problem=problem) if problem else _run_of(documents)
    return found


def _run_of(documents: Iterable[tuple[str, dict[str, Any]]]) -> FoundRun:
    run = FoundRun("")
    files: dict[str, dict[str, Any]] = {}
    ends: dict[str, int] = {}
    for name, doc in documents:
        if name == "start":
            run.uid, run.raw_run = doc["uid"], doc.get("raw_run", "")
        elif name == "stop":
            run.stop = doc
        elif name == "stream_resource":
            files[doc["data_key"]] = doc
        elif name == "stream_datum":
            ends[doc["stream_resource"]] = doc["indices"]["stop"]
        elif name == "event" and "trial" in doc["data"]:
            run.dff.append(doc["data"]["trial"])
    if files:
        run.claimed = min(ends.get(doc["uid"], 0) for doc in files.values())
        run.trials, run.problem = _read_trials(files, run.claimed)
    return run


def _read_trials(
    files: Mapping[str, dict[str, Any]], count: int
) -> tuple[list[list[int] | None], str]:
    """Read in a separate process: on damaged metadata HDF5 may retry for ever, or crash."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(HANG_S)
        try:
            for line in _checksums_of(files, count):
                os.write(writer, json.dumps(line).encode() + b"\n")
        finally:
            os._exit(0)
    os.close(writer)
    trials: list[list[int] | None] = [None] * count
    problem = ""
    with os.fdopen(reader, "rb") as lines:
        for number, sums, reason in map(json.loads, lines):
            problem = reason or problem
            if number:
                trials[number - 1] = sums
    _, status = os.waitpid(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        problem = f"reading ends with signal {-code}" + " (it hangs)" * (code == -signal.SIGALRM)
    return trials, problem


def _checksums_of(files: Mapping[str, dict[str, Any]], count: int) -> Iterator[Any]:
    """Yield number, checksums and problem of each trial; number 0 when no trial can be read."""
    import h5py

    try:
        with ExitStack() as closing:
            datasets = []
            for key in _KEYS:
                path = unquote(urlparse(files[key]["uri"]).path)
                file = closing.enter_context(h5py.File(path, "r", swmr=True))
                datasets.append(file[key])
            for trial in range(count):
                try:
                    arrays = [np.asarray(dataset[trial]) for dataset in datasets]
                except (OSError, RuntimeError, ValueError, IndexError) as error:
                    yield trial + 1, None, " ".join(str(error).split())
                    continue
                facts = facts_of(*(array[np.newaxis] for array in arrays))
                voltage = zlib.crc32(np.ascontiguousarray(arrays[2], "<f4").tobytes())
                if facts["whole"]:
                    yield trial + 1, [*facts["crc"], voltage], ""
                else:
                    yield trial + 1, None, "the trial has gaps"
    except (OSError, RuntimeError, KeyError) as error:
        yield 0, None, " ".join(str(error).split())


def checksums(runs: Mapping[str, FoundRun], told: Mapping[str, Any]) -> list[int] | None:
    """Return the checksums found for a trial that was reported; None when it is not found."""
    run, at = runs.get(told["run"]), told["number"] - 1
    return run.trials[at] if run is not None and at < len(run.trials) else None


def kept_files(directory: Any) -> dict[Path, int]:
    """Return the checksums of raw files and journals, which nothing may change later."""
    raw, journals = directory.raw.rglob("*"), directory.journal.rglob("*.jsonl")
    paths = [path for path in (*raw, *journals) if path.is_file()]
    return {path: zlib.crc32(path.read_bytes()) for path in paths}
