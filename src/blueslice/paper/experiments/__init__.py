"""The experiments of the paper: what is done on which cells."""

from blueslice.paper.experiments._answer import Answer, Answers, sizes_of
from blueslice.paper.experiments._registry import (
    EXPERIMENTS,
    Experiment,
    Found,
    experiments_of,
    values_of,
)
from blueslice.paper.experiments._spine import GRID_S, SpineMeasures
from blueslice.paper.experiments.action_potentials import SpikeMeasures, TrainMeasures
from blueslice.paper.experiments.areas import AreaMeasures, best_area
from blueslice.paper.experiments.calibration import (
    DYES,
    CalibrationMeasures,
    fit_dye,
    normalised,
)
from blueslice.paper.experiments.methods import MethodsMeasures
from blueslice.paper.experiments.model import SWEEPS, model_traces, sweep_ms
from blueslice.paper.experiments.single_spines import best_spine, published

__all__ = [
    "DYES",
    "EXPERIMENTS",
    "GRID_S",
    "SWEEPS",
    "Answer",
    "Answers",
    "AreaMeasures",
    "CalibrationMeasures",
    "Experiment",
    "Found",
    "MethodsMeasures",
    "SpikeMeasures",
    "SpineMeasures",
    "TrainMeasures",
    "best_area",
    "best_spine",
    "experiments_of",
    "fit_dye",
    "model_traces",
    "normalised",
    "published",
    "sizes_of",
    "sweep_ms",
    "values_of",
]
