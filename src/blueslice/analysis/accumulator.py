"""One trial's sums, built up from blocks of frames as they arrive."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blueslice.analysis.corner import Corner
from blueslice.analysis.kernel import RowSpans, add_frames, prepare_kernel
from blueslice.analysis.roi import Roi
from blueslice.errors import BadInputError

__all__ = ["FrameAccumulator", "ImageSums", "TrialSums"]


@dataclass(frozen=True, eq=False)
class TrialSums:
    """Sums over ROIs and corner of every stored frame, with those of the dark image.

    Attributes
    ----------
    roi_sums : ndarray of int64 or float64, shape (rois, stored)
        Camera counts, dark level included.
    dark_roi_sums : ndarray of float64, shape (rois,)
        The same of the dark image.
    roi_pixels : ndarray of int64, shape (rois,)
        Pixels of each ROI.
    light : ndarray of float64, shape (stored,)
        Mean dark-subtracted counts per pixel in the corner, which follow the LED; 1 throughout
        when there is no corner. A frame where it is not positive cannot be used.
    """

    roi_sums: npt.NDArray[np.int64 | np.float64]
    dark_roi_sums: npt.NDArray[np.float64]
    roi_pixels: npt.NDArray[np.int64]
    light: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageSums:
    """Light-corrected sums of whole frames, one image per group of frames.

    Attributes
    ----------
    images : ndarray of float32, shape (images, y, x)
        Sum over the group's frames of ``weight * frame``, weight being ``1 / light``.
    frame_counts : ndarray of int64, shape (images,)
        Frames in each sum.
    weights : ndarray of float64, shape (images,)
        Sum of the weights as used (rounded to float32): times the dark image it is the dark
        level in the sum.
    light : ndarray of float64, shape (images,)
        Sum of `TrialSums.light` over the same frames.
    """

    images: npt.NDArray[np.float32]
    frame_counts: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    light: npt.NDArray[np.float64]


class FrameAccumulator:
    """Consumes the frames of one trial, in blocks of any size, once over memory.

    However the frames are cut into blocks, and on however many threads, the sums are the same
    to the last bit. The machine code is made ready on construction.

    Parameters
    ----------
    image_shape : (int, int)
        Rows and columns of a frame.
    rois : sequence of Roi
        Regions to sum.
    corner : Corner or None
        Where the LED's light is read; None for no correction.
    dark : array_like or None, shape (y, x)
        Dark image in counts; None for 0.
    image_count : int
        Images that frames can be added to.
    threads : int, optional
        See `kernel.default_thread_count`.

    Raises
    ------
    BadInputError
        When an ROI or the corner leaves the image, or the dark image does not fit it.
    """

    def __init__(
        self,
        image_shape: tuple[int, int],
        rois: Sequence[Roi],
        *,
        corner: Corner | None = None,
        dark: npt.ArrayLike | None = None,
        image_count: int = 0,
        threads: int | None = None,
    ) -> None:
        self._spans = RowSpans.of(rois, image_shape)
        if corner is not None:
            corner.check(image_shape)
        self._corner = corner
        dark_image = check_dark(dark, image_shape)
        # pixels copied out in reading order: whatever the layout of the dark image in memory,
        # live and offline then round alike
        self._dark_roi_sums = np.array(
            [
                np.concatenate(
                    [dark_image[y, start:stop] for y, start, stop in roi.row_spans]
                ).sum()
                for roi in rois
            ]
        )
        self._dark_corner_sum = 0.0 if corner is None else float(dark_image[corner.region].sum())
        self._roi_pixels = np.array([roi.pixel_count for roi in rois], np.int64)
        self._threads = threads
        self._roi_sums = [np.zeros((0, len(rois)), np.int64)]
        self._light = [np.zeros(0)]
        self._image_sums = ImageSums(
            np.zeros((image_count, *image_shape), np.float32),
            np.zeros(image_count, np.int64),
            np.zeros(image_count),
            np.zeros(image_count),
        )
        prepare_kernel()

    def add(self, frames: npt.NDArray[np.uint16], targets: npt.ArrayLike) -> None:
        """Take the next frames of the trial.

        Parameters
        ----------
        frames : ndarray of uint16, shape (frames, y, x)
            Stored frames in order of arrival; not kept.
        targets : array_like of int, shape (frames,)
            The image that each is added to, or -1. A frame without light in its corner is
            added to none.

        Raises
        ------
        BadInputError
            When shapes or types do not fit; nothing was added.
        """
        wanted = np.asarray(targets, dtype=np.int64)
        light = self._corner_light(frames)
        lit = light > 0
        used_targets = np.where(lit, wanted, -1) if wanted.shape == lit.shape else wanted
        weights = np.divide(1.0, light, out=np.zeros_like(light), where=lit).astype(np.float32)
        sums = self._image_sums
        roi_sums = add_frames(
            frames, self._spans, used_targets, weights, sums.images, threads=self._threads
        )
        self._roi_sums.append(roi_sums)
        self._light.append(light)
        # `add.at` adds one frame after the other: block sizes leave no trace in the rounding
        added = used_targets >= 0
        np.add.at(sums.frame_counts, used_targets[added], 1)
        np.add.at(sums.weights, used_targets[added], weights[added].astype(np.float64))
        np.add.at(sums.light, used_targets[added], light[added])

    def _corner_light(self, frames: npt.NDArray[np.uint16]) -> npt.NDArray[np.float64]:
        if frames.ndim != 3 or frames.shape[1:] != self._spans.image_shape:
            raise BadInputError(
                f"frames have shape {frames.shape}; this trial's are "
                f"(frames, {self._spans.image_shape[0]}, {self._spans.image_shape[1]})"
            )
        if self._corner is None:
            return np.ones(len(frames))
        sums = frames[:, *self._corner.region].sum(axis=(1, 2), dtype=np.int64)
        return (sums - self._dark_corner_sum) / self._corner.pixel_count

    @property
    def sums(self) -> TrialSums:
        """ROI and corner sums of the frames so far, in order of arrival."""
        self._roi_sums = [np.concatenate(self._roi_sums)]
        self._light = [np.concatenate(self._light)]
        return TrialSums(
            np.ascontiguousarray(self._roi_sums[0].T),
            self._dark_roi_sums,
            self._roi_pixels,
            self._light[0],
        )

    @property
    def image_sums(self) -> ImageSums:
        """Image sums of the frames so far; the arrays go on changing as frames are added."""
        return self._image_sums


def check_dark(dark: npt.ArrayLike | None, image_shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Give a dark image as float64, or zeros for None.

    Raises
    ------
    BadInputError
        When it does not have the frames' shape, or a pixel is not finite.
    """
    if dark is None:
        return np.zeros(image_shape)
    image = np.ascontiguousarray(dark, dtype=np.float64)
    if image.shape != image_shape or not np.isfinite(image).all():
        raise BadInputError(
            f"the dark image has shape {image.shape}; give finite counts of shape {image_shape}, "
            "taken with the frames' camera settings"
        )
    return image
