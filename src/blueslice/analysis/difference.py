"""Difference images: where in the image a response was."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blueslice.analysis.accumulator import ImageSums, check_dark
from blueslice.analysis.frame_map import FrameMap
from blueslice.analysis.parameters import AnalysisParameters

__all__ = ["DifferenceImage", "assign_images", "difference_images"]


@dataclass(frozen=True, eq=False)
class DifferenceImage:
    """The response of one ion, pixel by pixel: mean response minus mean baseline.

    Attributes
    ----------
    ion : str
        Name of the ion.
    baseline, response : ndarray of float32, shape (y, x)
        Mean counts of the two windows, light-corrected to the baseline's light, dark subtracted.
    delta : ndarray of float32, shape (y, x)
        dF: response minus baseline, in counts.
    dff : ndarray of float32, shape (y, x)
        ``sign * dF / (baseline - background)``: positive for more ion; NaN where a pixel is not
        above the background.
    baseline_frame_count, response_frame_count : int
        Frames in each mean.
    reason : str
        Why the images are NaN; empty when they are not.
    """

    ion: str
    baseline: npt.NDArray[np.float32]
    response: npt.NDArray[np.float32]
    delta: npt.NDArray[np.float32]
    dff: npt.NDArray[np.float32]
    baseline_frame_count: int
    response_frame_count: int
    reason: str


def assign_images(frame_map: FrameMap, parameters: AnalysisParameters) -> npt.NDArray[np.int64]:
    """Tell which image sum each stored frame belongs to.

    LED n's baseline is image ``2 * (n - 1)``, its response ``2 * (n - 1) + 1``.

    Returns
    -------
    ndarray of int64, shape (stored,)
        -1 for a frame that belongs to none.
    """
    targets = np.full(len(frame_map.states), -1, np.int64)
    if parameters.response_s is None:
        return targets
    time_s = parameters.frame_times_s(frame_map.clock_frames)
    states = frame_map.states.astype(np.int64)
    usable = frame_map.used & (states >= 1) & (states <= len(parameters.ions))
    for offset, (start_s, end_s) in enumerate((parameters.baseline_s, parameters.response_s)):
        within = usable & (time_s >= start_s) & (time_s < end_s)
        targets[within] = 2 * (states[within] - 1) + offset
    return targets


def difference_images(
    sums: ImageSums, parameters: AnalysisParameters, dark: npt.ArrayLike | None = None
) -> tuple[DifferenceImage, ...]:
    """Make the difference image of each ion.

    With w = 1 / L the weight of each frame (L its corner's light) and <L> the mean of L over
    the baseline frames, the mean of a window of n frames is
    ``<L> * (sum(w * frame) - dark * sum(w)) / n``: the mean over the frames of the
    dark-subtracted counts at the baseline's light.

    Parameters
    ----------
    sums : ImageSums
        Images as `assign_images` numbers them.
    parameters : AnalysisParameters
        With `response_s`; without it there are no difference images.
    dark : array_like or None, shape (y, x)
        Dark image in counts, the one given to the accumulator.

    Returns
    -------
    tuple of DifferenceImage
        In order of ``parameters.ions``; NaN, with the reason, when a window has no frame.

    Raises
    ------
    BadInputError
        When the dark image does not fit the frames.
    """
    if parameters.response_s is None:
        return ()
    rows, columns = sums.images.shape[1:]
    dark_image = check_dark(dark, (rows, columns))
    return tuple(
        _difference_image(sums, 2 * index, ion, parameters, dark_image)
        for index, ion in enumerate(parameters.ions)
    )


def _difference_image(
    sums: ImageSums,
    first: int,
    ion: str,
    parameters: AnalysisParameters,
    dark: npt.NDArray[np.float64],
) -> DifferenceImage:
    counts = [int(count) for count in sums.frame_counts[first : first + 2]]
    empty = [name for name, n in zip(("baseline", "response"), counts, strict=True) if n == 0]
    light = sums.light[first] / counts[0] if counts[0] else np.nan

    def mean(image: int, count: int) -> npt.NDArray[np.float64]:
        if count == 0:
            return np.full(dark.shape, np.nan)
        return light * (sums.images[image] - dark * sums.weights[image]) / count

    baseline, response = mean(first, counts[0]), mean(first + 1, counts[1])
    delta = response - baseline
    above_background = baseline - parameters.background[ion]
    dff = np.full(dark.shape, np.nan)
    np.divide(delta, above_background, out=dff, where=above_background > 0)
    return DifferenceImage(
        ion=ion,
        baseline=baseline.astype(np.float32),
        response=response.astype(np.float32),
        delta=delta.astype(np.float32),
        dff=(parameters.sign[ion] * dff).astype(np.float32),
        baseline_frame_count=counts[0],
        response_frame_count=counts[1],
        reason=f"no usable {ion} frame in the {' and the '.join(empty)}" if empty else "",
    )
