"""Light that is not of the compartments: autofluorescence, and structures out of focus."""

import numpy as np
import numpy.typing as npt

from blueslice.sim.optics._neurites import Course, draw_course
from blueslice.sim.optics.light_maps import reached_window
from blueslice.sim.optics.point_spread import PointSpread, Window, spread_points

__all__ = ["draw_background"]

Image = npt.NDArray[np.float64]

_LEVEL = 0.60
_TILT = 0.22
_NEURITES = (2, 5)
_NEURITE_HEIGHT = (0.05, 0.25)
_NEURITE_SIGMA_UM = (1.2, 3.5)
_SPOT_AREA_UM2 = 170.0
_MOST_SPOTS = 400
_SPOT_HEIGHT = (0.03, 0.22)
_SPOT_SIGMA_UM = (0.8, 2.2)
# The dye that is above and below the focal plane, around the dendrite itself.
_CLOUD_HEIGHT = 0.35
_CLOUD_SIGMA_UM = 6.5
_SHAFT_HEIGHT = (0.3, 0.8)
_SHAFT_SIGMA_UM = (8.0, 14.0)


def _add_blurred_points(
    image: Image, inside: Window, points_um: Image, height: float, sigma_um: float, pixel_um: float
) -> None:
    """Add the light of points that are out of focus; the brightest pixel gains `height`."""
    spread = PointSpread(core_sigma_um=sigma_um, halo_fraction=0)
    parts = []
    # Few at a time, so that a long neurite never needs a window as large as the picture.
    for first in range(0, len(points_um), 25):
        points_px = points_um[first : first + 25] / pixel_um
        window = reached_window(points_px, spread.reach_um / pixel_um, inside)
        if window is not None:
            light = np.ones(len(points_px))
            parts.append((window, spread_points(points_px, light, window, spread, pixel_um)))
    # Points along a line overlap, so the highest is known only from the sum of neighbours.
    apart_um = 1.0 if len(points_um) > 1 else np.sqrt(2 * np.pi) * sigma_um
    scale = height * apart_um * np.sqrt(2 * np.pi) * sigma_um / pixel_um**2
    for window, light in parts:
        top, left = window.top - inside.top, window.left - inside.left
        image[top : top + window.height, left : left + window.width] += scale * light


def _draw_tilt(inside: Window, rng: np.random.Generator) -> Image:
    tilt_y, tilt_x = rng.uniform(-_TILT, _TILT, 2)
    y = np.linspace(-1, 1, inside.height)[:, None]
    x = np.linspace(-1, 1, inside.width)[None, :]
    return _LEVEL * (1 + tilt_y * y + tilt_x * x)


def _add_shaft_glow(
    image: Image, inside: Window, dendrite: Course, pixel_um: float, rng: np.random.Generator
) -> None:
    """Add the glow of the thick shaft that the dendrite comes from, at one edge."""
    height, sigma_um = rng.uniform(*_SHAFT_HEIGHT), rng.uniform(*_SHAFT_SIGMA_UM)
    # A small picture's glow stays at its edge.
    sigma_px = min(sigma_um / pixel_um, 0.25 * min(inside.height, inside.width))
    centre = dendrite.points_um[0] / pixel_um - (inside.top, inside.left)
    down = np.exp(-((np.arange(inside.height) - centre[0]) ** 2) / (2 * sigma_px**2))
    along = np.exp(-((np.arange(inside.width) - centre[1]) ** 2) / (2 * sigma_px**2))
    image += height * np.outer(down, along)


def draw_background(
    inside: Window, dendrite: Course, pixel_um: float, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Draw the light that comes from outside the compartments.

    Parameters
    ----------
    inside : Window
        The picture, in pixels.
    dendrite : Course
        The dendrite in focus: it is surrounded by light, and comes from a brighter shaft.
    pixel_um : float
        Size of a pixel in the slice, in um.
    rng : numpy.random.Generator
        Decides everything.

    Returns
    -------
    (height, width) array and (height, width) array
        Light in units of the dendrite's own on its axis: all of it at rest, and the part of it
        that is dye of the same cell above and below the focal plane.
    """
    own = np.zeros((inside.height, inside.width))
    tilt = _draw_tilt(inside, rng)
    size_um = np.array([inside.height, inside.width]) * pixel_um
    corner_um = np.array([inside.top, inside.left]) * pixel_um
    _add_blurred_points(
        own, inside, dendrite.points_um[::10], _CLOUD_HEIGHT, _CLOUD_SIGMA_UM, pixel_um
    )
    if rng.random() < 0.5:
        _add_shaft_glow(own, inside, dendrite, pixel_um, rng)
    for _ in range(rng.integers(*_NEURITES)):
        heading = rng.uniform(0, 2 * np.pi)
        way_um = float(np.hypot(*size_um))
        through_um = corner_um + rng.uniform(0, 1, 2) * size_um
        start_um = through_um - 0.6 * way_um * np.array([np.sin(heading), np.cos(heading)])
        course = draw_course(start_um, heading, 1.2 * way_um, 0.5, 0.0, rng)
        height, sigma_um = rng.uniform(*_NEURITE_HEIGHT), rng.uniform(*_NEURITE_SIGMA_UM)
        _add_blurred_points(own, inside, course.points_um[::10], height, sigma_um, pixel_um)
    spots = min(_MOST_SPOTS, rng.poisson(float(np.prod(size_um)) / _SPOT_AREA_UM2))
    for _ in range(spots):
        place_um = corner_um + rng.uniform(0, 1, (1, 2)) * size_um
        height, sigma_um = rng.uniform(*_SPOT_HEIGHT), rng.uniform(*_SPOT_SIGMA_UM)
        _add_blurred_points(own, inside, place_um, height, sigma_um, pixel_um)
    return tilt + own, own
