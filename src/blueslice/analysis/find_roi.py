"""Where in the image the sodium rose: a first ROI for a recording nobody has looked at."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blueslice.analysis.roi import Roi
from blueslice.errors import BadInputError

__all__ = ["FoundRoi", "find_brightest_roi", "find_responding_roi"]

# The median absolute deviation of a normal distribution, as a part of its standard deviation.
_MAD = 0.6745


class FoundRoi(NamedTuple):
    """An ROI, and how sure it is that something happened there.

    Attributes
    ----------
    roi : Roi
        Named ``found``; of equal boxes the topmost, then leftmost.
    score : float
        Its rise in root counts.
    significance : float
        How far its score lies from the median of all boxes, in their standard deviations (taken
        from the median absolute deviation, so that the response itself does not count). Of pure
        noise the best of a picture's boxes reaches 3 to 4.
    """

    roi: Roi
    score: float
    significance: float


def find_responding_roi(
    baseline_image: npt.ArrayLike,
    response_image: npt.ArrayLike,
    size: int = 6,
    *,
    margin: int = 2,
) -> FoundRoi:
    """Find the box with the largest rise relative to its shot noise.

    The score of a box is ``(mean response - mean baseline) / sqrt(mean baseline)``: for light
    limited by photons the noise grows with the root of the counts, so bright resting
    fluorescence does not win for its brightness.

    Parameters
    ----------
    baseline_image, response_image : array_like, shape (y, x)
        Mean dark-subtracted counts before and during the response, of a dye that brightens.
    size : int
        Height and width of the box, in pixels.
    margin : int
        Pixels kept free along each edge.

    Returns
    -------
    FoundRoi
        The box, its score and its significance.

    Raises
    ------
    BadInputError
        When the images do not match, a box does not fit, or no box has finite counts and
        positive baseline light.
    """
    baseline = np.asarray(baseline_image, dtype=np.float64)
    response = np.asarray(response_image, dtype=np.float64)
    if baseline.ndim != 2 or baseline.shape != response.shape:
        raise BadInputError(
            f"baseline and response images have shapes {baseline.shape} and {response.shape}; "
            "give two of the same (y, x)"
        )
    _check_box(baseline.shape, size, margin)
    inside = slice(margin, -margin or None)
    before = _box_means(baseline[inside, inside], size)
    after = _box_means(response[inside, inside], size)
    usable = np.isfinite(after) & (before > 0) & np.isfinite(before)
    if not usable.any():
        raise BadInputError(
            "no box has finite counts and light at baseline; subtract the right dark image"
        )
    score = np.full(before.shape, -np.inf)
    score[usable] = (after[usable] - before[usable]) / np.sqrt(before[usable])
    y, x = np.unravel_index(int(np.argmax(score)), score.shape)
    roi = Roi(name="found", y=int(y) + margin, x=int(x) + margin, height=size, width=size)
    known = score[usable]
    middle = float(np.median(known))
    spread = float(np.median(np.abs(known - middle))) / _MAD
    best = float(score[y, x])
    significance = (best - middle) / spread if spread > 0 else float(np.inf)
    return FoundRoi(roi, best, significance)


def find_brightest_roi(baseline_image: npt.ArrayLike, size: int = 6, *, margin: int = 2) -> Roi:
    """Find the box with the most resting light: where nothing answered, the dye still is.

    It is chosen without a look at the response, so what is measured there is not that of noise.

    Parameters
    ----------
    baseline_image : array_like, shape (y, x)
        Mean dark-subtracted counts before the response.
    size, margin : int
        As for `find_responding_roi`.

    Returns
    -------
    Roi
        Named ``brightest``.

    Raises
    ------
    BadInputError
        When a box does not fit, or none has finite counts.
    """
    baseline = np.asarray(baseline_image, dtype=np.float64)
    _check_box(baseline.shape, size, margin)
    inside = slice(margin, -margin or None)
    light = _box_means(baseline[inside, inside], size)
    if not np.isfinite(light).any():
        raise BadInputError("no box has finite counts; look at the baseline's picture")
    y, x = np.unravel_index(int(np.nanargmax(light)), light.shape)
    return Roi(name="brightest", y=int(y) + margin, x=int(x) + margin, height=size, width=size)


def _check_box(shape: tuple[int, ...], size: int, margin: int) -> None:
    if size < 1 or margin < 0 or min(shape) < size + 2 * margin:
        raise BadInputError(
            f"a box of {size} x {size} with a margin of {margin} does not fit the image of "
            f"{shape[0]} x {shape[1]}; choose a smaller size or margin"
        )


def _box_means(image: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    # windows rather than an integral image: a NaN then spoils only the boxes that hold it
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows.mean(axis=(2, 3))
