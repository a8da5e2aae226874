"""What the cell did in a trial."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology.release import Release

__all__ = ["CellResponse"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class CellResponse:
    """What the cell does in a trial: arrays over time, and the events behind them.

    Attributes
    ----------
    interval_ms : float
        Between the samples, of which the first is the trial's start.
    voltage_mV : (times,) array
        At the soma.
    spine_sodium_mM, segment_sodium_mM : (compartments, times) arrays
        Free sodium.
    spine_calcium_uM, segment_calcium_uM : (compartments, times) arrays
        Free calcium.
    spine_bound, segment_bound : (compartments, times) arrays
        Bound part of the calcium dye.
    calcium_dye_kd_uM : float
        Of that dye.
    releases : mapping of spine to tuple of Release
        What was released where.
    spikes_ms : tuple of float
        Action potentials.
    plateau_ms : float or None
        When an NMDA spike began.
    current_pA : (times,) array or None
        What the pipette gives into the soma; None where nobody asked.
    """

    interval_ms: float
    voltage_mV: Values
    spine_sodium_mM: Values
    segment_sodium_mM: Values
    spine_calcium_uM: Values
    segment_calcium_uM: Values
    spine_bound: Values
    segment_bound: Values
    calcium_dye_kd_uM: float
    releases: dict[int, tuple[Release, ...]] = field(default_factory=dict)
    spikes_ms: tuple[float, ...] = ()
    plateau_ms: float | None = None
    current_pA: Values | None = None
