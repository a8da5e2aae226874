"""What the cell does, as equations on arrays: channels, sodium and where it goes."""

from blueslice.sim.physiology.calcium import CalciumParameters, calcium_channels, free_calcium
from blueslice.sim.physiology.cell import Cell
from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.cell_response import CellResponse
from blueslice.sim.physiology.cell_traits import draw_cell
from blueslice.sim.physiology.conductances import (
    RESIDUAL_MAGNESIUM_MM,
    ampa_conductance,
    nmda_conductance,
    sodium_influx,
    unblocked_fraction,
)
from blueslice.sim.physiology.diffusion import Place, SpineDiffusion
from blueslice.sim.physiology.fig9 import (
    FIG9_PROBES,
    Fig9Parameters,
    Fig9Run,
    half_decay_ms,
    run_fig9,
)
from blueslice.sim.physiology.geometry import SpineGeometry
from blueslice.sim.physiology.pipette import Pipette, command_mV
from blueslice.sim.physiology.release import Release, ReleaseParameters, draw_releases
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.traits import SpineParameters, SpineTraits, draw_spines
from blueslice.sim.physiology.voltage import VoltageParameters

__all__ = [
    "FIG9_PROBES",
    "RESIDUAL_MAGNESIUM_MM",
    "CalciumParameters",
    "Cell",
    "CellParameters",
    "CellResponse",
    "Fig9Parameters",
    "Fig9Run",
    "Pipette",
    "Place",
    "Release",
    "ReleaseParameters",
    "SpineDiffusion",
    "SpineGeometry",
    "SpineParameters",
    "SpineTraits",
    "Surroundings",
    "VoltageParameters",
    "ampa_conductance",
    "calcium_channels",
    "command_mV",
    "draw_cell",
    "draw_releases",
    "draw_spines",
    "free_calcium",
    "half_decay_ms",
    "nmda_conductance",
    "run_fig9",
    "sodium_influx",
    "unblocked_fraction",
]
