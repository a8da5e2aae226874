"""The patch pipette at the soma: which of potential and current it holds, and which it measures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.clamp import Clamp
from blueslice.sim.physiology._first_order import first_order
from blueslice.sim.physiology.voltage import VoltageParameters
from blueslice.trial import Pulse

__all__ = ["Pipette", "clamped_soma", "command_mV"]

Values = NDArray[np.float64]

# Of glutamate receptors, towards which every EPSP pulls.
_REVERSAL_MV = 0.0
# 1 mV over 1 MOhm.
_PA_PER_MV_PER_MOHM = 1e3


@dataclass(frozen=True)
class Pipette:
    """How the amplifier holds the cell.

    Attributes
    ----------
    clamp : {"current", "voltage"}
        What it holds.
    holding_pA : float
        The current, in current clamp; it flows long before the trial.
    holding_mV : float
        The potential, in voltage clamp.
    series_resistance_MOhm : float
        Between pipette and soma, in voltage clamp not compensated.
    command_mV_per_pA : float
        In voltage clamp the stimulator's pulses step the potential: so far for what is 1 pA in
        current clamp. Amplifiers read one input as pA or mV (400 pA/V against 20 mV/V).
    """

    clamp: Clamp = "current"
    holding_pA: float = 0.0
    holding_mV: float = -70.0
    series_resistance_MOhm: float = 15.0
    command_mV_per_pA: float = 0.05

    def resting_mV(self, voltage: VoltageParameters) -> float:
        """Return where the soma is without a stimulus, series resistance left aside."""
        if self.clamp == "voltage":
            return self.holding_mV
        return voltage.rest_mV + self.holding_pA * voltage.soma_resistance_MOhm * 1e-3

    def driving(self, voltage: VoltageParameters) -> float:
        """Return by how much a held current enlarges EPSPs: their driving force against rest.

        1 in voltage clamp, where `clamped_soma` takes the driving force into account.
        """
        if self.clamp == "voltage":
            return 1.0
        return (_REVERSAL_MV - self.resting_mV(voltage)) / (_REVERSAL_MV - voltage.rest_mV)


def command_mV(time_ms: Values, pulses: Sequence[Pulse], pipette: Pipette) -> Values:
    """Return the potential that the amplifier commands in voltage clamp: (times,).

    Parameters
    ----------
    time_ms : (times,) array
        Times.
    pulses : sequence of Pulse
        Of the stimulator; those into the soma step the potential.
    pipette : Pipette
        The holding.
    """
    found = np.full(len(time_ms), pipette.holding_mV)
    for pulse in pulses:
        if pulse.target == "soma":
            on = (time_ms >= pulse.onset_s * 1e3 - 1e-9) & (time_ms < pulse.end_s * 1e3 - 1e-9)
            found[on] += pulse.amplitude_pA * pipette.command_mV_per_pA
    return found


def clamped_soma(
    command: Values,
    synaptic_mV: Values,
    interval_ms: float,
    voltage: VoltageParameters,
    pipette: Pipette,
) -> tuple[Values, Values]:
    """Compute a soma in voltage clamp.

    One compartment behind the series resistance Rs: ``tau dV/dt = rest - V + R I_syn + R I`` with
    ``I = (command - V) / Rs``. The synaptic current is that which in current clamp makes the EPSP,
    ``R I_syn = tau du/dt + u``, with the driving force at the commanded potential in place of that
    at rest. A step of the command gives the current of a charged capacity,
    ``step / (R + Rs) (1 + R / Rs exp(-t / tau_Rs))``, ``tau_Rs = tau / (1 + R / Rs)``.

    Parameters
    ----------
    command : (times,) array
        Commanded potential, in mV, which has been its first value for long.
    synaptic_mV : (times,) array
        What synapses would do in current clamp to a soma at rest, above it.
    interval_ms : float
        Between samples.
    voltage : VoltageParameters
        The cell.
    pipette : Pipette
        For its series resistance.

    Returns
    -------
    soma_mV, current_pA : (times,) arrays
        The soma's true potential, and the current that the pipette gives.
    """
    tau_ms, rest = voltage.soma_time_constant_ms, voltage.rest_mV
    share = voltage.soma_resistance_MOhm / pipette.series_resistance_MOhm
    synaptic = tau_ms * np.gradient(synaptic_mV, interval_ms) + synaptic_mV
    synaptic *= (_REVERSAL_MV - command) / (_REVERSAL_MV - rest)
    source = (rest + synaptic + share * command) / tau_ms
    soma_mV = first_order(source, (1 + share) / tau_ms, interval_ms, steady=True)
    return soma_mV, (command - soma_mV) / pipette.series_resistance_MOhm * _PA_PER_MV_PER_MOHM
