"""The dendrite's potential: everywhere the same but for an NMDA spike, which stays near."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DendritePotential"]

Values = NDArray[np.float64]

# Places where an NMDA spike is felt alike to so many parts of its height share one solution.
_LEVELS = 40


@dataclass(frozen=True, eq=False)
class DendritePotential:
    """The potential along the dendrite.

    Attributes
    ----------
    common_mV : (times,) array
        What all of it has.
    held_mV : (times,) array or None
        What an NMDA spike adds at its centre.
    centre_um, reach_um : float
        Where that is, and the length over which it fades.
    """

    common_mV: Values
    held_mV: Values | None = None
    centre_um: float = 0.0
    reach_um: float = 1.0

    def reach(self, positions_um: Values) -> Values:
        """Return the part of an NMDA spike that is felt at places, 0 to 1.

        ``exp(-|x| / reach)``: a cable's steady potential on both sides of where current enters.
        """
        return np.exp(-np.abs(positions_um - self.centre_um) / self.reach_um)

    def at_one(self, position_um: float) -> Values:
        """Return the potential at one place: (times,)."""
        if self.held_mV is None:
            return self.common_mV
        return self.common_mV + self.reach(np.array(position_um)) * self.held_mV

    def distinct(self, positions_um: Values) -> tuple[Values, NDArray[np.intp]]:
        """Return the different potentials among places, and which each place has.

        Returns
        -------
        potential_mV : (rows, times) array
        row : (places,) array
            Of each place.
        """
        if self.held_mV is None:
            return self.common_mV[None], np.zeros(len(positions_um), np.intp)
        levels, row = np.unique(
            np.round(self.reach(positions_um) * _LEVELS) / _LEVELS, return_inverse=True
        )
        return self.common_mV + levels[:, None] * self.held_mV, row
