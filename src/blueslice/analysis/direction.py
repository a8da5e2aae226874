"""The direction in which a dendrite runs."""

import math

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from blueslice.analysis._image_place import read_image_and_place
from blueslice.errors import BadInputError

__all__ = ["dendrite_direction"]


def dendrite_direction(
    image: npt.ArrayLike,
    y_px: float,
    x_px: float,
    *,
    reach_px: float = 6.0,
    smooth_px: float = 1.5,
) -> tuple[float, float]:
    """Find the direction of the structure about a place, from the gradients around it.

    The structure tensor (Bigun & Granlund 1987): light changes least along the dendrite.

    Parameters
    ----------
    image : array_like, shape (y, x)
        Mean light; NaN marks unknown pixels.
    y_px, x_px : float
        The place.
    reach_px : float
        SD of the Gaussian that weighs the surroundings.
    smooth_px : float
        SD of the Gaussian that the image is seen through.

    Returns
    -------
    angle_rad : float
        From +x towards +y, from -pi/2 to pi/2.
    coherence : float
        1 for a straight line, 0 where no direction is better than another.

    Raises
    ------
    BadInputError
        When the image is not two-dimensional, the place not in it, or all is even.
    """
    picture, known = read_image_and_place(image, y_px, x_px)
    if not (reach_px > 0 and smooth_px > 0):
        raise BadInputError(
            f"reach_px = {reach_px!r} and smooth_px = {smooth_px!r}: give pixels above 0"
        )
    smooth = scipy.ndimage.gaussian_filter(picture, smooth_px)
    slope_y, slope_x = np.gradient(smooth)
    rows, columns = np.indices(picture.shape)
    weight = np.exp(-((rows - y_px) ** 2 + (columns - x_px) ** 2) / (2 * reach_px**2)) * known
    yy = float((weight * slope_y**2).sum())
    xx = float((weight * slope_x**2).sum())
    xy = float((weight * slope_x * slope_y).sum())
    if not yy + xx > 1e-18 * float(np.square(picture).max()):
        raise BadInputError(
            f"the image is even around y {y_px:g}, x {x_px:g}; it shows no direction there"
        )
    across = 0.5 * math.atan2(2 * xy, xx - yy)
    along = across - math.copysign(math.pi / 2, across)
    return along, math.hypot(xx - yy, 2 * xy) / (xx + yy)
