"""Glutamate receptors of one synapse: conductance in time, magnesium block, sodium influx."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import physical_constants

__all__ = [
    "RESIDUAL_MAGNESIUM_MM",
    "ampa_conductance",
    "nmda_conductance",
    "sodium_influx",
    "unblocked_fraction",
]

RESIDUAL_MAGNESIUM_MM = 0.04
"""What a bath without added magnesium is taken to leave in the slice, in mM (an assumption)."""

_FARADAY_C_PER_MOL = physical_constants["Faraday constant"][0]
# 1 nS times 1 mV is 1e-12 A.
_AMPERE_PER_NS_MV = 1e-12


def ampa_conductance(
    time_ms: ArrayLike, scale_nS: ArrayLike, *, decay_ms: float = 2.0, rise_ms: float = 0.5
) -> NDArray[np.float64]:
    """Return the AMPA conductance after a release at time 0.

    ``scale (exp(-t / decay) - exp(-t / rise))``, 0 before the release: Miyazaki & Ross 2017,
    legend of Fig 9 (t1 2 ms, t2 0.5 ms, which they take from Grunditz et al. 2008).

    Parameters
    ----------
    time_ms : array_like
        Time since the release in ms.
    scale_nS : array_like
        The equation's factor gA in nS, broadcast against `time_ms`. It is not the peak, which
        is 0.472 of it with the default times.
    decay_ms, rise_ms : float
        Time constants t1 and t2 in ms.

    Returns
    -------
    array
        Conductance in nS, of the broadcast shape.
    """
    since_ms = np.maximum(np.asarray(time_ms, np.float64), 0.0)
    return np.asarray(scale_nS) * (np.exp(-since_ms / decay_ms) - np.exp(-since_ms / rise_ms))


def nmda_conductance(
    time_ms: ArrayLike, scale_nS: ArrayLike, *, decay_ms: float = 71.0, rise_ms: float = 13.2
) -> NDArray[np.float64]:
    """Return the NMDA conductance after a release at time 0, were there no magnesium.

    ``scale exp(-t / decay) (1 - exp(-t / rise))``, 0 before the release: Miyazaki & Ross 2017,
    legend of Fig 9 (t3 71 ms, t4 13.2 ms). Multiply by `unblocked_fraction`.

    Parameters
    ----------
    time_ms : array_like
        Time since the release in ms.
    scale_nS : array_like
        The equation's factor gN in nS, broadcast against `time_ms`; not the peak.
    decay_ms, rise_ms : float
        Time constants t3 and t4 in ms.

    Returns
    -------
    array
        Conductance in nS, of the broadcast shape.
    """
    since_ms = np.maximum(np.asarray(time_ms, np.float64), 0.0)
    return np.asarray(scale_nS) * (np.exp(-since_ms / decay_ms) * -np.expm1(-since_ms / rise_ms))


def unblocked_fraction(voltage_mV: ArrayLike, magnesium_mM: ArrayLike) -> NDArray[np.float64]:
    """Return the fraction of NMDA conductance that magnesium leaves.

    ``1 - 1 / (1 + k / Mg) = k / (Mg + k)`` with ``k = 1.07 exp(0.057 V)`` in mM: Miyazaki &
    Ross 2017, legend of Fig 9, who cite McCormick et al. 1993.

    Parameters
    ----------
    voltage_mV : array_like
        Membrane potential in mV.
    magnesium_mM : array_like
        Magnesium outside in mM, broadcast against `voltage_mV`. For a bath to which none was
        added give `RESIDUAL_MAGNESIUM_MM`.

    Returns
    -------
    array
        Between 0 and 1, of the broadcast shape: 0.0098 at -70 mV and 2 mM.
    """
    half_block_mM = 1.07 * np.exp(0.057 * np.asarray(voltage_mV, np.float64))
    return half_block_mM / (np.asarray(magnesium_mM) + half_block_mM)


def sodium_influx(
    conductance_nS: ArrayLike, voltage_mV: ArrayLike, *, reversal_mV: float = 40.0
) -> NDArray[np.float64]:
    """Return the sodium that a conductance lets in.

    ``g (E - V) / F``: Ohm's law, all current carried by sodium.

    Parameters
    ----------
    conductance_nS : array_like
        Conductance in nS.
    voltage_mV : array_like
        Membrane potential in mV, broadcast against `conductance_nS`.
    reversal_mV : float
        Reversal potential of sodium in mV; +40 in Miyazaki & Ross 2017.

    Returns
    -------
    array
        Influx in mol/s, positive into the cell: 1.14e-15 for 1 nS at -70 mV.
    """
    driving_mV = reversal_mV - np.asarray(voltage_mV, np.float64)
    return np.asarray(conductance_nS) * driving_mV * (_AMPERE_PER_NS_MV / _FARADAY_C_PER_MOL)
