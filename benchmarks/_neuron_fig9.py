"""The model of Fig 9 in NEURON's rxd, for `fig9` to compare with: a process of its own.

It takes one JSON object as its argument and answers with lines of JSON: first the traces, then,
for every line it reads, the seconds that one more run took. It imports nothing of blueslice, and
writes the model's equations down once more, so that a slip in ours is not copied.

What decides whether rxd's 1D mesh is the model that is meant:

- A neck connected to ``dendrite(0.5)`` exchanges with the one compartment that holds that point.
  With an even number of compartments this is the one to the right of the middle, and the spine
  sits half a compartment off centre: the number has to be odd.
- Between two compartments there lies half of each one's length, also where sections meet, but the
  parent's half is left out where a section joins the parent's middle. So the head (one
  compartment) adds half its length of its own cross-section, the dendrite nothing across.
- Near the neck the concentration changes within 1 um: compartments of 1 um in the dendrite put
  the neck's base 4 % off for the first milliseconds.
- With fixed steps rxd is of first order. It adds the played value that belongs to the step's END,
  so that an influx played as it is runs half a step ahead (0.5 % of the head's peak at 25 us; here
  each time is given the influx of half a step before); and what enters the head in a step reaches
  the neck in the next (1 % of the neck's peak at 25 us, 0.2 % at 5 us). With CVODE's variable
  steps at a tight tolerance there is no such error: that is the reference.
"""

import json
import sys
import time

import numpy as np
from neuron import h, rxd  # pyright: ignore[reportMissingImports]

FARADAY_C_PER_MOL = 96485.33212


def influx_mol_per_s(time_ms: np.ndarray, model: dict) -> np.ndarray:
    block_mM = 1.07 * np.exp(0.057 * -70.0)
    nmda_nS = model["nmda_nS"] * (1 - 1 / (1 + block_mM / 2.0))
    conductance_nS = model["ampa_nS"] * (np.exp(-time_ms / 2.0) - np.exp(-time_ms / 0.5))
    conductance_nS += nmda_nS * np.exp(-time_ms / 71.0) * (1 - np.exp(-time_ms / 13.2))
    return conductance_nS * 1e-9 * 0.110 / FARADAY_C_PER_MOL


class Fig9Model:
    """Head, neck and dendrite in one region, with sodium that enters the head."""

    def __init__(self, model: dict) -> None:
        self.duration_ms = model["duration_ms"]
        self.head, self.neck, self.dendrite, self.source = (
            h.Section(name=name) for name in ("head", "neck", "dendrite", "source")
        )
        self.head.L = self.head.diam = (4 * model["head_volume_um3"] / np.pi) ** (1 / 3)
        self.neck.L, self.neck.diam = model["neck_length_um"], model["neck_diameter_um"]
        self.dendrite.L = model["dendrite_length_um"]
        self.dendrite.diam = model["dendrite_diameter_um"]
        self.head.nseg = 1
        self.neck.nseg, self.dendrite.nseg = (
            model["neck_compartments"],
            model["dendrite_compartments"],
        )
        self.neck.connect(self.dendrite(0.5), 0)
        self.head.connect(self.neck(1), 0)
        self.cytosol = rxd.Region([self.head, self.neck, self.dendrite], nrn_region="i")
        self.sodium = rxd.Species(
            self.cytosol, name="na", charge=1, d=model["diffusion_um2_per_ms"], initial=4.0
        )
        steps = round(self.duration_ms / model["interval_ms"])
        played_ms = np.arange(steps + 2) * model["interval_ms"]
        early_ms = 0.0 if model["variable_step"] else model["interval_ms"] / 2
        influx = influx_mol_per_s(np.maximum(played_ms - early_ms, 0.0), model)
        self.time, self.influx = h.Vector(played_ms), h.Vector(influx)
        # Any variable that nothing else reads can carry the influx from the vector to rxd.
        self.carrier = h.ExpSyn(self.source(0.5))
        self.influx.play(self.carrier._ref_e, self.time, True)
        self.sodium.nodes(self.head)[0].include_flux(self.carrier._ref_e, units="mol/s")
        # 3 um lies between two compartments' centres: both are recorded.
        step_um = self.dendrite.L / self.dendrite.nseg
        middle = self.dendrite.nseg // 2
        before = int(3.0 / step_um)
        self.part = 3.0 / step_um - before
        along = self.sodium.nodes(self.dendrite)
        nodes = [
            self.sodium.nodes(self.head)[0],
            self.sodium.nodes(self.neck(0.5))[0],
            along[middle],
            along[middle + before],
            along[middle + before + 1],
        ]
        self.recorded = [h.Vector().record(node._ref_concentration) for node in nodes]
        self.recorded_ms = h.Vector().record(h._ref_t)
        h.dt = model["interval_ms"]
        if model["variable_step"]:
            h.cvode_active(True)
            h.cvode.atol(1e-7)
            h.cvode.rtol(1e-7)

    def run(self) -> float:
        """Run once and return the seconds that the steps took, set-up left out."""
        h.finitialize(-70)
        start_s = time.perf_counter()
        h.continuerun(self.duration_ms)
        return time.perf_counter() - start_s

    def probes(self) -> list[list[float]]:
        head, mid_neck, neck_base, before, after = (
            np.array(trace) - 4.0 for trace in self.recorded
        )
        along = (1 - self.part) * before + self.part * after
        return [trace.tolist() for trace in (head, mid_neck, neck_base, along)]


def main() -> None:
    h.load_file("stdrun.hoc")
    model = Fig9Model(json.loads(sys.argv[1]))
    seconds = model.run()
    traces = {"time_ms": np.array(model.recorded_ms).tolist(), "probes": model.probes()}
    print(json.dumps({"seconds": seconds} | traces), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"seconds": model.run()}), flush=True)


if __name__ == "__main__":
    main()
