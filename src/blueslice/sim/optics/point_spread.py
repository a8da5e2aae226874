"""How objective and tissue spread the light of a point over the camera's pixels."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import erf

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["PointSpread", "Window", "spread_points"]

_REACH_IN_SIGMAS = 4.0


class Window(NamedTuple):
    """A rectangle of pixels: its first row and column, and its size."""

    top: int
    left: int
    height: int
    width: int


class PointSpread(Data):
    """A sharp core and a halo of scattered light, both Gaussian; together they keep the energy.

    Parameters
    ----------
    core_sigma_um : float
        Standard deviation of the core, in um of the slice.
    halo_sigma_um : float
        The same of the halo.
    halo_fraction : float
        Part of the light that is in the halo, 0 to 1.
    """

    core_sigma_um: Real = Field(default=0.50, gt=0, le=100)
    halo_sigma_um: Real = Field(default=2.5, gt=0, le=100)
    halo_fraction: Real = Field(default=0.20, ge=0, le=1)

    @property
    def reach_um(self) -> float:
        """Distance beyond which less than 0.01 % of the light falls in either direction."""
        widest = self.halo_sigma_um if self.halo_fraction > 0 else 0.0
        return _REACH_IN_SIGMAS * max(widest, self.core_sigma_um)


def _pixel_parts(
    places_px: npt.NDArray[np.float64], first: int, count: int, sigma_px: float
) -> npt.NDArray[np.float64]:
    """Integrate a Gaussian at each place over each pixel of a line: (places, pixels)."""
    edges = first - 0.5 + np.arange(count + 1)
    below = 0.5 * (1 + erf((edges - places_px[:, None]) / (np.sqrt(2) * sigma_px)))
    return np.diff(below, axis=1)


def spread_points(
    points_px: npt.NDArray[np.float64],
    light: npt.NDArray[np.float64],
    window: Window,
    spread: PointSpread,
    pixel_um: float,
) -> npt.NDArray[np.float64]:
    """Return the light that point sources send to each pixel of a window.

    A pixel's light is the integral over its area, so the sum over a window that is large enough
    is the sum of `light`, wherever in their pixels the points are.

    Parameters
    ----------
    points_px : (points, 2) array
        y and x in pixels; whole numbers are pixel centres.
    light : (points,) array
        Light of each point, in any unit.
    window : Window
        The pixels to compute, in the same coordinates.
    spread : PointSpread
        The point spread.
    pixel_um : float
        Size of a pixel in the slice, in um.

    Returns
    -------
    (height, width) array
        Light per pixel.
    """
    image = np.zeros((window.height, window.width))
    parts = (
        (1 - spread.halo_fraction, spread.core_sigma_um),
        (spread.halo_fraction, spread.halo_sigma_um),
    )
    for fraction, sigma_um in parts:
        if fraction > 0:
            sigma_px = sigma_um / pixel_um
            down = _pixel_parts(points_px[:, 0], window.top, window.height, sigma_px)
            along = _pixel_parts(points_px[:, 1], window.left, window.width, sigma_px)
            # A Gaussian is separable: all points together are one matrix product.
            image += down.T @ (along * (fraction * light)[:, None])
    return image
