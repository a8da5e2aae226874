"""The cell's answer to a stimulus: voltage at the soma, sodium and calcium in its parts.

This is a first cell, causal and of the paper's size and speed: each pulse adds its own
response, in closed form. `Response` is what the rest of the simulation sees of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.trial import Pulse

__all__ = ["Response", "pulse_response", "respond"]

REST_MV = -68.0
REST_SODIUM_MM = 4.0
REST_CALCIUM_MM = 70e-6
LATENCY_S = 0.003


@dataclass(frozen=True)
class Response:
    """What the cell does in a trial, on a grid of times.

    Attributes
    ----------
    voltage_mV : (times,) float array
        At the soma.
    spine_sodium_mM, spine_calcium_mM : (spines, times) float arrays
        Free concentration in each head.
    dendrite_sodium_mM, dendrite_calcium_mM : (times,) float arrays
        The same in the dendrite.
    """

    voltage_mV: NDArray[np.float64]
    spine_sodium_mM: NDArray[np.float64]
    spine_calcium_mM: NDArray[np.float64]
    dendrite_sodium_mM: NDArray[np.float64]
    dendrite_calcium_mM: NDArray[np.float64]


def pulse_response(
    time_s: NDArray[np.float64], onset_s: float, rise_s: float, decay_s: float
) -> NDArray[np.float64]:
    """Return a difference of exponentials that begins at `onset_s` and peaks at 1.

    ``exp(-t / decay) - exp(-t / rise)`` for t > 0, divided by its maximum; 0 before.
    """
    since_s = np.clip(time_s - onset_s, 0, None)
    peak_s = rise_s * decay_s / (decay_s - rise_s) * np.log(decay_s / rise_s)
    peak = np.exp(-peak_s / decay_s) - np.exp(-peak_s / rise_s)
    return (np.exp(-since_s / decay_s) - np.exp(-since_s / rise_s)) / peak


def respond(
    time_s: NDArray[np.float64],
    pulses: Sequence[Pulse],
    spine_strengths: NDArray[np.float64],
) -> Response:
    """Compute the response to the pulses of a trial.

    Parameters
    ----------
    time_s : (times,) array
        Rising times in s.
    pulses : sequence of Pulse
        Those to the synapse count; a pulse evokes nothing below 10 uA and all at 50 uA.
    spine_strengths : (spines,) array
        How strongly each spine takes part, 1 for the one that the electrode stimulates.

    Returns
    -------
    Response
        Rest where there is no pulse.
    """
    voltage = np.full(len(time_s), REST_MV)
    sodium = np.zeros(len(time_s))
    spread = np.zeros(len(time_s))
    calcium = np.zeros(len(time_s))
    for order, pulse in enumerate(p for p in pulses if p.target == "synapse"):
        recruited = float(np.clip((pulse.amplitude_uA - 10.0) / 40.0, 0.0, 1.0))
        # The second pulse of a pair finds the synapse facilitated.
        size = recruited * (0.6 if order == 0 else 1.0)
        onset_s = pulse.onset_s + LATENCY_S
        voltage += size * 3.2 * pulse_response(time_s, onset_s, 0.005, 0.038)
        sodium += size * 5.0 * pulse_response(time_s, onset_s, 0.002, 0.020)
        spread += size * 0.25 * pulse_response(time_s, onset_s, 0.012, 0.060)
        calcium += size * 0.45e-3 * pulse_response(time_s, onset_s, 0.009, 0.070)
    return Response(
        voltage_mV=voltage,
        spine_sodium_mM=REST_SODIUM_MM + np.outer(spine_strengths, sodium),
        spine_calcium_mM=REST_CALCIUM_MM + np.outer(spine_strengths, calcium),
        dendrite_sodium_mM=REST_SODIUM_MM + spread,
        dendrite_calcium_mM=np.full(len(time_s), REST_CALCIUM_MM),
    )
