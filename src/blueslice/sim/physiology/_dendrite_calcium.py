"""Calcium along the dendrite: what arrives from spines with the dye spreads and is removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology.calcium import CalciumParameters

__all__ = [
    "STEP_UM",
    "CalciumInflow",
    "DendriteCalcium",
    "between_nodes",
    "dendrite_calcium",
    "grid_um",
]

Values = NDArray[np.float64]

STEP_UM = 0.5
"""Length of a compartment: stores take calcium up within 2 um of where it arrives."""

# At the default uptake 1 % of what arrives is left so far away.
_MARGIN_UM = 8.0


@dataclass(frozen=True, eq=False)
class CalciumInflow:
    """What comes out of a spine's neck.

    Attributes
    ----------
    position_um : float
        Where, along the dendrite.
    uM_um3_per_ms : (times,) array
        Calcium on the dye that arrives; negative where it leaves into the spine.
    """

    position_um: float
    uM_um3_per_ms: Values


@dataclass(frozen=True, eq=False)
class DendriteCalcium:
    """Calcium in a row of compartments.

    Attributes
    ----------
    free_uM, bound : (compartments, times) arrays
        Free calcium, and the bound part of the dye.
    stored_uM : (compartments, times) array
        All calcium above rest, bound or free.
    removed_uM : (compartments, times) array
        What pumps and stores have taken since the start.
    """

    free_uM: Values
    bound: Values
    stored_uM: Values
    removed_uM: Values


def grid_um(positions_um: Sequence[float]) -> Values:
    """Return the compartments' middles, far enough beyond the outermost spines."""
    first, last = min(positions_um) - _MARGIN_UM, max(positions_um) + _MARGIN_UM
    return np.arange(first, last + STEP_UM, STEP_UM, dtype=np.float64)


def dendrite_calcium(
    nodes_um: Values,
    entry_uM_per_ms: Values,
    row: NDArray[np.intp],
    inflows: Sequence[CalciumInflow],
    area_um2: float,
    interval_ms: float,
    parameters: CalciumParameters,
    *,
    dye_uM: float,
    dye_kd_uM: float,
) -> DendriteCalcium:
    """Compute calcium in compartments that exchange their dye.

    The state is all calcium ``S`` above rest, of which dye and buffers leave the part free that is
    the root of ``S = (1 + kappa) (c - rest) + B c / (c + Kd) - bound at rest``; only the dye moves,
    ``dS/dt = entry + inflow / V - pump (c - rest) - uptake S + D d2(B bound)/dx2``: amounts are
    conserved to rounding. The ends of the row are closed.

    Parameters
    ----------
    nodes_um : (compartments,) array
        Their middles, `STEP_UM` apart.
    entry_uM_per_ms : (rows, times) array
        Through the membrane, per volume.
    row : (compartments,) array
        Which of these each compartment has.
    inflows : sequence of CalciumInflow
        From spines, shared between the two nearest compartments.
    area_um2 : float
        Cross-section.
    interval_ms : float
        Between samples.
    parameters : CalciumParameters
        The dendrite.
    dye_uM, dye_kd_uM : float
        The dye.
    """
    times = entry_uM_per_ms.shape[1]
    share = np.zeros((len(inflows), len(nodes_um)))
    arriving = np.zeros((len(inflows), times))
    for number, inflow in enumerate(inflows):
        place = (inflow.position_um - nodes_um[0]) / STEP_UM
        below = min(int(place), len(nodes_um) - 2)
        share[number, below : below + 2] = below + 1 - place, place - below
        arriving[number] = inflow.uM_um3_per_ms / (area_um2 * STEP_UM)
    stored = np.zeros((times, len(nodes_um)))
    free, removed = np.full_like(stored, parameters.rest_uM), np.zeros_like(stored)
    # Before anything enters there is nothing to compute.
    entering = (entry_uM_per_ms != 0).any(0) | (arriving != 0).any(0)
    first = max(int(entering.argmax()) - 1, 0)
    _step_all(
        np.ascontiguousarray(entry_uM_per_ms.T[first:]),
        np.ascontiguousarray(row, np.intp),
        np.ascontiguousarray(arriving.T[first:]),
        share,
        float(interval_ms),
        parameters.rest_uM,
        1 + parameters.endogenous_capacity,
        parameters.pump_per_ms,
        parameters.uptake_per_ms,
        parameters.dye_diffusion_um2_per_ms / STEP_UM**2,
        float(dye_uM),
        float(dye_kd_uM),
        stored[first:],
        free[first:],
        removed[first:],
    )
    calcium = np.ascontiguousarray(free.T)
    return DendriteCalcium(
        calcium,
        calcium / (calcium + dye_kd_uM),
        np.ascontiguousarray(stored.T),
        np.ascontiguousarray(removed.T),
    )


def between_nodes(nodes_um: Values, values: Values, positions_um: Values) -> Values:
    """Return what lies on straight lines between compartments: (positions, times).

    Parameters
    ----------
    nodes_um : (compartments,) array
        Their middles.
    values : (compartments, times) array
        What is known there.
    positions_um : (positions,) array
        Places between the first and the last.
    """
    place = (positions_um - nodes_um[0]) / STEP_UM
    below = np.clip(place.astype(int), 0, len(nodes_um) - 2)
    part = (place - below)[:, None]
    return values[below] * (1 - part) + values[below + 1] * part


# Without Python's check of each division, and with sums taken in any order, the loops over
# compartments run in vectors.
@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})
def _step_all(  # noqa: ANN202
    entry: Any,
    row: Any,
    arriving: Any,
    share: Any,
    interval: float,
    rest: float,
    own: float,
    pump: float,
    uptake: float,
    exchange: float,
    dye: float,
    kd: float,
    stored: Any,
    free: Any,
    removed: Any,
):
    """Step by the midpoint rule; times lead in every array, the last three are written."""
    times, count = stored.shape
    bound_rest = dye * rest / (rest + kd)
    linear, constant = own * (kd - rest) + dye - bound_rest, kd * (own * rest + bound_rest)
    change, taken, estimate = np.empty(count), np.empty(count), np.zeros(count)
    # Closed ends: beyond each lies a copy of it.
    bound = np.empty(count + 2)
    for time in range(times):
        for half in range(2):
            for k in range(count):
                p = linear - estimate[k]
                q = max(constant + kd * estimate[k], 0.0)
                now = 2 * q / (p + np.sqrt(p * p + 4 * own * q))
                change[k] = now
                taken[k] = pump * (now - rest) + uptake * estimate[k]
                # What is neither free nor on the cell's own buffers.
                bound[k + 1] = estimate[k] + bound_rest - own * (now - rest)
            if half == 0:
                free[time] = change
            bound[0], bound[count + 1] = bound[1], bound[count]
            if time + 1 == times:
                return
            after = 0.5 * half
            for k in range(count):
                change[k] = (1 - after) * entry[time, row[k]] + after * entry[time + 1, row[k]]
            for k in range(count):
                flow = bound[k] - 2 * bound[k + 1] + bound[k + 2]
                change[k] += exchange * flow - taken[k]
            for source in range(len(share)):
                now = (1 - after) * arriving[time, source] + after * arriving[time + 1, source]
                for k in range(count):
                    change[k] += share[source, k] * now
            step = interval * (0.5 + after)
            for k in range(count):
                estimate[k] = stored[time, k] + step * change[k]
        for k in range(count):
            stored[time + 1, k] = estimate[k]
            removed[time + 1, k] = removed[time, k] + interval * taken[k]
