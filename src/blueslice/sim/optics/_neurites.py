"""The shapes of dendrites and spines, as places in the slice."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

__all__ = ["STEP_UM", "Course", "ball_points", "draw_course", "draw_wandering"]

STEP_UM = 0.1
"""Distance between neighbouring points of a course, in um."""

_ACROSS = 5


@dataclass(frozen=True, eq=False)
class Course:
    """A neurite as a line of points, `STEP_UM` apart.

    Attributes
    ----------
    points_um : (points, 2) array
        y and x in um.
    direction : (points, 2) array
        Unit vectors along the neurite.
    radius_um : (points,) array
        Half its thickness.
    """

    points_um: npt.NDArray[np.float64]
    direction: npt.NDArray[np.float64]
    radius_um: npt.NDArray[np.float64]

    @property
    def length_um(self) -> float:
        """Length of the line."""
        return len(self.points_um) * STEP_UM

    @property
    def normal(self) -> npt.NDArray[np.float64]:
        """Unit vectors across the neurite: (points, 2)."""
        return np.stack([-self.direction[:, 1], self.direction[:, 0]], axis=1)

    def part(self, first: int, stop: int) -> Self:
        """Return the points `first` to before `stop`."""
        chosen = slice(first, stop)
        return type(self)(self.points_um[chosen], self.direction[chosen], self.radius_um[chosen])

    def volume_points(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return points that fill the neurite, and the volume in um3 each stands for.

        A round neurite is thickest in the middle: its thickness along the line of sight is
        2 sqrt(r^2 - u^2) at a distance u from the axis, integrated by Gauss's rule for that
        weight (Chebyshev, second kind).
        """
        angle = np.pi * np.arange(1, _ACROSS + 1) / (_ACROSS + 1)
        weight = 2 * np.pi / (_ACROSS + 1) * np.sin(angle) ** 2
        offset = self.radius_um[:, None] * np.cos(angle)
        points = self.points_um[:, None] + offset[..., None] * self.normal[:, None]
        volume = (self.radius_um**2)[:, None] * weight * STEP_UM
        return points.reshape(-1, 2), volume.ravel()


def draw_wandering(
    count: int, correlation_um: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw a smooth random line of mean 0 and standard deviation 1: (count,).

    Points are `STEP_UM` apart and forget each other over `correlation_um`.
    """
    keep = np.exp(-STEP_UM / correlation_um)
    steps = np.sqrt(1 - keep**2) * rng.standard_normal(count)
    steps[0] = rng.standard_normal()
    line = lfilter([1.0], [1.0, -keep], steps)
    return gaussian_filter1d(np.asarray(line), 0.2 * correlation_um / STEP_UM, mode="nearest")


def draw_course(
    start_um: npt.NDArray[np.float64],
    heading_rad: float,
    length_um: float,
    radius_um: float,
    taper_per_um: float,
    rng: np.random.Generator,
) -> Course:
    """Draw a neurite that wanders about its heading.

    Parameters
    ----------
    start_um : (2,) array
        y and x of its first point.
    heading_rad : float
        Direction at its start, from +x towards +y.
    length_um : float
        Its length.
    radius_um : float
        Half its thickness at its start.
    taper_per_um : float
        Part of the radius that is lost per um; at most half is lost in all.
    rng : numpy.random.Generator
        Decides its turns and swellings.
    """
    count = max(2, round(length_um / STEP_UM))
    turn = draw_wandering(count, 8.0, rng)
    heading = heading_rad + 0.32 * (turn - turn[0])
    direction = np.stack([np.sin(heading), np.cos(heading)], axis=1)
    points = start_um + STEP_UM * (np.cumsum(direction, axis=0) - direction[0])
    taper = np.maximum(0.5, 1 - taper_per_um * STEP_UM * np.arange(count))
    swelling = 1 + 0.16 * draw_wandering(count, 1.5, rng)
    return Course(points, direction, radius_um * taper * swelling)


def ball_points(
    centre_um: npt.NDArray[np.float64], radius_um: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return points that fill a ball seen from above, and the volume in um3 of each."""
    grid = np.linspace(-1, 1, 9)[1:-1]
    y, x = (part.ravel() for part in np.meshgrid(grid, grid, indexing="ij"))
    inside = y**2 + x**2 < 1
    place = np.stack([y[inside], x[inside]], axis=1)
    thickness = np.sqrt(1 - (place**2).sum(axis=1))
    volume = 4 / 3 * np.pi * radius_um**3 * thickness / thickness.sum()
    return centre_um + radius_um * place, volume
