"""What the cell does, as equations on arrays: channels, sodium and where it goes."""

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

__all__ = [
    "FIG9_PROBES",
    "RESIDUAL_MAGNESIUM_MM",
    "Fig9Parameters",
    "Fig9Run",
    "Place",
    "SpineDiffusion",
    "SpineGeometry",
    "ampa_conductance",
    "half_decay_ms",
    "nmda_conductance",
    "run_fig9",
    "sodium_influx",
    "unblocked_fraction",
]
