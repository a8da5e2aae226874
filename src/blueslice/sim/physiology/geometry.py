"""The sizes of a spine."""

import numpy as np
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["SpineGeometry"]


class SpineGeometry(Data):
    """The size of a spine and of the dendrite it sits on.

    The head is a cylinder as long as wide; the neck a cylinder that joins the middle of the
    dendrite, a cylinder with closed ends. The default is the model of Miyazaki & Ross 2017,
    Fig 9.

    Parameters
    ----------
    head_volume_um3 : float
        Volume of the head in um3.
    neck_diameter_um, neck_length_um : float
        Of the neck, in um.
    dendrite_diameter_um, dendrite_length_um : float
        Of the dendrite, in um; half of the length lies on each side of the spine.

    Raises
    ------
    BadInputError
        When a size is not one of a spine.
    """

    head_volume_um3: Real = Field(default=0.25, ge=1e-3, le=100)
    neck_diameter_um: Real = Field(default=0.20, ge=0.01, le=10)
    neck_length_um: Real = Field(default=1.0, ge=0.01, le=100)
    dendrite_diameter_um: Real = Field(default=1.0, ge=0.05, le=100)
    dendrite_length_um: Real = Field(default=60.0, ge=1, le=10_000)

    @property
    def head_length_um(self) -> float:
        """Length of the head, which is its diameter too."""
        return float(np.cbrt(4 * self.head_volume_um3 / np.pi))

    @property
    def neck_area_um2(self) -> float:
        """Cross-section of the neck."""
        return np.pi / 4 * self.neck_diameter_um**2

    @property
    def dendrite_area_um2(self) -> float:
        """Cross-section of the dendrite."""
        return np.pi / 4 * self.dendrite_diameter_um**2
