"""Sodium in spines and dendrite: what spikes and receptors bring, and where it goes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology._first_order import first_order
from blueslice.sim.physiology._neighbours import neck_rate_per_ms, spread_sodium
from blueslice.sim.physiology._spine_currents import SpineCurrents
from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.conductances import sodium_influx
from blueslice.sim.physiology.diffusion import SpineDiffusion
from blueslice.sim.physiology.traits import SpineTraits

__all__ = ["REACH_UM", "add_neighbours", "sodium", "sodium_of_spikes"]

Values = NDArray[np.float64]

REACH_UM = 15.0
"""Sodium of one spine is followed so far along the dendrite; beyond it is less than 1 % of the
head's within a trial."""

# How fast a spike's sodium enters.
_ENTRY_MS = 0.5


def sodium_of_spikes(
    time_ms: Values, spikes_ms: Sequence[float], parameters: CellParameters
) -> Values:
    """Return what back-propagating spikes bring, in spines as in the dendrite, in mM: (times,)."""
    found = np.zeros(len(time_ms))
    for spike_ms in spikes_ms:
        since_ms = np.maximum(time_ms - spike_ms, 0.0)
        brought = parameters.sodium_per_spike_mM * -np.expm1(-since_ms / _ENTRY_MS)
        found += brought * np.exp(-since_ms / parameters.sodium_removal_ms)
    return found


def sodium(
    spines: Sequence[SpineTraits],
    segments_um: Values,
    currents: Mapping[int, SpineCurrents],
    everywhere_mM: Values,
    interval_ms: float,
    parameters: CellParameters,
) -> tuple[Values, Values]:
    """Compute free sodium, in mM.

    Parameters
    ----------
    spines : sequence of SpineTraits
        The spines.
    segments_um : (segments,) array
        Middle of each segment of dendrite.
    currents : mapping of spine to SpineCurrents
        Of those that release.
    everywhere_mM : (times,) array
        What enters spines and dendrite alike.
    interval_ms : float
        Between samples.
    parameters : CellParameters
        The cell.

    Returns
    -------
    spines, segments : (compartments, times) arrays
    """
    rest = parameters.rest_sodium_mM + everywhere_mM
    spine_mM = np.tile(rest, (len(spines), 1))
    segment_mM = np.tile(rest, (len(segments_um), 1))
    for number, current in currents.items():
        spine = spines[number]
        influx = sodium_influx(current.ampa_nS + current.nmda_nS, current.potential_mV)
        away_um = segments_um - spine.position_um
        near = np.flatnonzero(np.abs(away_um) < REACH_UM)
        diffusion = SpineDiffusion(
            spine.geometry, removal_time_constant_ms=parameters.sodium_removal_ms
        )
        risen = diffusion.concentration(influx, interval_ms, ["head", *away_um[near].tolist()])
        spine_mM[number] += risen[0]
        segment_mM[near] += risen[1:]
    return spine_mM, segment_mM


def add_neighbours(
    spine_mM: Values,
    segment_mM: Values,
    spines: Sequence[SpineTraits],
    segments_um: Values,
    centre_um: float,
    influx_mol_per_s: Values,
    interval_ms: float,
    parameters: CellParameters,
) -> None:
    """Add what unseen neighbours bring, in place; the heads follow the dendrite below them.

    Parameters
    ----------
    spine_mM, segment_mM : (compartments, times) arrays
        Free sodium.
    spines : sequence of SpineTraits
        The spines.
    segments_um : (segments,) array
        Middle of each segment of dendrite.
    centre_um : float
        Where the neighbours are.
    influx_mol_per_s : (times,) array
        Into all of them.
    interval_ms : float
        Between samples.
    parameters : CellParameters
        The cell.
    """
    below_um = np.array([spine.position_um for spine in spines])
    away_um = np.concatenate([below_um, segments_um]) - centre_um
    risen = spread_sodium(influx_mol_per_s, away_um, interval_ms, parameters)
    segment_mM += risen[len(spines) :]
    for number, spine in enumerate(spines):
        rate = neck_rate_per_ms(spine.geometry)
        spine_mM[number] += first_order(rate * risen[number], rate, interval_ms)
