"""The NMDA spike: where and when it begins, and what it adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.release import Release
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.traits import SpineTraits
from blueslice.sim.physiology.voltage import plateau

__all__ = ["Plateau", "find_plateau"]

Values = NDArray[np.float64]

# With less than this part of the receptors the dendrite cannot regenerate.
_LEAST_RECEPTORS = 0.5


@dataclass(frozen=True, eq=False)
class Plateau:
    """An NMDA spike.

    Attributes
    ----------
    onset_ms : float
        When it begins.
    centre_um : float
        Where, along the dendrite.
    held_mV : (times,) array
        Depolarisation there.
    """

    onset_ms: float
    centre_um: float
    held_mV: Values


def find_plateau(
    spines: Sequence[SpineTraits],
    releases: Mapping[int, Sequence[Release]],
    time_ms: Values,
    surroundings: Surroundings,
    parameters: CellParameters,
) -> Plateau | None:
    """Return the NMDA spike that begins when enough spines release together, or None.

    NMDA spikes need AMPA receptors to begin, NMDA receptors to go on, and a number of neighbouring
    synapses at once (Schiller et al. 2000, Nature 404:285; Losonczy & Magee 2006, Neuron 50:291).

    Parameters
    ----------
    spines : sequence of SpineTraits
        The spines.
    releases : mapping of spine to sequence of Release
        What they released.
    time_ms : (times,) array
        Times.
    surroundings : Surroundings
        What works.
    parameters : CellParameters
        The cell.
    """
    if len(releases) < parameters.plateau_spines:
        return None
    if min(surroundings.nmda, surroundings.ampa) < _LEAST_RECEPTORS:
        return None
    first_s = sorted(found[0].time_s for found in releases.values())
    onset_ms = 1e3 * first_s[parameters.plateau_spines - 1]
    voltage = parameters.voltage
    return Plateau(
        onset_ms,
        float(np.mean([spines[number].position_um for number in releases])),
        plateau(time_ms, onset_ms, voltage.plateau_mV, voltage.plateau_ms),
    )
