"""Sodium in a spine: the paper's Fig 9 and its sweeps, against NEURON's rxd and its time."""

import importlib.util
import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
from benchmarks._measure import Row, interleave, ratio

from blueslice.sim.physiology import (
    FIG9_PROBES,
    Fig9Parameters,
    SpineDiffusion,
    SpineGeometry,
    half_decay_ms,
    run_fig9,
)

BUDGET_S = 4.0
MISSING = "NOT MEASURED, there is no NEURON"
HOW_TO_INSTALL = (
    "the rows against NEURON need the neuron package (it has no wheel for Windows): "
    "python -m pip install -e '.[validate]'"
)
# The mesh at which rxd's traces change by less than 0.05 % when it is refined, and the smallest.
FINE_MESH = {"neck_compartments": 31, "dendrite_compartments": 601}
SMALL_MESH = {"neck_compartments": 5, "dendrite_compartments": 51}
# Half-decays in ms as found with NEURON, while one thing is changed.
SWEEPS: dict[str, dict[float, float]] = {
    "neck_diameter_um": {0.1: 74, 0.15: 27.5, 0.2: 15.1, 0.25: 10.4, 0.3: 8.2, 0.4: 6.1},
    "neck_length_um": {0.3: 6.1, 0.5: 8.4, 0.75: 11.5, 1: 15.1, 1.5: 23.6, 2: 34},
    "head_volume_um3": {0.05: 4.7, 0.1: 7.1, 0.25: 15.1, 0.4: 25.6, 0.6: 43.7},
    "diffusion_um2_per_ms": {0.15: 82, 0.3: 34, 0.45: 20.6, 0.6: 15.1, 0.8: 11.4},
    "neck_diffusion_um2_per_ms": {0.1: 120, 0.2: 54, 0.3: 32.5, 0.45: 20.2},
    "dendrite_diameter_um": {0.5: 19.3, 1: 15.1, 2: 14.2},
}


class Worker:
    """NEURON in a process of its own, with one model."""

    def __init__(self, *, interval_ms: float, mesh: dict, variable_step: bool = False) -> None:
        parameters = Fig9Parameters()
        chosen = parameters.model_dump(include={"ampa_nS", "nmda_nS", "diffusion_um2_per_ms"})
        steps = {"interval_ms": interval_ms, "variable_step": variable_step, "duration_ms": 200.0}
        script = Path(__file__).with_name("_neuron_fig9.py")
        model = json.dumps(chosen | parameters.geometry.model_dump() | steps | mesh)
        self._process = subprocess.Popen(
            [sys.executable, str(script), model],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        found = self._answer()
        self.time_ms, self.probes = np.array(found["time_ms"]), np.array(found["probes"])

    def _answer(self) -> dict:
        process = self._process
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            told = process.communicate()[1].strip().splitlines()
            raise SystemExit(f"fig9: NEURON failed: {told[-1] if told else 'it said nothing'}")
        return json.loads(line)

    def run_again(self) -> float:
        """Run once more; return the seconds of the steps alone."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return self._answer()["seconds"]

    def close(self) -> None:
        self._process.communicate()


def run(seed: int) -> list[Row]:
    """Measure everything; without NEURON, everything but the comparison."""
    rows = own_rows()
    if importlib.util.find_spec("neuron") is None:
        print(f"fig9: {HOW_TO_INSTALL}", file=sys.stderr)
        cases = [*map(probe_case, FIG9_PROBES), "speed against NEURON rxd at 25 us"]
        return rows + [Row(f"{case}: {MISSING}", math.nan, "", "any", False) for case in cases]
    return rows + agreement_rows() + speed_rows(seed)


def own_rows() -> list[Row]:
    """Give the reference model's half-decays and the sweeps: these need no NEURON."""
    rows = []
    for case, parameters, expected in (
        ("half-decay in the head", Fig9Parameters(), 15.1),
        ("half-decay without NMDA", Fig9Parameters(nmda_nS=0), 12.7),
    ):
        found = measure_half_decay(parameters)
        bound = f"{expected} +- 0.1"
        rows.append(Row(case, found, "ms", bound, abs(found - expected) <= 0.1))
    for field, expected_ms in SWEEPS.items():
        for value, expected in expected_ms.items():
            found = measure_half_decay(changed(field, value))
            off = 100 * (found / expected - 1)
            case = f"half-decay, {field} {value:g}: {found:.2f} ms against {expected:g}"
            rows.append(Row(case, off, "%", "+- 2", abs(off) <= 2))
    return rows


def changed(field: str, value: float) -> Fig9Parameters:
    parameters = Fig9Parameters()
    if field in SpineGeometry.model_fields:
        return parameters.replace(geometry=parameters.geometry.replace(**{field: value}))
    return parameters.replace(**{field: value})


def measure_half_decay(parameters: Fig9Parameters) -> float:
    # The slowest spine of the sweeps needs 0.13 s.
    probes, time_ms = run_fig9(parameters, duration_ms=300.0)
    return half_decay_ms(time_ms, probes[0])


def probe_case(place: object) -> str:
    return f"largest difference from rxd, {place if isinstance(place, str) else f'{place:g} um'}"


def agreement_rows() -> list[Row]:
    """Compare all four traces, at their largest difference over all times."""
    rows = []
    for name, interval_ms, is_variable, is_bound in (
        ("", 0.025, True, True),
        (" (fixed 25 us)", 0.025, False, False),
        (" (fixed 5 us)", 0.005, False, True),
    ):
        worker = Worker(interval_ms=interval_ms, mesh=FINE_MESH, variable_step=is_variable)
        worker.close()
        # as the simulation runs it, but where rxd's own step is the question: there with the same
        ours = run_fig9(interval_ms=0.1 if is_bound else interval_ms)
        for place, trace, reference in zip(FIG9_PROBES, ours.probes, worker.probes, strict=True):
            there = np.interp(ours.time_ms, worker.time_ms, reference)
            off = 100 * float(np.abs(trace - there).max() / reference.max())
            bound, holds = ("<= 0.2", off <= 0.2) if is_bound else ("", None)
            rows.append(Row(probe_case(place) + name, off, "% of peak", bound, holds))
            if not is_bound:
                # rxd's own error at this step is a delay into the neck: it shifts the trace and
                # leaves its height
                height = 100 * float(trace.max() / reference.max() - 1)
                case = probe_case(place).replace("largest difference from", "height against")
                rows.append(Row(case + name, height, "%", "+- 0.2", abs(height) <= 0.2))
        head = np.interp(ours.time_ms, worker.time_ms, worker.probes[0])
        rows.append(Row(f"half-decay of rxd{name}", half_decay_ms(ours.time_ms, head), "ms"))
    return rows


def speed_rows(seed: int) -> list[Row]:
    """Time a 200 ms trial of one spine: ours with all its parts, rxd's steps alone."""
    worker = Worker(interval_ms=0.025, mesh=SMALL_MESH)
    seconds: list[float] = []
    numbers = itertools.count()

    def ours(interval_ms: float) -> None:
        # Another spine each time: nothing comes from the cache.
        length_um = 1.0 + 1e-9 * next(numbers)
        geometry = SpineGeometry(neck_length_um=length_um)
        run_fig9(Fig9Parameters(geometry=geometry), interval_ms=interval_ms)

    known = SpineDiffusion(SpineGeometry())
    time_ms = np.arange(2001) * 0.1
    places = ("head", "mid_neck", "neck_base", 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)

    def known_spine() -> None:
        known.concentration(Fig9Parameters().influx_mol_per_s(time_ms), 0.1, places)

    rxd = "rxd, 25 us, smallest mesh"
    names = ("ours, 25 us", "ours, 0.1 ms", "ours, 0.1 ms, known spine, 10 places")
    times = interleave(
        {
            rxd: lambda: seconds.append(worker.run_again()),
            names[0]: lambda: ours(0.025),
            names[1]: lambda: ours(0.1),
            names[2]: known_spine,
        },
        budget_s=BUDGET_S,
        seed=seed,
    )
    worker.close()
    # Without the way there and back and without initialising; the first call is untimed.
    times[rxd] = seconds[1:]
    rows = [Row(f"200 ms of one spine: {n}", 1e3 * float(np.median(times[n])), "ms") for n in times]
    for name in names:
        gain = ratio(times, rxd, name)
        rows.append(Row(f"{name}, against {rxd}", gain, "x", ">= 5", gain >= 5))
    return rows
