"""Calcium in a compartment with a dye, other buffers, a pump and a way out."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["CalciumParameters", "calcium_channels", "free_calcium"]

Values = NDArray[np.float64]


class CalciumParameters(Data):
    """A compartment's calcium.

    Parameters
    ----------
    rest_uM : float
        Free calcium at rest.
    endogenous_capacity : float
        Bound by the cell's own buffers for each free one.
    pump_per_ms : float
        Removal: calcium leaving per ms for each uM of free calcium above rest.
    uptake_per_ms : float
        Part of the calcium that entered which the stores take up, per ms.
    nmda_calcium_fraction : float
        Part of the NMDA current that is calcium.
    channel_uM_per_ms : float
        Entry through voltage-gated channels that are all open.
    channel_half_mV, channel_slope_mV : float
        Of their activation.
    dye_diffusion_um2_per_ms : float
        Of the bound dye, through the neck.
    """

    rest_uM: Real = Field(default=0.070, gt=0)
    endogenous_capacity: Real = Field(default=20.0, ge=0)
    pump_per_ms: Real = Field(default=3.0, ge=0)
    uptake_per_ms: Real = Field(default=0.07, ge=0)
    nmda_calcium_fraction: Real = Field(default=0.155, ge=0, le=1)
    channel_uM_per_ms: Real = Field(default=3.6, ge=0)
    channel_half_mV: Real = Field(default=-38.0)
    channel_slope_mV: Real = Field(default=4.0, gt=0)
    dye_diffusion_um2_per_ms: Real = Field(default=0.25, ge=0)


def calcium_channels(potential_mV: Values, parameters: CalciumParameters) -> Values:
    """Return calcium entry through voltage-gated channels, in uM/ms.

    ``v m(V)^2`` with Boltzmann's ``m = 1 / (1 + exp(-(V - half) / slope))``: two gates, open at
    once with the potential (their few tenths of a ms do not show in frames of 2 ms).

    Parameters
    ----------
    potential_mV : array
        Membrane potential.
    parameters : CalciumParameters
        The channels.
    """
    steepness = (potential_mV - parameters.channel_half_mV) / parameters.channel_slope_mV
    return parameters.channel_uM_per_ms / (1 + np.exp(-np.clip(steepness, -50, 50))) ** 2


def free_calcium(
    entry_uM_per_ms: Values,
    interval_ms: float,
    parameters: CalciumParameters,
    *,
    dye_uM: float,
    dye_kd_uM: float,
    leak_per_ms: float = 0.0,
    outside_bound: Values | None = None,
) -> tuple[Values, Values]:
    """Compute free calcium and the part of the dye that has bound it.

    Dye and buffers are in equilibrium with free calcium (Neher & Augustine 1992, J Physiol
    450:273), so that of what enters only ``1 / (1 + kappa_S + kappa_B)`` stays free, with
    ``kappa_B = B Kd / (Kd + c)^2``. It is pumped out in proportion to what is free above rest,
    stores take up a part of all that entered, and bound dye leaves through the neck.

    Parameters
    ----------
    entry_uM_per_ms : (compartments, times) array
        Calcium entering, per volume.
    interval_ms : float
        Time between samples.
    parameters : CalciumParameters
        The compartment.
    dye_uM, dye_kd_uM : float
        The dye: its concentration and dissociation constant.
    leak_per_ms : float
        Rate at which bound dye leaves through the neck.
    outside_bound : (times,) array or None
        The bound part of the dye at the neck's other end, from where it comes in as well; None
        for rest.

    Returns
    -------
    free_uM, bound : (compartments, times) arrays
        Free calcium, and the bound part of the dye, 0 to 1.
    """
    entry = np.ascontiguousarray(np.atleast_2d(entry_uM_per_ms), np.float64)
    free = np.empty_like(entry)
    if outside_bound is None:
        outside_bound = np.full(
            entry.shape[1], parameters.rest_uM / (parameters.rest_uM + dye_kd_uM)
        )
    _integrate(
        entry,
        np.ascontiguousarray(outside_bound, np.float64),
        float(interval_ms),
        parameters.rest_uM,
        parameters.endogenous_capacity,
        parameters.pump_per_ms,
        parameters.uptake_per_ms,
        float(dye_uM),
        float(dye_kd_uM),
        float(leak_per_ms),
        free,
    )
    return free, free / (free + dye_kd_uM)


@numba.njit(nogil=True, cache=True)
def _integrate(  # noqa: ANN202
    entry: Any,
    outside: Any,
    interval: float,
    rest: float,
    endogenous: float,
    pump: float,
    uptake: float,
    dye: float,
    kd: float,
    leak: float,
    free: Any,
):
    """Step free calcium by the midpoint rule; every compartment on its own."""
    bound_rest = dye * rest / (rest + kd)
    for k in range(entry.shape[0]):
        calcium = rest
        for time in range(entry.shape[1]):
            free[k, time] = calcium
            last = time + 1 == entry.shape[1]
            after = time if last else time + 1
            middle = 0.5 * (entry[k, time] + entry[k, after])
            estimate = calcium
            for half in range(2):
                entering = entry[k, time] if half == 0 else middle
                beyond = outside[time] if half == 0 else 0.5 * (outside[time] + outside[after])
                bound = dye * estimate / (estimate + kd)
                capacity = 1 + endogenous + dye * kd / (estimate + kd) ** 2
                stored = (1 + endogenous) * (estimate - rest) + bound - bound_rest
                change = (
                    entering
                    - pump * (estimate - rest)
                    - uptake * stored
                    - leak * (bound - dye * beyond)
                ) / capacity
                estimate = max(calcium + change * interval * (0.5 if half == 0 else 1.0), 1e-9)
            calcium = estimate
