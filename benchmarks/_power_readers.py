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
    files : dict of str to mapping
        The stream resources, by data key.
    """

    uid: str
    raw_run: str = ""
    stop: Mapping[str, Any] = field(default_factory=dict)
    claimed: int = 0
    trials: list[list[int] | None] = field(default_factory=list)
    dff: list[int] = field(default_factory=list)
    problem: str = ""
    files: dict[str, Mapping[str, Any]] = field(default_factory=dict)


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
    left = [run for run in found.values() if run.files]
    while left:
        left = _read_trials(left)
    return found


def _run_of(documents: Iterable[tuple[str, dict[str, Any]]]) -> FoundRun:
    run = FoundRun("")
    ends: dict[str, int] = {}
    for name, doc in documents:
        if name == "start":
            run.uid, run.raw_run = doc["uid"], doc.get("raw_run", "")
        elif name == "stop":
            run.stop = doc
        elif name == "stream_resource":
            run.files[doc["data_key"]] = doc
        elif name == "stream_datum":
            ends[doc["stream_resource"]] = doc["indices"]["stop"]
        elif name == "event" and "trial" in doc["data"]:
            run.dff.append(doc["data"]["trial"])
    if run.files:
        run.claimed = min(ends.get(doc["uid"], 0) for doc in run.files.values())
        run.trials = [None] * run.claimed
    return run


def _read_trials(runs: list[FoundRun]) -> list[FoundRun]:
    """Read in a separate process: on damaged metadata HDF5 may retry for ever, or crash.

    Returns
    -------
    list of FoundRun
        Those that remain because that process has ended.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for place, run in enumerate(runs):
                signal.alarm(HANG_S)
                for line in _checksums_of(run):
                    os.write(writer, json.dumps([place, *line]).encode() + b"\n")
        finally:
            os._exit(0)
    os.close(writer)
    done = 0
    with os.fdopen(reader, "rb") as lines:
        for place, number, sums, problem in map(json.loads, lines):
            done = place + (number is None)
            runs[place].problem = problem or runs[place].problem
            if number:
                runs[place].trials[number - 1] = sums
    _, status = os.waitpid(child, 0)
    if done == len(runs):
        return []
    code = os.waitstatus_to_exitcode(status)
    hangs = " (it hangs)" if code == -signal.SIGALRM else ""
    runs[done].problem = f"the process that reads it ends with {code}{hangs}"
    return runs[done + 1 :]


def _checksums_of(run: FoundRun) -> Iterator[tuple[int | None, list[int] | None, str]]:
    """Yield number, checksums and problem of each trial; at the end, None for the number."""
    import h5py

    try:
        with ExitStack() as closing:
            datasets = []
            for key in _KEYS:
                path = unquote(urlparse(run.files[key]["uri"]).path)
                file = closing.enter_context(h5py.File(path, "r", swmr=True))
                datasets.append(file[key])
            for trial in range(run.claimed):
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
        yield None, None, " ".join(str(error).split())
        return
    yield None, None, ""


def checksums(runs: Mapping[str, FoundRun], told: Mapping[str, Any]) -> list[int] | None:
    """Return the checksums found for a trial that was reported; None when it is not found."""
    run, at = runs.get(told["run"]), told["number"] - 1
    return run.trials[at] if run is not None and at < len(run.trials) else None


def kept_files(directory: Any) -> dict[Path, int]:
    """Return the checksums of raw files and journals, which nothing may change later."""
    raw, journals = directory.raw.rglob("*"), directory.journal.rglob("*.jsonl")
    paths = [path for path in (*raw, *journals) if path.is_file()]
    return {path: zlib.crc32(path.read_bytes()) for path in paths}
