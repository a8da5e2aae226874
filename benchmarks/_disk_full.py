"""The disk of the raw files fills up, hangs or is slow: what is told, and what is kept.

``python -m benchmarks._disk_full DIRECTORY HOW`` is the process that meets it: HDF5 may take it
down at its end.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._own_process import own_process

TRIALS, FULL_AT = 5, 2
# In the third trial it is full before the trial's blocks are set aside, or where nothing sets them
# aside, or it takes a block and never comes back, as a share does that has gone.
WAYS = ("limit", "limit in trial", "hangs")
SLOW_WRITE_S = 0.3
TMPFS_BYTES = 12 << 20


def meet(folder: Path, how: str) -> dict[str, Any]:
    """Run a protocol on it; returns what its user reads."""
    from bluesky import RunEngine
    from bluesky.utils import FailedStatus

    from blueslice._failures import failures_text
    from blueslice.broker import DataDirectory
    from blueslice.callbacks import Journal
    from blueslice.devices import _trial_file
    from blueslice.errors import BluesliceError
    from blueslice.plans import two_pulse
    from blueslice.rig import make_sim_rig

    logging.disable(logging.CRITICAL)
    directory = DataDirectory(folder)
    size = 24
    if how == "limit in trial":
        _trial_file.reserve_space = lambda *_: None
    if how.startswith("limit"):
        limit_third_trial(_trial_file)
    if how in ("hangs", "slow"):
        hold_up(_trial_file, SLOW_WRITE_S if how == "slow" else None)
    if how == "tmpfs":
        size = 80
    rig = make_sim_rig(3, data_directory=directory, rows=size, columns=size, pace="fast")
    engine = RunEngine({}, context_managers=[])
    journal = Journal(directory.journal)
    engine.subscribe(journal)
    error = ""
    try:
        engine(two_pulse(rig, trials=TRIALS, rest_s=1.0))
    except (FailedStatus, BluesliceError) as failure:
        error = failures_text(failure)
    assert rig.bench is not None
    return {"error": error, "lit": rig.bench.lit_now(), "state": engine.state}


def hold_up(_trial_file: Any, write_s: float | None) -> None:
    """Let each write take so long; with None, one in the third trial never returns."""

    from h5py._objects import phil  # pyright: ignore[reportMissingModuleSource, reportMissingImports]

    from blueslice.devices import _answer

    _answer.ANSWER_MARGIN_S, _answer.STOP_MARGIN_S = 5.0, 2.0
    write = _trial_file.TrialFile._write

    def held(self: Any, trial: int, first: int, arrays: Any) -> None:
        # HDF5 does one thing at a time: whoever hangs in it holds all up.
        with phil:
            if write_s is not None:
                time.sleep(write_s)
            elif trial == FULL_AT and "camera" in self.path.name:
                threading.Event().wait()
        write(self, trial, first, arrays)

    _trial_file.TrialFile._write = held


def limit_third_trial(_trial_file: Any) -> None:
    """Let no file grow by more than half a trial once the third has begun."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    begin = _trial_file.TrialFile._begin_trial

    def limited(self: Any, trial: int, whole: Any) -> None:
        if trial == FULL_AT and "camera" in self.path.name:
            room = self._file.id.get_filesize() + self._trial_bytes // 2
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        begin(self, trial, whole)

    _trial_file.TrialFile._begin_trial = limited


def fill_disk(folder: Path, how: str) -> dict[str, Any]:
    """Let a process meet it; returns what it told, and what is kept after ``recover``."""
    from blueslice.broker import DataDirectory
    from blueslice.callbacks import find_journals, read_journal
    from blueslice.recover import recover

    done = own_process("_disk_full", folder, how, timeout_s=120)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"the process told nothing: {done.stderr}")
    told = json.loads(done.stdout.splitlines()[0])
    directory = DataDirectory(folder)
    report = recover(directory, catalogue=False)
    raw = next(run for run in report.runs if run.what == "two_pulse")
    (path,) = [p for p in find_journals(directory.journal) if str(p) == raw.journal]
    ends = [doc["exit_status"] for name, doc in read_journal(path) if name == "stop"]
    dff = sum(run.trials for run in report.runs if run.what.startswith("dF/F"))
    return {**told, "kept": raw.trials, "dff": dff, "ends": ends, "problems": report.problems}


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """Mount a small disk in memory, where the user may; otherwise give None."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", folder]
        may = sys.platform == "linux" and os.geteuid() == 0
        if not may or subprocess.run(mount, capture_output=True).returncode != 0:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    print(json.dumps(meet(Path(sys.argv[1]), sys.argv[2])))
    sys.stdout.flush()
    os._exit(0)
