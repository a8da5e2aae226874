"""From concentration to light."""

import numpy as np
from numpy.typing import NDArray

from blueslice.indicators import Indicator

__all__ = ["relative_fluorescence"]

# Dyes whose range is not in the paper: taken as that of a close relative.
ASSUMED_RANGE = {"fura-FF": -0.88, "fluo-5F": 20.0, "OGB-1": 6.0}


def relative_fluorescence(
    concentration_mM: NDArray[np.float64], rest_mM: float, dye: Indicator
) -> NDArray[np.float64]:
    """Return fluorescence relative to rest.

    ``F = Fmin (1 + R c / (c + Kd))`` (Grynkiewicz et al. 1985, one wavelength), divided by its
    value at `rest_mM`.

    Parameters
    ----------
    concentration_mM : array
        Free concentration in mM, any shape.
    rest_mM : float
        Free concentration at rest, in mM.
    dye : Indicator
        The dye; its dynamic range R, or that of a relative where none is known.
    """
    dynamic_range = dye.dynamic_range
    if dynamic_range is None:
        dynamic_range = ASSUMED_RANGE[dye.name]
    half_mM = dye.dissociation_constant_mM
    light = 1 + dynamic_range * concentration_mM / (concentration_mM + half_mM)
    return light / (1 + dynamic_range * rest_mM / (rest_mM + half_mM))
