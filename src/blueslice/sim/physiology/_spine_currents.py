"""What flows into a spine that releases: its open receptors, and the potential they see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.conductances import (
    ampa_conductance,
    nmda_conductance,
    unblocked_fraction,
)
from blueslice.sim.physiology.release import Release
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.traits import SpineTraits
from blueslice.sim.physiology.voltage import spine_depolarisation

__all__ = ["SpineCurrents", "spine_currents"]

Values = NDArray[np.float64]

# Open NMDA receptors depolarise their spine, which opens more of them: so many rounds are within
# 1 mV of the end.
_ROUNDS = 3
_RECEPTOR_REVERSAL_MV, _HIGHEST_MV = 0.0, 20.0


@dataclass(frozen=True, eq=False)
class SpineCurrents:
    """A spine's open receptors over time.

    Attributes
    ----------
    ampa_nS, nmda_nS : (times,) arrays
        Open conductances; of NMDA what magnesium leaves.
    potential_mV : (times,) array
        Of the head.
    """

    ampa_nS: Values
    nmda_nS: Values
    potential_mV: Values


def spine_currents(
    spine: SpineTraits,
    releases: Sequence[Release],
    time_ms: Values,
    dendrite_mV: Values,
    surroundings: Surroundings,
    parameters: CellParameters,
) -> SpineCurrents:
    """Compute what releases open in their spine.

    Parameters
    ----------
    spine : SpineTraits
        The spine.
    releases : sequence of Release
        What its synapse released.
    time_ms : (times,) array
        Times.
    dendrite_mV : (times,) array
        Potential of the dendrite below.
    surroundings : Surroundings
        What works.
    parameters : CellParameters
        The cell.
    """
    ampa, nmda = np.zeros(len(time_ms)), np.zeros(len(time_ms))
    for release in releases:
        since_ms = time_ms - release.time_s * 1e3
        size = release.amplitude * surroundings.response_factor
        ampa += ampa_conductance(
            since_ms,
            spine.ampa_nS * size * surroundings.ampa,
            decay_ms=spine.ampa_decay_ms,
            rise_ms=spine.ampa_rise_ms,
        )
        nmda += nmda_conductance(since_ms, spine.nmda_nS * size * surroundings.nmda)
    sizes = [
        (r.time_s * 1e3, r.amplitude * surroundings.ampa * surroundings.response_factor)
        for r in releases
    ]
    potential = dendrite_mV + spine_depolarisation(time_ms, sizes, parameters.voltage)
    open_nmda, raised = np.zeros(len(time_ms)), potential
    for _ in range(_ROUNDS):
        open_nmda = nmda * unblocked_fraction(raised, surroundings.free_magnesium_mM)
        pull = parameters.unblocked_depolarisation_GOhm * open_nmda
        towards = potential + (_RECEPTOR_REVERSAL_MV - potential) * pull / (1 + pull)
        raised = np.minimum(towards, _HIGHEST_MV)
    return SpineCurrents(ampa, open_nmda, raised)
