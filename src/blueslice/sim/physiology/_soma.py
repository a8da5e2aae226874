"""What reaches the soma: EPSPs of unseen synapses, and current through the pipette."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.conductances import unblocked_fraction
from blueslice.sim.physiology.pipette import Pipette
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.voltage import VoltageParameters, difference_of_exponentials
from blueslice.trial import Pulse

__all__ = ["epsp", "injected"]

Values = NDArray[np.float64]

# Interval of the paper's pairs, at which `epsp_facilitation` holds, and how fast it fades.
_PAIR_S, _FACILITATION_DECAY_S = 0.010, 0.1
_LATENCY_MS = 3.0
# Part of the EPSP is that of NMDA receptors, slow and small at rest.
_NMDA_SHARE, _NMDA_RISE_MS, _NMDA_DECAY_MS = 1.5, 13.2, 71.0
# From one EPSP to the next, relative.
_EPSP_SD = 0.08


def epsp(
    time_ms: Values,
    pulses: Sequence[Pulse],
    surroundings: Surroundings,
    parameters: CellParameters,
    rng: np.random.Generator,
    pipette: Pipette,
) -> tuple[Values, Values]:
    """Compute the EPSP that the many unseen synapses evoke at the soma.

    Fibres near the electrode are soon all excited; from a threshold on the current reaches others
    as well, whose synapses lie elsewhere on the cell. Their EPSPs are those with which a strong
    stimulus brings the soma to fire.

    Parameters
    ----------
    time_ms : (times,) array
        Times.
    pulses : sequence of Pulse
        Those of the stimulating electrode, in order of time.
    surroundings : Surroundings
        What works.
    parameters : CellParameters
        The cell.
    rng : numpy.random.Generator
        Decides how EPSPs differ.
    pipette : Pipette
        How the soma is held.

    Returns
    -------
    all, near : (times,) arrays
        In mV: of all synapses, and of those near the electrode only.
    """
    voltage = parameters.voltage
    found, near = np.zeros(len(time_ms)), np.zeros(len(time_ms))
    resting_mV = pipette.resting_mV(voltage)
    unblocked = unblocked_fraction(resting_mV, surroundings.free_magnesium_mM)
    before_s = -np.inf
    for pulse in pulses:
        size = 1 + _EPSP_SD * rng.standard_normal()
        if not surroundings.fibres_conduct:
            continue
        share = pulse.known_amplitude_uA / parameters.half_recruitment_uA
        recruited = 2 * share / (1 + share)
        # As the release itself, it is facilitated by the stimulus before, and recovers.
        gap_s = pulse.onset_s - before_s
        fading = min(np.exp((_PAIR_S - gap_s) / _FACILITATION_DECAY_S), 1.0)
        facilitated = 1 + (voltage.epsp_facilitation - 1) * fading
        before_s = pulse.onset_s
        since_ms = time_ms - pulse.onset_s * 1e3 - _LATENCY_MS
        fast = difference_of_exponentials(since_ms, voltage.epsp_rise_ms, voltage.epsp_decay_ms)
        slow = difference_of_exponentials(since_ms, _NMDA_RISE_MS, _NMDA_DECAY_MS)
        shape = surroundings.ampa * fast + _NMDA_SHARE * surroundings.nmda * unblocked * slow
        one = voltage.epsp_mV * recruited * facilitated * size * shape
        near += one
        found += one * (1 + _distant(pulse.known_amplitude_uA, parameters) / recruited)
    left = surroundings.response_factor * pipette.driving(voltage)
    return found * left, near * left


def _distant(amplitude_uA: float, parameters: CellParameters) -> float:
    """Return what fibres farther away add, relative to `epsp_mV`."""
    above = max(amplitude_uA - parameters.distant_threshold_uA, 0.0)
    share = above / parameters.half_recruitment_uA
    return parameters.distant_most * share / (parameters.distant_most + share)


def injected(time_ms: Values, pulses: Sequence[Pulse], voltage: VoltageParameters) -> Values:
    """Return what current through the pipette charges the membrane to, in mV: (times,).

    One compartment: ``tau dV/dt = R I - V``, exactly.

    Parameters
    ----------
    time_ms : (times,) array
        Times.
    pulses : sequence of Pulse
        Those into the soma.
    voltage : VoltageParameters
        The cell.
    """
    found = np.zeros(len(time_ms))
    for pulse in pulses:
        since_ms = time_ms - pulse.onset_s * 1e3
        whole_mV = pulse.amplitude_pA * voltage.soma_resistance_MOhm * 1e-3
        on = np.clip(since_ms, 0, pulse.width_s * 1e3)
        off = np.clip(since_ms - pulse.width_s * 1e3, 0, None)
        charged = -np.expm1(-on / voltage.soma_time_constant_ms)
        found += whole_mV * charged * np.exp(-off / voltage.soma_time_constant_ms)
    return found
