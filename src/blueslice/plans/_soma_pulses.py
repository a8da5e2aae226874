"""Pulses of current into the cell, each of which is to evoke one spike."""

from blueslice.errors import BadInputError
from blueslice.plans._arguments import count_of, number_of
from blueslice.trial import Pulse

__all__ = ["spike_train"]


def spike_train(
    spikes: int, spike_rate_Hz: float, pulse_pA: float, pulse_s: float, onset_s: float
) -> tuple[Pulse, ...]:
    """Return pulses into the soma at a rate.

    Raises
    ------
    BadInputError
        When a value is not allowed, or the pulses would overlap.
    """
    count = count_of("spikes", spikes)
    number_of("spike_rate_Hz", spike_rate_Hz, 0.01, 1000.0, "Hz")
    first = Pulse(target="soma", onset_s=onset_s, width_s=pulse_s, amplitude_pA=pulse_pA)
    interval_s = 1.0 / spike_rate_Hz
    if count > 1 and first.width_s >= interval_s:
        raise BadInputError(
            f"pulse_s = {pulse_s:g} is not shorter than the {interval_s:g} s between spikes at "
            f"{spike_rate_Hz:g} Hz; shorten the pulses or lower spike_rate_Hz"
        )
    return tuple(first.replace(onset_s=first.onset_s + k * interval_s) for k in range(count))
