"""dF/F where the tissue lies, to a fraction of a pixel: between trials and within one.

Live dF/F follows the tissue by whole pixels and resamples nothing. Offline the rest can be taken
away too: frames are moved back by B-splines before they are summed.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blueslice.analysis.accumulator import FrameAccumulator, TrialSums, check_dark
from blueslice.analysis.align import shift_image
from blueslice.analysis.dff import IonTrace, compute_dff
from blueslice.analysis.frame_map import FrameMap
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.registration import Shift, register
from blueslice.errors import BadInputError

__all__ = ["movement_within_trial", "placed_dff"]

# The spline's filter has fallen to 1e-9 so far from a pixel: nothing beyond has a say.
_MARGIN_PX = 24


def movement_within_trial(
    frames: npt.NDArray[np.uint16],
    reference: npt.ArrayLike,
    *,
    dark: npt.ArrayLike | None = None,
    frames_per_mean: int = 10,
) -> tuple[Shift, ...]:
    """Find how the tissue lies in each frame of a trial.

    Means of successive frames are registered, each of a whole number of LED cycles so that all
    have the same light, and the shifts between their middles joined by straight lines,
    which go on beyond the first and the last.

    Parameters
    ----------
    frames : ndarray of uint16, shape (frames, y, x)
        Of one trial, in order.
    reference : array_like, shape (y, x)
        Dark-subtracted picture to which the tissue is placed.
    dark : array_like or None, shape (y, x)
        Dark image in counts; None for 0.
    frames_per_mean : int
        Frames in each mean: more are less noisy, fewer follow faster movement.

    Returns
    -------
    tuple of Shift
        One for each frame.

    Raises
    ------
    BadInputError
        When there are fewer frames than a mean needs, or a mean does not match the reference.
    """
    if not 1 <= frames_per_mean <= len(frames):
        raise BadInputError(
            f"frames_per_mean = {frames_per_mean}: a trial of {len(frames)} frames allows 1 to "
            f"{len(frames)}"
        )
    starts = np.arange(0, len(frames) - frames_per_mean + 1, frames_per_mean)
    dark_image = check_dark(dark, (frames.shape[1], frames.shape[2]))
    means = [frames[k : k + frames_per_mean].mean(axis=0) - dark_image for k in starts]
    found = [register(mean, reference) for mean in means]
    middles = np.asarray(starts + (frames_per_mean - 1) / 2, np.float64)
    y_px, x_px = (
        _along(np.arange(len(frames)), middles, np.array(values))
        for values in ([s.y_px for s in found], [s.x_px for s in found])
    )
    return tuple(Shift(y_px=y, x_px=x) for y, x in zip(y_px.tolist(), x_px.tolist(), strict=True))


def _along(
    frames: npt.NDArray[np.intp], middles: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Join values by straight lines that go on at both ends: held there, a drift would remain."""
    if len(values) == 1:
        return np.full(len(frames), values[0])
    piece = np.clip(np.searchsorted(middles, frames) - 1, 0, len(values) - 2)
    slope = np.diff(values) / np.diff(middles)
    return values[piece] + slope[piece] * (frames - middles[piece])


def placed_dff(
    frames: npt.NDArray[np.uint16],
    dark: npt.ArrayLike | None,
    frame_map: FrameMap,
    parameters: AnalysisParameters,
    shifts: Shift | Sequence[Shift],
) -> tuple[IonTrace, ...]:
    """Compute dF/F of ROIs drawn on a reference, in frames that lie elsewhere.

    As `compute_dff`, on frames moved back by `shift_image`. The LEDs' corner stays where it is:
    the light that it measures does not move with the tissue.

    Parameters
    ----------
    frames : ndarray of uint16, shape (stored, y, x)
        Frames of one trial, in order of arrival.
    dark : array_like or None, shape (y, x)
        Dark image in counts; None for 0.
    frame_map : FrameMap
        Of these frames, as in `TrialResult.frame_map`.
    parameters : AnalysisParameters
        With the ROIs as drawn on the reference.
    shifts : Shift or sequence of Shift
        How the tissue lies against the reference: in the whole trial, or in each stored frame.

    Returns
    -------
    tuple of IonTrace
        In order of ``parameters.ions``.

    Raises
    ------
    BadInputError
        When the shifts are not as many as the frames, or an ROI's tissue was outside a frame.
    """
    each = [shifts] * len(frames) if isinstance(shifts, Shift) else list(shifts)
    if len(each) != len(frames):
        raise BadInputError(
            f"{len(each)} shifts for {len(frames)} frames; give one for each, or a single one"
        )
    shape = (frames.shape[1], frames.shape[2])
    corner = FrameAccumulator(shape, [], corner=parameters.corner, dark=dark)
    corner.add(frames, np.full(len(frames), -1))
    dark_image = check_dark(dark, shape)
    farthest_px = max(max(abs(shift.y_px), abs(shift.x_px)) for shift in each)
    around = _MARGIN_PX + math.ceil(farthest_px)
    sums = np.empty((len(parameters.rois), len(frames)))
    for k, roi in enumerate(parameters.rois):
        window = (
            slice(max(roi.y - around, 0), roi.y + roi.height + around),
            slice(max(roi.x - around, 0), roi.x + roi.width + around),
        )
        mask = roi.mask(shape)[window]
        for number, (frame, shift) in enumerate(zip(frames, each, strict=True)):
            light = frame[window] - dark_image[window]
            sums[k, number] = shift_image(light, -shift)[mask].sum()
        if np.isnan(sums[k]).any():
            first = int(np.flatnonzero(np.isnan(sums[k]))[0])
            raise BadInputError(
                f"the tissue of ROI {roi.name!r} lies outside frame {first}, which is shifted by "
                f"y {each[first].y_px:.2f}, x {each[first].x_px:.2f} px; leave this trial out, or "
                "draw the ROI further from the edge"
            )
    pixels = np.array([roi.pixel_count for roi in parameters.rois], np.int64)
    placed = TrialSums(sums, np.zeros(len(pixels)), pixels, corner.sums.light)
    return compute_dff(placed, frame_map, parameters)
