"""The images that `register` is given, checked, and which of their pixels it may compare."""

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from blueslice.errors import BadInputError

__all__ = ["FEWEST_PIXELS", "apply_mask", "check_light", "read_image", "usable_pixels"]

SMALLEST_SIZE_PX = 24
FEWEST_PIXELS = 64


def read_image(
    name: str, values: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Copy an image, with unknown pixels set to the mean, and say which are known."""
    try:
        image = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"the {name} is no array of numbers ({error}); give (y, x)") from None
    if image.ndim != 2 or min(image.shape) < SMALLEST_SIZE_PX:
        raise BadInputError(
            f"the {name} has shape {image.shape}; give (y, x) of at least "
            f"{SMALLEST_SIZE_PX} x {SMALLEST_SIZE_PX} pixels"
        )
    return _fill_unknown(name, image, np.isfinite(image))


def apply_mask(
    image: npt.NDArray[np.float64], known: npt.NDArray[np.bool_], mask: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Make the pixels unknown on which the mask is false."""
    usable = np.asarray(mask)
    if usable.shape != image.shape or usable.dtype != np.bool_:
        raise BadInputError(
            f"the mask has shape {usable.shape} and type {usable.dtype}; give bool of the "
            f"image's {image.shape}, true on the pixels to use"
        )
    return _fill_unknown("image", image, known & usable)


def _fill_unknown(
    name: str, image: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    if not known.any():
        raise BadInputError(f"the {name} has no known pixel: all are NaN or masked")
    if not known.all():
        image[~known] = image[known].mean()
    return image, known


def usable_pixels(known: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.float64]:
    """Give 1 on pixels with no unknown one and no edge within `reach` pixels, else 0."""
    usable = np.zeros(known.shape)
    inside = slice(reach, -reach)
    usable[inside, inside] = 1.0
    if not known.all():
        near_unknown = scipy.ndimage.maximum_filter(~known, 2 * reach + 1)
        usable[np.asarray(near_unknown, np.bool_)] = 0.0
    return usable


def check_light(name: str, light: npt.NDArray[np.float64]) -> None:
    """Refuse too few pixels, and light without structure."""
    if light.size < FEWEST_PIXELS:
        raise BadInputError(
            f"the {name} has {light.size} pixels to compare, clear of edges and unknown pixels; "
            f"{FEWEST_PIXELS} are needed: widen region or mask"
        )
    # even but for rounding
    if not np.ptp(light) > 1e-9 * np.abs(light).max():
        raise BadInputError(
            f"the {name} is even where it is compared; give an image with a dendrite in view"
        )
