"""What lies under the camera: a dendrite with spines, as light maps of compartments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["Anatomy", "draw_anatomy"]

PIXEL_UM = 0.4
# Point spread: a sharp core and the light that the tissue scatters (physics.md, measured).
CORE_SIGMA_UM = 0.50
HALO_SIGMA_UM = 2.5
HALO_FRACTION = 0.20
# Of a head at its centre, with the dendrite at 1: then about 60 % of the light under a spine
# comes from elsewhere, as in the paper (41-85 %).
SPINE_BRIGHTNESS = 0.75


@dataclass(frozen=True)
class Anatomy:
    """Where the dye is, per compartment and as the camera sees it.

    Attributes
    ----------
    dendrite : (y, x) float array
        Light of the dendrite at rest, blurred, 1 at its brightest.
    spines : (spines, y, x) float array
        The same for each spine's head.
    background : (y, x) float array
        Light from out of focus, a smooth gradient.
    spine_centres : (spines, 2) float array
        y and x of each head in pixels.
    """

    dendrite: NDArray[np.float64]
    spines: NDArray[np.float64]
    background: NDArray[np.float64]
    spine_centres: NDArray[np.float64]


def blur(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread light over (y, x) pixels as objective and tissue do; the sum is kept inside."""
    core = gaussian_filter(light, CORE_SIGMA_UM / PIXEL_UM, mode="constant")
    halo = gaussian_filter(light, HALO_SIGMA_UM / PIXEL_UM, mode="constant")
    return (1 - HALO_FRACTION) * core + HALO_FRACTION * halo


def _disc(shape: tuple[int, int], y: float, x: float, radius: float) -> NDArray[np.float64]:
    """Cover pixels by a disc, with soft edges: (y, x), 0 to 1."""
    rows, columns = np.indices(shape)
    distance = np.hypot(rows - y, columns - x)
    return np.clip(radius + 0.5 - distance, 0.0, 1.0)


def draw_anatomy(shape: tuple[int, int], rng: np.random.Generator, spine_count: int = 6) -> Anatomy:
    """Draw a dendrite across the picture, with spines on either side.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the picture.
    rng : numpy.random.Generator
        Decides the dendrite's course and where the spines sit.
    spine_count : int
        Spines; the first is the one nearest to the centre.
    """
    rows, columns = shape
    x = np.arange(columns)
    slope, bend = rng.uniform(-0.35, 0.35), rng.uniform(-0.08, 0.08) * rows
    course = rows / 2 + slope * (x - columns / 2) + bend * np.sin(np.pi * x / columns)
    radius = 0.5 / PIXEL_UM
    across = (np.arange(rows)[:, None] - course[None, :]) / np.hypot(1, slope)
    dendrite = np.sqrt(np.clip(radius**2 - across**2, 0, None)) / radius

    places = np.linspace(0.2, 0.8, spine_count) + rng.uniform(-0.03, 0.03, spine_count)
    places = places[np.argsort(np.abs(places - 0.5))] * columns
    sides = np.where(rng.random(spine_count) < 0.5, -1.0, 1.0)
    head_radius = 0.34 / PIXEL_UM
    reach = (0.5 + 1.0 + 0.34) / PIXEL_UM
    centres = np.empty((spine_count, 2))
    spines = np.empty((spine_count, rows, columns))
    for k, (place, side) in enumerate(zip(places, sides, strict=True)):
        y = np.interp(place, x, course) + side * reach
        centres[k] = y, place
        spines[k] = _disc(shape, float(y), float(place), head_radius)
    tilt_y, tilt_x = rng.uniform(-0.15, 0.15, 2)
    yy, xx = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    glow = gaussian_filter(dendrite, 6.0 / PIXEL_UM, mode="nearest")
    background = 0.75 + tilt_y * yy + tilt_x * xx + 1.2 * glow
    blurred = np.stack([blur(spine) for spine in spines])
    # Brightness is set after blurring, so that it is what a picture shows.
    blurred *= SPINE_BRIGHTNESS / blurred.max(axis=(1, 2), keepdims=True)
    light = blur(dendrite)
    return Anatomy(light / light.max(), blurred, background, centres)
