"""Where the soma fires, and what each spike takes from the potential that made it."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology.voltage import VoltageParameters

__all__ = ["fire"]

Values = NDArray[np.float64]


def fire(
    driven_mV: Values, interval_ms: float, voltage: VoltageParameters
) -> tuple[list[int], Values]:
    """Find the spikes of a potential, and how far they pull it down.

    A leaky integrate-and-fire cell (Lapicque 1907; Stein 1967, Biophys J 7:37): when the potential
    crosses the threshold upwards the cell fires, its potassium channels pull it to the reset
    potential and hold it there through the refractory time; what they took comes back with the
    membrane's time constant, so that a current has to charge the membrane again. Each spike leaves
    a slow after-hyperpolarisation as well; they add up and slow a train (Lancaster & Adams 1986, J
    Neurophysiol 55:1268).

    Parameters
    ----------
    driven_mV : (times,) array
        Potential as synapses and pipette would have it without spikes.
    interval_ms : float
        Between samples.
    voltage : VoltageParameters
        Threshold, reset, refractory time and after-hyperpolarisation.

    Returns
    -------
    spikes : list of int
        The sample at which each begins.
    taken_mV : (times,) array
        What spikes took from `driven_mV`; 0 up to and with the first spike's first sample.
    """
    driven = np.ascontiguousarray(driven_mV, np.float64)
    taken = np.zeros(len(driven))
    fired = np.zeros(len(driven), np.bool_)
    if (driven >= voltage.threshold_mV).any():
        _fire(
            driven,
            float(interval_ms),
            voltage.threshold_mV,
            voltage.reset_mV,
            voltage.reset_ms,
            voltage.refractory_ms,
            voltage.soma_time_constant_ms,
            voltage.afterhyperpolarisation_mV,
            voltage.afterhyperpolarisation_ms,
            taken,
            fired,
        )
    return np.flatnonzero(fired).tolist(), taken


@numba.njit(nogil=True, cache=True)
def _fire(  # noqa: ANN202
    driven: Any,
    interval: float,
    threshold: float,
    reset: float,
    reset_ms: float,
    refractory: float,
    membrane_ms: float,
    after_mV: float,
    after_ms: float,
    taken: Any,
    fired: Any,
):
    """Step through time; `taken` and `fired` are written."""
    keep, keep_after = np.exp(-interval / membrane_ms), np.exp(-interval / after_ms)
    since, pulled, after = np.inf, 0.0, 0.0
    before = driven[0]
    for time in range(1, len(driven)):
        since += interval
        after *= keep_after
        # Half a sample, so that rounding does not lengthen the refractory time by one.
        if since < refractory - 0.5 * interval:
            pulled = max(driven[time] - reset, 0.0) * (1 - np.exp(-since / reset_ms))
        else:
            pulled *= keep
        taken[time] = pulled + after
        potential = driven[time] - taken[time]
        if potential >= threshold > before and since >= refractory - 0.5 * interval:
            fired[time] = True
            since = 0.0
            after += after_mV
        before = potential
