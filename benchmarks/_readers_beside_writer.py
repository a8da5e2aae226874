"""Runs that are read in another process while they are acquired: is each read a prefix?"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._measure import Row

from blueslice.broker import DataDirectory, install_profile
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

__all__ = ["reader_rows"]

READS = 500
_TRIALS = 12
_LONGEST_S = 900.0

# Without blueslice, as whoever analyses has it: by the profile's name alone. It prints what each
# variable of a read was, as a digest of each trial.
_READER = """
import hashlib, json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
sys.modules["blueslice"] = None
import databroker
catalogue = databroker.catalog["growing"].v3

def digests(values):
    numbers = values.dtype.kind in "biuf"
    kept = (v.tobytes() if numbers else repr(v.tolist()).encode() for v in values)
    return [hashlib.sha256(content).hexdigest()[:16] for content in kept]

def is_there(run, stream):
    return stream in list(run)

for number in range(int(sys.argv[1])):
    told = {"stream": "", "open": True}
    try:
        run = catalogue[list(catalogue)[-1 - number % 2]]
        stream = ("primary", "trials", "dff")[number % 3]
        found = next((s for s in (stream, *run) if is_there(run, s)), None)
        if found is not None:
            read = run[found].read()
            told |= {
                "stream": found,
                "run": run.start["uid"],
                "open": "stop" not in catalogue[run.start["uid"]].metadata,
                "variables": {str(k): digests(v.values) for k, v in read.data_vars.items()},
            }
    except Exception as error:
        told["failed"] = f"{type(error).__name__}: {error}"
    print(json.dumps(told), flush=True)
"""


def reader_rows(seed: int, reads: int = READS) -> Iterator[Row]:
    """Read in another process as often as asked, while runs are recorded; compare afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        directory = DataDirectory(Path(folder) / "data")
        profiles = Path(folder) / "profiles"
        install_profile(directory, "growing", profiles_directory=profiles)
        rig = make_sim_rig(seed % 1000, data_directory=directory, rows=24, columns=24, pace="fast")
        with Session(rig, directory) as session:
            session.allow_exposure()
            _record(session, rig)
            _record(session, rig)
            told = Path(folder) / "reads"
            with told.open("w") as output:
                reader = subprocess.Popen(
                    [sys.executable, "-c", _READER, str(reads)],
                    env={**os.environ, "TILED_PROFILES": str(profiles)},
                    stdout=output,
                )
                while reader.poll() is None:
                    _record(session, rig)
            found = [json.loads(line) for line in told.read_text().splitlines()]
            yield from _compared(session, found, reads)


def _record(session: Session, rig: Any) -> None:
    session.RE(two_pulse(rig, trials=_TRIALS, interval_s=0.010))
    session.wait(120.0)


def _compared(session: Session, found: list[dict[str, Any]], reads: int) -> Iterator[Row]:
    failures = [read["failed"] for read in found if "failed" in read]
    for failure in failures[:5]:
        print(failure, file=sys.stderr)
    whole: dict[tuple[str, str], dict[str, list[str]]] = {}
    inconsistent = growing = compared = 0
    for read in found:
        if not read["stream"]:
            continue
        compared += 1
        place = read["run"], read["stream"]
        if place not in whole:
            dataset = session.catalogue.v3[place[0]][place[1]].read()
            whole[place] = {str(k): _digests(v.values) for k, v in dataset.data_vars.items()}
        last, variables = whole[place], read["variables"]
        lengths = {len(values) for values in variables.values()}
        growing += read["open"] and lengths != {len(next(iter(last.values())))}
        is_prefix = all(last[name][: len(v)] == v for name, v in variables.items())
        has_all = lengths == {0} or set(variables) == set(last)
        inconsistent += len(lengths) > 1 or not is_prefix or not has_all
    yield Row("reads beside a writer", len(found), "", f"{reads}", len(found) == reads)
    yield Row("of a stream", compared, "", "> 0", compared > 0)
    yield Row("of a run that grew afterwards", growing, "", "> 0", growing > 0)
    yield Row("reads that failed", len(failures), "", "0", not failures)
    yield Row("reads that are no consistent prefix", inconsistent, "", "0", inconsistent == 0)


def _digests(values: "np.ndarray[Any, Any]") -> list[str]:
    numbers = values.dtype.kind in "biuf"
    kept = (v.tobytes() if numbers else repr(v.tolist()).encode() for v in values)
    return [hashlib.sha256(content).hexdigest()[:16] for content in kept]
