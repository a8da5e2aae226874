"""Compartments in a row, and how fast each of their modes fades."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

__all__ = ["Modes", "decompose", "graded_nodes", "interpolation_weights", "linear_filter"]

# How much finer a graded row is at its start: of 50 steps the first is a fifth of an even one, the
# last 3.4 of them. Chosen so that no place within 20 um is much worse than another.
_GRADING = 3.5
# Below this, the filter's coefficients are taken from their series: their formula cancels.
_SMALL_STEP = 1e-2


@dataclass(frozen=True, eq=False)
class Modes:
    """A row of compartments seen as independent modes.

    Attributes
    ----------
    rate_per_ms : (modes,) array
        How fast each mode fades, at least 0.
    to_concentration : (compartments, modes) array
        Concentration in every compartment for amount 1 of each mode.
    from_influx : (modes, compartments) array
        What concentration times volume entering each compartment adds to the modes.
    """

    rate_per_ms: NDArray[np.float64]
    to_concentration: NDArray[np.float64]
    from_influx: NDArray[np.float64]


def decompose(volume_um3: NDArray[np.float64], exchange_um3_per_ms: NDArray[np.float64]) -> Modes:
    """Find the modes of ``V_i dc_i/dt = sum_j G_ij (c_j - c_i) + influx_i``.

    With ``q = sqrt(V) c`` the matrix is symmetric, ``(G_ij - delta_ij sum G) / sqrt(V_i V_j)``;
    in a row of compartments it is tridiagonal as well.

    Parameters
    ----------
    volume_um3 : (compartments,) array
        Volumes V.
    exchange_um3_per_ms : (compartments - 1,) array
        Exchange G of each with the next: diffusion constant times area over distance.

    Returns
    -------
    Modes
        As many as compartments, the slowest first.
    """
    leaving = np.zeros_like(volume_um3)
    leaving[:-1] += exchange_um3_per_ms
    leaving[1:] += exchange_um3_per_ms
    rate, vectors = eigh_tridiagonal(
        leaving / volume_um3,
        -exchange_um3_per_ms / np.sqrt(volume_um3[1:] * volume_um3[:-1]),
    )
    root = np.sqrt(volume_um3)
    # Nothing is lost, so the slowest rate is 0 but for rounding.
    return Modes(np.maximum(rate, 0.0), vectors / root[:, None], (vectors / root[:, None]).T)


def linear_filter(
    rate_per_ms: NDArray[np.float64], interval_ms: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how ``dy/dt = -rate y + u`` steps, exactly for u linear between samples.

    ``y(t + interval) = kept y(t) + old u(t) + new u(t + interval)``: the integral over the
    interval of ``exp(-rate (interval - s)) u(s)``.

    Parameters
    ----------
    rate_per_ms : (modes,) array
        Rates, at least 0.
    interval_ms : float
        Time between samples.

    Returns
    -------
    kept, old, new : (modes,) arrays
        The first without unit, the others in ms.
    """
    step = rate_per_ms * interval_ms
    safe = np.maximum(step, _SMALL_STEP)
    mean = -np.expm1(-safe) / safe
    series_new = 1 / 2 - step / 6 * (1 - step / 4 * (1 - step / 5 * (1 - step / 6)))
    series_old = 1 / 2 - step / 3 * (1 - 3 * step / 8 * (1 - 4 * step / 15 * (1 - 5 * step / 24)))
    is_small = step < _SMALL_STEP
    new = np.where(is_small, series_new, (1 - mean) / safe)
    old = np.where(is_small, series_old, mean - (1 - mean) / safe)
    return np.exp(-step), interval_ms * old, interval_ms * new


def graded_nodes(length_um: float, steps: int) -> NDArray[np.float64]:
    """Return `steps` + 1 positions from 0 to `length_um`, close together at first.

    ``sinh``-graded, so that neighbouring steps never differ by much.
    """
    return length_um * np.sinh(np.linspace(0, _GRADING, steps + 1)) / np.sinh(_GRADING)


def interpolation_weights(nodes: NDArray[np.float64], position: float) -> NDArray[np.float64]:
    """Return the weight of each node's value for the value at `position`.

    Lagrange's cubic through the four nodes around it; one node's weight is 1 when it lies there.
    """
    first = int(np.clip(np.searchsorted(nodes, position) - 2, 0, len(nodes) - 4))
    near = nodes[first : first + 4].tolist()
    weights = np.zeros(len(nodes))
    for number, node in enumerate(near):
        others = near[:number] + near[number + 1 :]
        weights[first + number] = math.prod((position - x) / (node - x) for x in others)
    return weights
