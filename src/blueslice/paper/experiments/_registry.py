"""All experiments: on how many cells, with what, and for which figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from blueslice.paper.experiments._answer import Answers
from blueslice.paper.experiments._spine import SpineMeasures
from blueslice.paper.experiments.action_potentials import (
    SpikeMeasures,
    TrainMeasures,
    single_spike,
    spike_train,
    spike_values,
)
from blueslice.paper.experiments.areas import AreaMeasures, area_values, larger_area
from blueslice.paper.experiments.calibration import (
    CalibrationMeasures,
    calibration,
    calibration_values,
)
from blueslice.paper.experiments.drugs import (
    LOW_MG,
    cnqx_values,
    cpp_values,
    epsp_spike_values,
    in_solutions,
    plateau_values,
    spike_on_epsp,
)
from blueslice.paper.experiments.methods import MethodsMeasures, methods, methods_values
from blueslice.paper.experiments.model import model_values
from blueslice.paper.experiments.qx import qx_values
from blueslice.paper.experiments.single_spines import single_spine, spine_values
from blueslice.paper.measures import Measures
from blueslice.paper.values import Value

__all__ = ["EXPERIMENTS", "Experiment", "Found", "experiments_of", "values_of"]

Found: TypeAlias = Mapping[str, Sequence[Any]]
"""Measures of every cell, by the experiment's name; an experiment not done has none."""

# Strong enough for an NMDA spike.
PLATEAU_UA = 400.0
# Some -13 mV, as the paper held cells that spiked: a spike brings calcium of its own.
HOLDING_PA = -170.0


@dataclass(frozen=True)
class Experiment:
    """One protocol on a number of cells.

    Attributes
    ----------
    name : str
        Its name, also in file names.
    figures : tuple of str
        That need it.
    do : callable
        Does it on one cell: takes a `Laboratory`, a seed and `arguments`.
    gives : type
        The measures that it returns.
    cells : int
        On how many.
    arguments : mapping
        See `do`; plain data.
    cells_of : str
        The experiment whose cells these are; by default cells that nobody has seen.
    """

    name: str
    figures: tuple[str, ...]
    do: Callable[..., Measures]
    gives: type[Measures]
    cells: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    cells_of: str = ""

    def seeds(self, master_seed: int, cells_factor: float = 1.0) -> list[int]:
        """Return the seeds of its cells: the same whichever experiments are done beside it."""
        own = [ord(letter) for letter in self.cells_of or self.name]
        count = max(round(self.cells * cells_factor), 2) if self.cells > 1 else 1
        return np.random.SeedSequence([master_seed, *own]).generate_state(count).tolist()


def _in(name: str, figure: str, *solutions: str, cells: int = 24, **arguments: Any) -> Experiment:
    told = {"solutions": list(solutions), **arguments}
    return Experiment(name, (figure,), in_solutions, Answers, cells, told)


_ALL = (
    Experiment("methods", ("Methods",), methods, MethodsMeasures, 1),
    Experiment("single-spines", ("2", "3", "4", "8", "9"), single_spine, SpineMeasures, 48),
    Experiment("larger-areas", ("1",), larger_area, AreaMeasures, 40),
    Experiment(
        "single-spikes", ("1",), single_spike, SpikeMeasures, 12,
        {"order": [1, 2], "spread_ms": 0.055},
    ),
    # With one LED no other dye's frames are to be met, and any time is as good as another.
    Experiment(
        "single-spikes-500-hz", ("1",), single_spike, SpikeMeasures, 16,
        {"order": [1], "spread_ms": 0.6},
    ),
    Experiment("calibration", ("5",), calibration, CalibrationMeasures, 9),
    _in("cnqx", "6", LOW_MG, f"{LOW_MG} + 5 uM CNQX", LOW_MG),
    _in("ttx", "6", "ACSF", "ACSF + 1 uM TTX", cells=20),
    _in("cpp", "7", LOW_MG, f"{LOW_MG} + 10 uM CPP", cells=64),
    _in(
        "cpp-two-dyes", "7", LOW_MG, f"{LOW_MG} + 10 uM CPP", cells=64,
        indicators="bis-fura-2+fluo-5F",
    ),
    Experiment("spike-trains", ("8",), spike_train, TrainMeasures, 16),
    Experiment(
        "spike-trains-sbfi", ("8",), spike_train, TrainMeasures, 16, {"indicators": "SBFI+ANG-2"}
    ),
    # Other cells, as in the paper: the same ones would give the same numbers to the last digit.
    Experiment("qx-314", ("8",), single_spine, SpineMeasures, 32, {"spikes_blocked": True}),
    Experiment("spike-on-epsp", ("8",), spike_on_epsp, Answers, 24, {"solution": LOW_MG}),
    _in("zero-mg", "10", "ACSF", "0 Mg ACSF"),
    _in("zero-mg-cnqx", "10", "0 Mg ACSF", "0 Mg ACSF + 5 uM CNQX"),
    Experiment(
        "weak-stimulus", ("10",), in_solutions, Answers, 24, {"solutions": [LOW_MG]}, "nmda-spike"
    ),
    _in(
        "nmda-spike", "10", LOW_MG, f"{LOW_MG} + 10 uM CPP",
        amplitude_uA=PLATEAU_UA, holding_pA=HOLDING_PA,
    ),
)  # fmt: skip

EXPERIMENTS: Mapping[str, Experiment] = {one.name: one for one in _ALL}
"""Every experiment by its name, in the order in which they are done."""


def experiments_of(figures: Iterable[str]) -> list[Experiment]:
    """Return the experiments that some figures need."""
    asked = set(figures)
    return [one for one in _ALL if asked & set(one.figures)]


def values_of(found: Found) -> dict[str, Value]:
    """Give every number of the paper that the experiments done can tell, by its id."""

    def of(name: str) -> Sequence[Any]:
        return found.get(name, ())

    values = methods_values(of("methods"))
    if of("single-spines"):
        values |= spine_values(of("single-spines"))
    if of("larger-areas"):
        values |= area_values(of("larger-areas"))
    values |= spike_values(
        of("single-spikes"),
        of("single-spikes-500-hz"),
        of("spike-trains"),
        of("spike-trains-sbfi"),
    )
    values |= calibration_values(of("calibration"))
    values |= cnqx_values(of("cnqx"), of("ttx"))
    values |= cpp_values(of("cpp"), of("cpp-two-dyes"))
    if of("qx-314"):
        values |= qx_values(of("qx-314"), of("single-spines"))
    values |= epsp_spike_values(of("spike-on-epsp"))
    values |= model_values(of("single-spines"))
    return values | plateau_values(
        of("zero-mg"), of("zero-mg-cnqx"), of("weak-stimulus"), of("nmda-spike")
    )
