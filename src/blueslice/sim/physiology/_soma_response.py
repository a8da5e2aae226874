"""The soma's potential, its spikes, and the current that the pipette gives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology._soma import injected
from blueslice.sim.physiology._spiking import fire
from blueslice.sim.physiology.pipette import Pipette, clamped_soma, command_mV
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.voltage import VoltageParameters, spikes
from blueslice.trial import Pulse

__all__ = ["SomaResponse", "soma_response"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SomaResponse:
    """What the soma does.

    Attributes
    ----------
    potential_mV : (times,) array
        Of the soma, spikes included.
    spikes_ms : tuple of float
        When each spike begins.
    spike_mV : (times,) array
        What the spikes' sodium currents add.
    moved_mV : (times,) array
        What pipette and spikes, not synapses, did to the soma: the dendrite has part of it.
    current_pA : (times,) array
        What the pipette gives.
    """

    potential_mV: Values
    spikes_ms: tuple[float, ...]
    spike_mV: Values
    moved_mV: Values
    current_pA: Values


def soma_response(
    time_ms: Values,
    synaptic_mV: Values,
    pulses: Sequence[Pulse],
    pipette: Pipette,
    surroundings: Surroundings,
    voltage: VoltageParameters,
) -> SomaResponse:
    """Compute what the soma does with what it gets.

    Parameters
    ----------
    time_ms : (times,) array
        Times.
    synaptic_mV : (times,) array
        What synapses would do to a soma in current clamp, above where it is held (in voltage
        clamp: above rest).
    pulses : sequence of Pulse
        Those into the soma.
    pipette : Pipette
        What the amplifier holds; in voltage clamp the soma does not fire.
    surroundings : Surroundings
        What works.
    voltage : VoltageParameters
        The cell.
    """
    interval_ms = float(time_ms[1] - time_ms[0])
    if pipette.clamp == "voltage":
        command = command_mV(time_ms, pulses, pipette)
        soma_mV, current_pA = clamped_soma(command, synaptic_mV, interval_ms, voltage, pipette)
        moved_mV = soma_mV - voltage.rest_mV - synaptic_mV
        return SomaResponse(soma_mV, (), np.zeros(len(time_ms)), moved_mV, current_pA)
    held_mV = pipette.holding_pA * voltage.soma_resistance_MOhm * 1e-3
    charged_mV = injected(time_ms, pulses, voltage)
    driven_mV = voltage.rest_mV + held_mV + synaptic_mV + charged_mV
    fired: list[int] = []
    taken_mV = np.zeros(len(time_ms))
    if surroundings.can_spike and surroundings.fibres_conduct:
        fired, taken_mV = fire(driven_mV, interval_ms, voltage)
    spikes_ms = tuple(time_ms[fired].tolist())
    action_mV = spikes(time_ms, spikes_ms, voltage.spike_mV)
    current_pA = np.full(len(time_ms), pipette.holding_pA)
    for pulse in pulses:
        on = (time_ms >= pulse.onset_s * 1e3) & (time_ms < pulse.end_s * 1e3)
        current_pA[on] += pulse.amplitude_pA
    return SomaResponse(
        driven_mV - taken_mV + action_mV,
        spikes_ms,
        action_mV,
        held_mV + charged_mV - taken_mV,
        current_pA,
    )
