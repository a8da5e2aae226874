"""The background under a spine, as the paper measures it."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.optimize import lsq_linear

from blueslice.sim.optics.light_maps import LightMaps

__all__ = [
    "BESIDE_UM",
    "background_ratios",
    "draw_background_ratios",
    "fit_spine_light",
]

BESIDE_UM = 1.6
"""Where the background of a spine is measured: so far from its centre, away from the dendrite."""

# Miyazaki & Ross 2017, Fig 4D: nine spines.
_LOWEST, _HIGHEST, _MEAN, _SD = 0.41, 0.85, 0.62, 0.11
_DIMMEST, _BRIGHTEST = 0.3, 20.0

Values = npt.NDArray[np.float64]


def _at(image: npt.NDArray[np.floating], points_px: Values) -> Values:
    return np.asarray(map_coordinates(image, points_px.T, order=1, mode="nearest"))


def background_ratios(
    image: npt.NDArray[np.floating], spine_px: Values, outward: Values, pixel_um: float = 0.4
) -> Values:
    """Measure the background of each spine as part of the value at the spine.

    The profile crosses the spine away from the dendrite, as in Fig 4D of Miyazaki & Ross (2017):
    the value 1.6 um beyond the head over the value at the head, both interpolated linearly.

    Parameters
    ----------
    image : (y, x) array
        Light, without the camera's dark level.
    spine_px, outward : (spines, 2) array
        y and x of each head in pixels of `image`, and the unit vector away from the dendrite.
    pixel_um : float
        Size of a pixel in the slice, in um.

    Returns
    -------
    (spines,) array
        Ratios, 0.62 for 62 %.
    """
    beside_px = spine_px + outward * (BESIDE_UM / pixel_um)
    return _at(image, beside_px) / _at(image, spine_px)


def draw_background_ratios(count: int, rng: np.random.Generator) -> Values:
    """Draw ratios as the paper found them: mean 0.62, SD 0.11, all in 0.41 to 0.85: (count,)."""
    ratios = np.empty(0)
    while len(ratios) < count:
        # The bounds cut both tails, so what is drawn has to be slightly wider than the SD.
        drawn = _MEAN + 1.10 * _SD * rng.standard_normal(count)
        ratios = np.concatenate([ratios, drawn[(drawn > _LOWEST) & (drawn < _HIGHEST)]])
    return ratios[:count]


def fit_spine_light(
    around: Values,
    maps: LightMaps,
    spine_px: Values,
    outward: Values,
    pixel_um: float,
    ratios: Values,
) -> Values:
    """Find how bright each spine has to be for a given ratio of background.

    With s the light of the spines, each ratio r asks that ``beside = r * at``: linear in s, as
    each spine adds to what is measured at and beside its neighbours.

    Parameters
    ----------
    around : (y, x) array
        Light of all but the spines.
    maps : LightMaps
        Whose first pictures are the spines' at light 1, in pixels of `around`.
    spine_px, outward : (spines, 2) array
        As for `background_ratios`.
    pixel_um : float
        Size of a pixel in the slice, in um.
    ratios : (spines,) array
        Wanted ratios.

    Returns
    -------
    (spines,) array
        Factors; where neighbours contradict each other the best compromise.
    """
    beside_px = spine_px + outward * (BESIDE_UM / pixel_um)
    count = len(ratios)
    matrix = np.empty((count, count))
    for k in range(count):
        rows, columns, picture = maps.picture(k)
        corner = np.array([rows.start, columns.start])
        padded = np.pad(picture, 1)
        at, beside = spine_px - corner + 1, beside_px - corner + 1
        matrix[:, k] = _outside_zero(padded, beside) - ratios * _outside_zero(padded, at)
    wanted = ratios * _at(around, spine_px) - _at(around, beside_px)
    # An exact method: an iteration that ends at a tolerance would differ between platforms.
    return lsq_linear(matrix, wanted, bounds=(_DIMMEST, _BRIGHTEST), method="bvls").x


def _outside_zero(image: npt.NDArray[np.floating], points_px: Values) -> Values:
    return np.asarray(map_coordinates(image, points_px.T, order=1, mode="constant"))
