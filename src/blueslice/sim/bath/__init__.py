"""The simulated bath: solutions, their way to the tissue, and what the drugs block."""

from blueslice.sim.bath.bath import Bath
from blueslice.sim.bath.block import Unblocked, occupancy, unblocked
from blueslice.sim.bath.drugs import DRUGS, Drug, Target, drug_named
from blueslice.sim.bath.exchange import CONTROL_BATH, BathState, Chamber, Switch, bath_at
from blueslice.sim.bath.solutions import ACSF, SOLUTIONS, Solution, calibration

__all__ = [
    "ACSF",
    "CONTROL_BATH",
    "DRUGS",
    "SOLUTIONS",
    "Bath",
    "BathState",
    "Chamber",
    "Drug",
    "Solution",
    "Switch",
    "Target",
    "Unblocked",
    "bath_at",
    "calibration",
    "drug_named",
    "occupancy",
    "unblocked",
]
