"""Light along a line through a spine, and its width."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from blueslice.analysis._image_place import read_image_and_place
from blueslice.errors import BadInputError

__all__ = ["LineProfile", "WidthAtHalfMaximum", "line_profile", "width_at_half_maximum"]

# Linear interpolation would widen a spine of 1.3 um, 3 pixels, by 4 %.
_SPLINE_ORDER = 3
# Further off, the spline weighs an unknown pixel's stand-in with less than 4 %.
_SPLINE_REACH_PX = 2


@dataclass(frozen=True, eq=False)
class LineProfile:
    """Light along a straight line.

    Attributes
    ----------
    distance_px : ndarray of float64, shape (places,)
        From the line's middle, even steps, negative on one side.
    values : ndarray of float64, shape (places,)
        Of the image's unit; NaN outside the image and near unknown pixels.
    """

    distance_px: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class WidthAtHalfMaximum:
    """How wide a peak is half-way between its baseline and its top.

    Attributes
    ----------
    width_px : float
        Full width; NaN where a side does not fall to half within the profile.
    peak_px : float
        Where the highest place is.
    peak, baseline : float
        In the profile's unit.
    """

    width_px: float
    peak_px: float
    peak: float
    baseline: float


def line_profile(
    image: npt.ArrayLike,
    y_px: float,
    x_px: float,
    angle_rad: float,
    *,
    length_px: float = 16.0,
    width_px: float = 3.0,
    step_px: float = 0.25,
) -> LineProfile:
    """Sample an image along a line, by fractions of a pixel, averaged across a stated width.

    Parameters
    ----------
    image : array_like, shape (y, x)
        Of any unit; NaN marks unknown pixels.
    y_px, x_px : float
        The line's middle; pixel (0, 0) has its middle at 0, 0.
    angle_rad : float
        The line's direction, from +x towards +y.
    length_px, width_px : float
        Of the strip along the line. Width 0 is the line itself.
    step_px : float
        Between places, along the line and (at most) across it.

    Returns
    -------
    LineProfile

    Raises
    ------
    BadInputError
        When the image is not two-dimensional, its middle not in it, or a size not allowed.
    """
    picture, known = read_image_and_place(image, y_px, x_px)
    if not (0 < step_px <= length_px < math.inf and 0 <= width_px < math.inf):
        raise BadInputError(
            f"a line of length {length_px:g} and width {width_px:g} in steps of {step_px:g} px is "
            "not possible; give 0 < step <= length and a width of 0 or more"
        )
    half = math.floor(length_px / 2 / step_px + 1e-9)
    along = np.arange(-half, half + 1, dtype=np.float64) * step_px
    # the strip in slices of equal width, each sampled in its middle
    slices = max(1, math.ceil(width_px / step_px - 1e-9))
    across = ((np.arange(slices) + 0.5) / slices - 0.5)[:, None] * width_px
    rows = y_px + along * math.sin(angle_rad) + across * math.cos(angle_rad)
    columns = x_px + along * math.cos(angle_rad) - across * math.sin(angle_rad)
    places = np.array([rows, columns])
    values = scipy.ndimage.map_coordinates(picture, places, order=_SPLINE_ORDER, mode="nearest")
    if not known.all():
        unusable = scipy.ndimage.maximum_filter(~known, 2 * _SPLINE_REACH_PX + 1)
        near = scipy.ndimage.map_coordinates(unusable.astype(float), places, order=0)
        values[near > 0.5] = np.nan
    outside = (rows < 0) | (columns < 0)
    outside |= (rows > picture.shape[0] - 1) | (columns > picture.shape[1] - 1)
    values[outside] = np.nan
    # a place that is known in part of the strip only would be that of another structure
    return LineProfile(along, values.mean(axis=0))


def width_at_half_maximum(
    profile: LineProfile, *, baseline: float | None = None, within_px: float = 2.0
) -> WidthAtHalfMaximum:
    """Measure the full width at half maximum of the peak near a profile's middle.

    Parameters
    ----------
    profile : LineProfile
        Of the response (a difference image) along the dendrite, say.
    baseline : float, optional
        The level under the peak. Default: the mean of the known outer eighths of the profile.
    within_px : float
        How far from the middle the highest place is looked for.

    Returns
    -------
    WidthAtHalfMaximum
        Crossings are interpolated linearly. NaN width where nothing is above the baseline, or an
        unknown place or the profile's end comes before a crossing.

    Raises
    ------
    BadInputError
        When no place near the middle is known, or the baseline is needed and not known.
    """
    distance, values = profile.distance_px, profile.values
    middle = np.flatnonzero((np.abs(distance) <= within_px) & np.isfinite(values))
    if not middle.size:
        raise BadInputError(f"no place within {within_px:g} px of the profile's middle is known")
    if baseline is None:
        outer = max(1, len(values) // 8)
        ends = np.concatenate([values[:outer], values[-outer:]])
        if not np.isfinite(ends).any():
            raise BadInputError("both ends of the profile are unknown; give the baseline")
        baseline = float(ends[np.isfinite(ends)].mean())
    top = int(middle[np.argmax(values[middle])])
    peak = float(values[top])
    width = math.nan
    if peak > baseline:
        half = (peak + baseline) / 2
        left = _fall_to(distance[top::-1], values[top::-1], half)
        width = _fall_to(distance[top:], values[top:], half) - left
    return WidthAtHalfMaximum(width, float(distance[top]), peak, baseline)


def _fall_to(
    distance: npt.NDArray[np.float64], values: npt.NDArray[np.float64], level: float
) -> float:
    """Find where values, from a place above the level on, first are at it."""
    ended = np.flatnonzero(~(values > level))
    if not ended.size or math.isnan(values[ended[0]]):
        return math.nan
    place = int(ended[0])
    before, after = values[place - 1], values[place]
    part = (before - level) / (before - after)
    return float(distance[place - 1] + part * (distance[place] - distance[place - 1]))
