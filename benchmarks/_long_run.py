"""Two thousand fast trials in one process: memory, file handles and time per trial stay flat.

``python -m benchmarks._long_run TRIALS SEED`` is that process; it prints its samples as JSON.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._measure import Row
from benchmarks._own_process import own_process

__all__ = ["long_run_rows", "slope_per_1000"]

TRIALS = 2000
SIZE = 24
# What allocators keep of 1000 trials; one trial's frames alone would add 110 MiB.
MOST_MIB = 8.0
MOST_HANDLES = 1.0
# Per trial, as a share of a trial's time.
MOST_SLOWER = 0.10
# Caches fill and code is compiled before.
WARM_UP = 0.2


def long_run_rows(seed: int, trials: int = TRIALS) -> Iterator[Row]:
    """Take them in a process of its own and fit a line to each quantity."""
    done = own_process("_long_run", trials, seed, timeout_s=3600)
    if done.returncode or not done.stdout.strip():
        yield Row(f"long run: failed: {done.stderr[-1500:]}", 1.0, "", "", False)
        return
    samples = np.array(json.loads(done.stdout.splitlines()[-1]))
    warm = samples[round(WARM_UP * len(samples)) :]
    number, memory_mib, handles, ended_s = warm.T
    yield Row("long run: trials in one process", len(samples), "trials", f"{trials}",
              len(samples) == trials)  # fmt: skip
    mib = slope_per_1000(number, memory_mib)
    yield Row("long run: memory", mib, "MiB/1000 trials", f"<= {MOST_MIB:g}", mib <= MOST_MIB)
    more = slope_per_1000(number, handles)
    bound = f"<= {MOST_HANDLES:g}"
    yield Row("long run: file handles", more, "per 1000 trials", bound, more <= MOST_HANDLES)
    each_s = np.diff(ended_s)
    share = slope_per_1000(number[1:], each_s) / float(np.median(each_s))
    yield Row("long run: time of a trial, median", 1e3 * float(np.median(each_s)), "ms")
    bound = f"<= {MOST_SLOWER:g}"
    yield Row("long run: slower per 1000 trials, share", share, "", bound, share <= MOST_SLOWER)


def slope_per_1000(number: Any, values: Any) -> float:
    """Return the median slope of pairs half the run apart: a busy moment moves it little."""
    half = len(number) // 2
    slopes = (values[half : 2 * half] - values[:half]) / (number[half : 2 * half] - number[:half])
    return 1000 * float(np.median(slopes))


def child(trials: int, seed: int) -> None:
    from bluesky import RunEngine

    from blueslice.analysis import Roi
    from blueslice.broker import DataDirectory
    from blueslice.callbacks import Journal, LiveDFF
    from blueslice.plans import two_pulse
    from blueslice.rig import make_sim_rig
    from blueslice.sim import SliceParameters
    from blueslice.sim.optics import Photodamage

    samples: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        directory = DataDirectory(Path(folder))
        # A cell that light does not harm: it would be dead after the first hundred.
        healthy = SliceParameters(photodamage=Photodamage(half_dose_s=1e6))
        rig = make_sim_rig(
            seed, data_directory=directory, rows=SIZE, columns=SIZE, slice_parameters=healthy
        )
        engine = RunEngine({}, context_managers=[])
        journal = Journal(directory.journal)
        engine.subscribe(journal)
        roi = Roi(name="spine", y=9, x=9, height=6, width=6)
        live = LiveDFF(rig.camera, rig.amplifier, lambda *_: None, rois=[roi])
        engine.subscribe(live)

        def sample(name: str, doc: dict[str, Any]) -> None:
            if name == "event" and "trial-number" in doc["data"]:
                told = (len(samples) + 1, memory_mib(), handles(), time.perf_counter())
                samples.append(told)

        engine.subscribe(sample)
        engine(two_pulse(rig, trials=trials))
        live.wait()
        live.close()
        journal.close()
    print(json.dumps(samples))
    sys.stdout.flush()
    os._exit(0)


def memory_mib() -> float:
    """Return the memory that this process has in use, in MiB."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    import tracemalloc

    if not tracemalloc.is_tracing():
        tracemalloc.start()
    return tracemalloc.get_traced_memory()[0] / 2**20


def handles() -> float:
    """Return how many files this process has open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return float(sum(1 for _ in folder.iterdir())) if folder.is_dir() else 0.0


if __name__ == "__main__":
    child(int(sys.argv[1]), int(sys.argv[2]))
