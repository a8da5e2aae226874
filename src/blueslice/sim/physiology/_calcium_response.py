"""Calcium in spines and dendrite: through NMDA receptors and voltage-gated channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology._dendrite_calcium import (
    CalciumInflow,
    between_nodes,
    dendrite_calcium,
    grid_um,
)
from blueslice.sim.physiology._dendrite_potential import DendritePotential
from blueslice.sim.physiology._spine_currents import SpineCurrents
from blueslice.sim.physiology.calcium import CalciumParameters, calcium_channels, free_calcium
from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.geometry import SpineGeometry
from blueslice.sim.physiology.traits import SpineTraits

__all__ = [
    "CalciumDye",
    "CalciumResponse",
    "calcium",
    "channel_entry",
    "neck_flow",
    "neck_leak_per_ms",
    "spine_entry",
]

Values = NDArray[np.float64]

# 1 pA of a current that calcium carries is so many uM um3 per ms: 1e-12 A / (2 F).
_UM_UM3_PER_MS_PER_PA = 1e-12 / (2 * 96485.33212) * 1e18
_NMDA_REVERSAL_MV = 40.0


@dataclass(frozen=True)
class CalciumDye:
    """The calcium dye in the pipette.

    Attributes
    ----------
    concentration_uM : float
        0 for none.
    kd_uM : float
        Dissociation constant.
    """

    concentration_uM: float
    kd_uM: float


@dataclass(frozen=True, eq=False)
class CalciumResponse:
    """Calcium over time: (compartments, times) each.

    Attributes
    ----------
    spine_uM, segment_uM : arrays
        Free calcium.
    spine_bound, segment_bound : arrays
        Bound part of the dye, 0 to 1.
    """

    spine_uM: Values
    segment_uM: Values
    spine_bound: Values
    segment_bound: Values

    def raised(self, by_uM: float, dye: CalciumDye) -> "CalciumResponse":
        """Return the same with more free calcium everywhere, as damage leaves it."""
        if not by_uM:
            return self
        spine_uM, segment_uM = self.spine_uM + by_uM, self.segment_uM + by_uM
        return CalciumResponse(
            spine_uM,
            segment_uM,
            spine_uM / (spine_uM + dye.kd_uM),
            segment_uM / (segment_uM + dye.kd_uM),
        )


def neck_leak_per_ms(geometry: SpineGeometry, parameters: CalciumParameters) -> float:
    """Return the rate at which bound dye leaves a head: ``D A / (L V)`` of neck and head."""
    return (
        parameters.dye_diffusion_um2_per_ms
        * geometry.neck_area_um2
        / (geometry.neck_length_um * geometry.head_volume_um3)
    )


def channel_entry(potential_mV: Values, parameters: CalciumParameters) -> Values:
    """Return what potentials open of voltage-gated channels beyond rest: (places, times)."""
    through = calcium_channels(potential_mV, parameters)
    # What enters at rest belongs to the calcium at rest.
    return through - through[:, :1]


def spine_entry(
    geometry: SpineGeometry, current: SpineCurrents, parameters: CalciumParameters
) -> Values:
    """Return calcium entering a head through receptors and channels, in uM/ms: (times,)."""
    driving_mV = _NMDA_REVERSAL_MV - current.potential_mV
    current_pA = current.nmda_nS * driving_mV * parameters.nmda_calcium_fraction
    entry = current_pA * _UM_UM3_PER_MS_PER_PA / geometry.head_volume_um3
    channels = calcium_channels(current.potential_mV, parameters)
    return entry + channels - channels[0]


def calcium(
    spines: Sequence[SpineTraits],
    segments_um: Values,
    currents: Mapping[int, SpineCurrents],
    potential: DendritePotential,
    interval_ms: float,
    dye: CalciumDye,
    parameters: CellParameters,
) -> CalciumResponse:
    """Compute free calcium and the dye that has bound it.

    The dendrite first, as its channels have it; then each head, which exchanges dye with the
    dendrite below; then what the releasing heads gave to the dendrite.

    Parameters
    ----------
    spines : sequence of SpineTraits
        The spines.
    segments_um : (segments,) array
        Middle of each segment of dendrite.
    currents : mapping of spine to SpineCurrents
        Of those that release.
    potential : DendritePotential
        Of the dendrite.
    interval_ms : float
        Between samples.
    dye : CalciumDye
        The dye.
    parameters : CellParameters
        The cell.
    """
    of_dendrite = parameters.calcium.replace(
        channel_uM_per_ms=parameters.dendrite_channel_uM_per_ms,
        channel_half_mV=parameters.dendrite_channel_half_mV,
        uptake_per_ms=parameters.dendrite_uptake_per_ms,
    )
    below_um = np.array([spine.position_um for spine in spines])
    places_mV, row = potential.distinct(np.concatenate([segments_um, below_um]))
    free, bound = free_calcium(
        channel_entry(places_mV, of_dendrite),
        interval_ms,
        of_dendrite,
        dye_uM=dye.concentration_uM,
        dye_kd_uM=dye.kd_uM,
    )
    of_segment, of_spine = row[: len(segments_um)], row[len(segments_um) :]
    segment_uM, segment_bound = free[of_segment], bound[of_segment]
    spine_uM, spine_bound = np.empty((2, len(spines), free.shape[1]))
    # Heads that do nothing of their own are alike where the dendrite is.
    mean = parameters.spine.geometry
    for below in set(of_spine.tolist()).intersection(
        of_spine[k] for k in range(len(spines)) if k not in currents
    ):
        entry = channel_entry(places_mV[below : below + 1], parameters.calcium)
        alike = of_spine == below
        spine_uM[alike], spine_bound[alike] = _head(
            entry, mean, bound[below], interval_ms, dye, parameters.calcium
        )
    inflows: list[CalciumInflow] = []
    for number, current in currents.items():
        spine, outside = spines[number], bound[of_spine[number]]
        own = parameters.calcium.replace(
            uptake_per_ms=parameters.calcium.uptake_per_ms * spine.uptake_factor
        )
        spine_uM[number], spine_bound[number] = _head(
            spine_entry(spine.geometry, current, own)[None],
            spine.geometry,
            outside,
            interval_ms,
            dye,
            own,
        )
        inflows.append(neck_flow(spine, spine_bound[number], outside, dye, parameters.calcium))
    if inflows and dye.concentration_uM > 0:
        nodes_um = grid_um([inflow.position_um for inflow in inflows])
        nodes_mV, node_row = potential.distinct(nodes_um)
        found = dendrite_calcium(
            nodes_um,
            channel_entry(nodes_mV, of_dendrite),
            node_row,
            inflows,
            parameters.spine.geometry.dendrite_area_um2,
            interval_ms,
            of_dendrite,
            dye_uM=dye.concentration_uM,
            dye_kd_uM=dye.kd_uM,
        )
        near = np.flatnonzero((segments_um >= nodes_um[0]) & (segments_um <= nodes_um[-1]))
        segment_uM[near] = between_nodes(nodes_um, found.free_uM, segments_um[near])
        segment_bound[near] = between_nodes(nodes_um, found.bound, segments_um[near])
    return CalciumResponse(spine_uM, segment_uM, spine_bound, segment_bound)


def neck_flow(
    spine: SpineTraits,
    bound: Values,
    outside_bound: Values,
    dye: CalciumDye,
    parameters: CalciumParameters,
) -> CalciumInflow:
    """Return what leaves a head with the dye: ``D A / L B (bound - bound outside)``."""
    leak = neck_leak_per_ms(spine.geometry, parameters)
    given = leak * spine.geometry.head_volume_um3 * dye.concentration_uM
    return CalciumInflow(spine.position_um, given * (bound - outside_bound))


def _head(
    entry: Values,
    geometry: SpineGeometry,
    outside_bound: Values,
    interval_ms: float,
    dye: CalciumDye,
    parameters: CalciumParameters,
) -> tuple[Values, Values]:
    """Return free calcium and bound dye of one head: (times,) each."""
    free, bound = free_calcium(
        entry,
        interval_ms,
        parameters,
        dye_uM=dye.concentration_uM,
        dye_kd_uM=dye.kd_uM,
        leak_per_ms=neck_leak_per_ms(geometry, parameters),
        outside_bound=outside_bound,
    )
    return free[0], bound[0]
