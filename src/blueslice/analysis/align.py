"""Follow the tissue: move an ROI or an image by the shift between two trials."""

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from blueslice.analysis.registration import Shift
from blueslice.analysis.roi import Roi
from blueslice.errors import BadInputError

__all__ = ["moved_roi", "shift_image"]

# Half-way between pixels a quintic is 0.3 % off at 0.25 cycles a pixel, a cubic 2.5 %.
SPLINE_ORDER = 5
# Further off, the spline weighs an unknown pixel's stand-in with less than 3 %.
SPLINE_REACH_PX = 3


def moved_roi(roi: Roi, shift: Shift, image_shape: tuple[int, int]) -> Roi:
    """Move an ROI to where its tissue lies in another trial, by whole pixels.

    Live dF/F sums the frames as the camera gave them: the ROI follows the tissue, and no
    frame is ever resampled. What is left, at most half a pixel, is ``shift.remainder_px``.

    Parameters
    ----------
    roi : Roi
        As drawn on the reference.
    shift : Shift
        Of the trial against the reference, from `register`.
    image_shape : (int, int)
        Rows and columns of the trial's frames, in pixels.

    Returns
    -------
    Roi
        Of the same name, shape and size.

    Raises
    ------
    BadInputError
        When the moved ROI leaves the image: its pixels would not be the same tissue.
    """
    down, right = shift.whole_px
    y, x = roi.y + down, roi.x + right
    rows, columns = image_shape
    if min(y, x) < 0 or y + roi.height > rows or x + roi.width > columns:
        raise BadInputError(
            f"ROI {roi.name!r} moved by y {down}, x {right} covers y {y}..{y + roi.height}, "
            f"x {x}..{x + roi.width} and leaves the image of {rows} x {columns}; "
            "leave this trial out, or draw the ROI further from the edge"
        )
    spans = roi.spans
    if spans is not None:
        spans = tuple((row + down, start + right, stop + right) for row, start, stop in spans)
    return roi.replace(y=y, x=x, spans=spans)


def shift_image(image: npt.ArrayLike, shift: Shift) -> npt.NDArray[np.float64]:
    """Move the content of an image, by fractions of a pixel too.

    ``shift_image(image, -register(image, reference))`` lies on the reference. For pictures
    and difference images; dF/F is taken from frames that are not resampled (`moved_roi`).

    Parameters
    ----------
    image : array_like, shape (y, x)
        Of any unit. NaN marks unknown pixels.
    shift : Shift
        The way that the content moves.

    Returns
    -------
    ndarray of float64, shape (y, x)
        NaN where the content came from outside the image or from unknown pixels, and along
        an axis that moves by a fraction of a pixel up to 3 pixels around unknown ones. By
        whole pixels the values are unchanged; else a fifth-order B-spline is sampled.

    Raises
    ------
    BadInputError
        When the image is not two-dimensional numbers, or has no known pixel.
    """
    try:
        source = np.array(image, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"the image is no array of numbers ({error}); give (y, x)") from None
    if source.ndim != 2 or not np.isfinite(source).any():
        raise BadInputError(
            f"the image has shape {source.shape} and {int(np.isfinite(source).sum())} known "
            "pixels; give (y, x) with at least one"
        )
    known = np.isfinite(source)
    fractions = [fraction != 0 for fraction in shift.remainder_px]
    if not any(fractions):
        source[~known] = np.nan
        return _move_whole(source, *shift.whole_px)
    if not known.all():
        # the nearest known value makes the smallest step for the spline to ring at
        nearest = scipy.ndimage.distance_transform_edt(
            ~known, return_distances=False, return_indices=True
        )
        source = source[tuple(np.asarray(nearest))]
    moved = scipy.ndimage.shift(
        source, (shift.y_px, shift.x_px), order=SPLINE_ORDER, mode="constant", cval=np.nan
    )
    if not known.all():
        reach = tuple(2 * SPLINE_REACH_PX + 1 if moves else 1 for moves in fractions)
        near_unknown = scipy.ndimage.maximum_filter(~known, reach)
        moved[_move_whole(np.where(near_unknown, np.nan, 0.0), *shift.whole_px) != 0] = np.nan
    return moved


def _move_whole(image: npt.NDArray[np.float64], down: int, right: int) -> npt.NDArray[np.float64]:
    moved = np.full(image.shape, np.nan)
    rows, columns = image.shape
    if abs(down) < rows and abs(right) < columns:
        moved[max(0, down) : rows + min(0, down), max(0, right) : columns + min(0, right)] = image[
            max(0, -down) : rows - max(0, down), max(0, -right) : columns - max(0, right)
        ]
    return moved
