"""Light of many compartments, each on the few pixels that it reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from blueslice.sim.optics.point_spread import PointSpread, Window, spread_points

__all__ = ["LightMaps", "PointSources", "reached_window"]

PointSources = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Places (points, 2) in pixels and the light of each (points,)."""


def reached_window(
    points_px: npt.NDArray[np.float64], reach_px: float, inside: Window
) -> Window | None:
    """Return the pixels that the points' light reaches, or None where that is outside.

    Parameters
    ----------
    points_px : (points, 2) array
        y and x in pixels.
    reach_px : float
        How far the light of a point reaches.
    inside : Window
        Pixels that exist.
    """
    low = np.floor(points_px.min(axis=0) - reach_px).astype(int)
    high = np.ceil(points_px.max(axis=0) + reach_px).astype(int) + 1
    top, left = max(int(low[0]), inside.top), max(int(low[1]), inside.left)
    bottom = min(int(high[0]), inside.top + inside.height)
    right = min(int(high[1]), inside.left + inside.width)
    if top >= bottom or left >= right:
        return None
    return Window(top, left, bottom - top, right - left)


@dataclass(frozen=True, eq=False)
class LightMaps:
    """One small picture per compartment, placed in a larger one.

    Attributes
    ----------
    windows : (compartments, 4) int64 array
        First row, first column, height and width of each picture, from the corner of the
        larger one; height and width are 0 for a compartment that is not seen.
    start : (compartments + 1,) int64 array
        Picture k is ``values[start[k] : start[k + 1]]``, row by row.
    values : (pixels,) float32 array
        Light.
    """

    windows: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.windows)

    @classmethod
    def of_points(
        cls,
        sources: Sequence[PointSources],
        inside: Window,
        spread: PointSpread,
        pixel_um: float,
    ) -> Self:
        """Make the pictures of compartments given as point sources.

        Parameters
        ----------
        sources : sequence of ((points, 2) array, (points,) array)
            Places in pixels and light, per compartment.
        inside : Window
            The larger picture, in the coordinates of the points.
        spread : PointSpread
            The point spread.
        pixel_um : float
            Size of a pixel in the slice, in um.
        """
        windows = np.zeros((len(sources), 4), np.int64)
        pictures: list[npt.NDArray[np.float32]] = []
        for row, (points_px, light) in zip(windows, sources, strict=True):
            window = reached_window(points_px, spread.reach_um / pixel_um, inside)
            if window is None:
                pictures.append(np.empty(0, np.float32))
                continue
            row[:] = window
            row[:2] -= inside.top, inside.left
            picture = spread_points(points_px, light, window, spread, pixel_um)
            pictures.append(picture.astype(np.float32).ravel())
        start = np.concatenate([[0], np.cumsum([len(picture) for picture in pictures])])
        values = np.concatenate([np.empty(0, np.float32), *pictures])
        return cls(windows, start.astype(np.int64), values)

    def picture(self, compartment: int) -> tuple[slice, slice, npt.NDArray[np.float32]]:
        """Return where a compartment's picture lies, and the picture (height, width)."""
        top, left, height, width = (int(value) for value in self.windows[compartment])
        values = self.values[self.start[compartment] : self.start[compartment + 1]]
        rows, columns = slice(top, top + height), slice(left, left + width)
        return rows, columns, values.reshape(height, width)

    def scaled(self, factors: npt.NDArray[np.float64]) -> Self:
        """Return the same pictures, each times its factor; `factors` is (compartments,)."""
        each = np.repeat(factors, np.diff(self.start)).astype(np.float32)
        return type(self)(self.windows, self.start, self.values * each)

    def add_to(self, image: npt.NDArray[np.float64], first: int = 0, stop: int = -1) -> None:
        """Add the pictures `first` to before `stop` (-1: all that follow) to a larger one."""
        for k in range(first, len(self) if stop < 0 else stop):
            rows, columns, picture = self.picture(k)
            image[rows, columns] += picture
