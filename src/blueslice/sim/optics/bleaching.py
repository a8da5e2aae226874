"""Dye lost to the light that excites it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["LOSS_PER_S", "light_dose_s", "remaining_dye"]

# A trial of 200 ms lights each dye in 50 frames of 1.8 ms.
_LIT_PER_TRIAL_S = 0.09

LOSS_PER_S: Mapping[Literal["sodium", "calcium"], float] = MappingProxyType(
    {
        "sodium": -float(np.log(1 - 0.01)) / _LIT_PER_TRIAL_S,
        "calcium": -float(np.log(1 - 0.03)) / _LIT_PER_TRIAL_S,
    }
)
"""Loss of the dyes per second of their LED's full light: 1 and 3 % per trial, as measured."""


def light_dose_s(
    intensity: npt.ArrayLike, lit_s: npt.ArrayLike, before_s: float = 0.0
) -> tuple[npt.NDArray[np.float64], float]:
    """Add up the light that a trial's flashes give.

    Parameters
    ----------
    intensity : (flashes,) array
        The LED's light in each flash, 1 for full light.
    lit_s : float or (flashes,) array
        Duration of each flash, in s.
    before_s : float
        Dose before the trial.

    Returns
    -------
    (flashes,) array
        Dose at the middle of each flash, in seconds of full light.
    float
        Dose after the last one.
    """
    given = np.asarray(intensity, np.float64) * np.asarray(lit_s, np.float64)
    after = before_s + np.cumsum(given)
    return after - given / 2, float(after[-1]) if len(after) else before_s


def remaining_dye(dose_s: npt.ArrayLike, loss_per_s: float) -> npt.NDArray[np.float64]:
    """Return the part of a dye that a dose of light leaves: ``exp(-loss dose)``.

    Each photon destroys a fixed part of the dye there is. Dye that the pipette brings anew is
    not counted.

    Parameters
    ----------
    dose_s : array
        Light since the beginning, in seconds of full light, any shape.
    loss_per_s : float
        The dye's loss, see `LOSS_PER_S`.
    """
    return np.exp(-loss_per_s * np.asarray(dose_s, np.float64))
