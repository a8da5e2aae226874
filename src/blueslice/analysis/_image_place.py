"""An image and a place in it, as a user gives them."""

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from blueslice.errors import BadInputError

__all__ = ["read_image_and_place"]


def read_image_and_place(
    image: npt.ArrayLike, y_px: float, x_px: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Check an image and a place in it; fill what is unknown with the nearest known value."""
    picture = np.array(image, np.float64)
    if picture.ndim != 2 or not np.isfinite(picture).any():
        raise BadInputError(
            f"the image has shape {picture.shape} and {int(np.isfinite(picture).sum())} known "
            "pixels; give (y, x) with at least one"
        )
    if not (0 <= y_px <= picture.shape[0] - 1 and 0 <= x_px <= picture.shape[1] - 1):
        raise BadInputError(
            f"y {y_px!r}, x {x_px!r} is outside the image of {picture.shape[0]} x "
            f"{picture.shape[1]}"
        )
    known = np.isfinite(picture)
    if not known.all():
        nearest = scipy.ndimage.distance_transform_edt(
            ~known, return_distances=False, return_indices=True
        )
        picture = picture[tuple(np.asarray(nearest))]
    return picture, known
