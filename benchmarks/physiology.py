"""The simulated cells against the figures of Miyazaki & Ross 2017, by the ordinary analysis."""

from benchmarks._action_potentials import action_potentials
from benchmarks._areas import larger_areas
from benchmarks._cells import cells
from benchmarks._drugs import drugs, plateaus, spikes_on_epsps
from benchmarks._measure import Row
from benchmarks._single_spines import single_spines

GROUPS = (single_spines, larger_areas, action_potentials, drugs, spikes_on_epsps, plateaus)


def run(seed: int) -> list[Row]:
    """Do the experiments on cells that nobody has seen."""
    rows = []
    with cells(seed) as supply:
        for group in GROUPS:
            rows += group(supply)
    return rows
