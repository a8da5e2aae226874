"""The simulated trial against its own 200 ms, its physics against NEURON, and its memory."""

import importlib.util
import json
import math
import subprocess
import sys
import time
from statistics import median

import numpy as np
from benchmarks._measure import Row
from benchmarks.fig9 import HOW_TO_INSTALL, MISSING, SMALL_MESH, Worker

from blueslice.indicators import pair
from blueslice.sim import SimulatedSlice, Wiring
from blueslice.trial import paired_pulses

ROUNDS = 30
TRIAL_MS = 200.0
FASTER = 5.0
SHORT, LONG = 36, 72
MOST_HELD = 1.1

# In a process of its own, so that its peak is that of these trials alone.
LARGE = """
import json, resource, sys, time
import numpy as np
from blueslice.indicators import pair
from blueslice.sim import SimulatedSlice, Wiring
from blueslice.trial import paired_pulses
source = SimulatedSlice(0, pair("bis-fura-2+ANG-2"), 2048, 2048)
count = int(sys.argv[1])
# The same time for few frames and for many: the cell takes memory too.
wiring = Wiring(count / 0.72, count, 0.0018, 40, (1, 2), 0.0018, tuple(paired_pulses()))
source.play(wiring, 0)
begun = time.perf_counter()
frames = source.play(wiring, 1).frames
seconds = time.perf_counter() - begun
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps({"seconds": seconds, "peak": peak, "trial": frames.nbytes}))
"""


def run(seed: int) -> list[Row]:
    """Time trials and their parts, in turns with NEURON."""
    source = SimulatedSlice(seed, pair("bis-fura-2+ANG-2"))
    wiring = Wiring(500.0, 100, 0.0018, 40, (1, 2), 0.0018, tuple(paired_pulses()))
    has_neuron = importlib.util.find_spec("neuron") is not None
    worker = Worker(interval_ms=0.025, mesh=SMALL_MESH) if has_neuron else None
    whole, physics, neuron = [], [], []
    for number in range(ROUNDS + 1):
        begun = time.process_time()
        source.play(wiring, number)
        spent = time.process_time() - begun
        # The trials that release are the dear ones: only they are compared.
        truth = source.truth
        if truth is None or not truth.response.releases or not number:
            continue
        whole.append(spent)
        rng = np.random.default_rng(number)
        begun = time.perf_counter()
        answer = source.cell.respond(TRIAL_MS, wiring.pulses, source.healthy_surroundings(), rng)
        if answer.releases:
            physics.append(time.perf_counter() - begun)
            neuron.append(worker.run_again() if worker else math.nan)
    if worker:
        worker.close()
    trial_ms = 1e3 * median(whole)
    rows = [
        Row("a trial of 200 ms, 80 x 80 at 500 Hz, on one core", trial_ms, "ms", "< 200",
            trial_ms < TRIAL_MS),
        Row("its physics", 1e3 * median(physics), "ms"),
    ]  # fmt: skip
    if worker:
        times = median(theirs / ours for ours, theirs in zip(physics, neuron, strict=True))
        rows.append(Row("physics against one spine of NEURON rxd at 25 us", times, "x",
                        f">= {FASTER:g}", times >= FASTER))  # fmt: skip
    else:
        print(f"sim_speed: {HOW_TO_INSTALL}", file=sys.stderr)
        rows.append(Row(f"physics against NEURON: {MISSING}", math.nan, "", "any", False))
    return rows + large_rows()


def large_rows() -> list[Row]:
    """Render large frames and see how much memory it took beyond the trial's counts."""
    if sys.platform == "win32":
        return []
    few, many = large_trial(SHORT), large_trial(LONG)
    # What the scene and the program take is there for any trial.
    held = (many["peak"] - few["peak"]) / (many["trial"] - few["trial"])
    return [
        Row(f"2048 x 2048, {LONG} frames: time per frame", many["seconds"] / LONG * 1e3, "ms"),
        Row(f"2048 x 2048, {LONG} frames: counts of the trial", many["trial"] / 1e6, "MB"),
        Row("peak memory of the whole process", many["peak"] / 1e6, "MB"),
        Row(f"memory for each frame beyond {SHORT}, in frames of counts", held, "x", "<= 1.1",
            held <= MOST_HELD),
    ]  # fmt: skip


def large_trial(frames: int) -> dict[str, float]:
    """Play the second trial of so many frames in a new process."""
    command = [sys.executable, "-c", LARGE, str(frames)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
