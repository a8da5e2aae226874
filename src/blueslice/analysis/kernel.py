"""The fused pass over camera frames: exact ROI sums and weighted image sums, once over memory."""

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from blueslice.analysis.roi import Roi, check_rois
from blueslice.errors import BadInputError

__all__ = ["RowSpans", "add_frames", "default_thread_count", "prepare_kernel"]

_MOST_PIXELS_FOR_ONE_THREAD = 2**21
_MOST_THREADS = 4
# a run of so many uint16 pixels still fits the kernel's uint32 partial sum
_WIDEST_IMAGE = 65_536


@dataclass(frozen=True, eq=False)
class RowSpans:
    """The pixels of some ROIs as runs along the rows of one image, for the fused pass.

    Attributes
    ----------
    image_shape : (int, int)
        Rows and columns of the image.
    roi_count : int
        Number of ROIs.
    roi, row, start, stop : ndarray of uintp, shape (spans,)
        Which ROI a span belongs to, its row, first column and one past its last column,
        sorted by row, then ROI.
    first_of_row : ndarray of uintp, shape (rows + 1,)
        The spans of row r are ``first_of_row[r]`` to ``first_of_row[r + 1] - 1``.
    """

    image_shape: tuple[int, int]
    roi_count: int
    roi: npt.NDArray[np.uintp]
    row: npt.NDArray[np.uintp]
    start: npt.NDArray[np.uintp]
    stop: npt.NDArray[np.uintp]
    first_of_row: npt.NDArray[np.uintp]

    @classmethod
    def of(cls, rois: Sequence[Roi], image_shape: tuple[int, int]) -> Self:
        """Convert ROIs to spans.

        Raises
        ------
        BadInputError
            When an ROI leaves the image, two share a name, or the image is wider than
            65,536 pixels.
        """
        check_rois(rois, image_shape)
        if image_shape[1] > _WIDEST_IMAGE:
            raise BadInputError(
                f"the image is {image_shape[1]} pixels wide; at most {_WIDEST_IMAGE} are supported"
            )
        spans = sorted(
            (row, index, start, stop)
            for index, roi in enumerate(rois)
            for row, start, stop in roi.row_spans
        )
        # unsigned indices: with signed ones numba's wraparound checks block vectorisation
        columns = np.array(spans, dtype=np.uintp).reshape(-1, 4).T
        row, roi, start, stop = (np.ascontiguousarray(column) for column in columns)
        first_of_row = np.searchsorted(row, np.arange(image_shape[0] + 1, dtype=np.uintp))
        return cls(image_shape, len(rois), roi, row, start, stop, first_of_row.astype(np.uintp))


def default_thread_count(pixel_count: int) -> int:
    """Threads that one pass uses unless told, by the pixels of all its frames together.

    One up to 2 million pixels (a frame of 1448 x 1448, or 8 of 512 x 512): below that, handing
    work to threads and data between their caches costs more than it saves. Above it at most 4,
    where memory is the limit.
    """
    if pixel_count <= _MOST_PIXELS_FOR_ONE_THREAD:
        return 1
    return min(_MOST_THREADS, os.cpu_count() or 1)


def add_frames(
    frames: npt.NDArray[np.uint16],
    spans: RowSpans,
    targets: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    images: npt.NDArray[np.float32],
    *,
    threads: int | None = None,
) -> npt.NDArray[np.int64]:
    """Sum each ROI of each frame, and add the frames, weighted, to images.

    For frame k: ``sums[k, r]`` is the exact sum of ROI r's pixels, and where
    ``targets[k] >= 0``: ``images[targets[k]] += weights[k] * frames[k]`` in float32, product
    rounded before the sum. Each pixel meets its frames in their order, so the result does not
    depend on how a trial's frames are cut into blocks, nor on the number of threads.

    The first call in a process loads the compiled code or compiles it, which takes up to two
    seconds; `prepare_kernel` does it beforehand.

    Parameters
    ----------
    frames : ndarray of uint16, shape (frames, y, x)
        Camera counts; may be read-only. Copied when not C-contiguous.
    spans : RowSpans
        The ROIs, on images of this shape.
    targets : ndarray of int64, shape (frames,)
        Index into `images`, or -1 for a frame that is added to none.
    weights : ndarray of float32, shape (frames,)
        Factor of each frame.
    images : ndarray of float32, shape (images, y, x), C-contiguous
        Changed in place.
    threads : int, optional
        Default `default_thread_count`.

    Returns
    -------
    ndarray of int64, shape (frames, rois)
        Sums of counts.

    Raises
    ------
    BadInputError
        When shapes or types do not match, or a target is not an image; nothing was added.
    """
    _check(frames, spans, targets, weights, images)
    frame_count, rows, _ = frames.shape
    thread_count = default_thread_count(frames.size) if threads is None else threads
    thread_count = max(1, min(thread_count, rows))
    add_rows = _compiled()
    arrays = (
        np.ascontiguousarray(frames),
        np.ascontiguousarray(targets, dtype=np.int64),
        np.ascontiguousarray(weights, dtype=np.float32),
        spans.first_of_row,
        spans.roi,
        spans.start,
        spans.stop,
    )
    # each thread owns a band of rows: whole-number sums are added exactly, images are disjoint
    sums = np.zeros((thread_count, frame_count, spans.roi_count), np.int64)
    bounds = [rows * band // thread_count for band in range(thread_count + 1)]
    # numba's own threads are not used: its default layer ends the process when two Python
    # threads (live and a viewer) enter it at once
    others = [
        _pool(os.getpid()).submit(
            add_rows, *arrays, bounds[band], bounds[band + 1], sums[band], images
        )
        for band in range(1, thread_count)
    ]
    done = add_rows(*arrays, 0, bounds[1], sums[0], images)
    for other in others:
        other.result()
    if not done:
        raise BadInputError(
            f"targets run from {np.min(targets)} to {np.max(targets)}; allowed are -1 (none) to "
            f"{len(images) - 1}"
        )
    return sums[0] if thread_count == 1 else sums.sum(axis=0)


def _check(
    frames: npt.NDArray[np.uint16],
    spans: RowSpans,
    targets: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    images: npt.NDArray[np.float32],
) -> None:
    # the compiled code checks no other bounds: whatever gets past here could write anywhere
    if frames.dtype != np.uint16 or frames.ndim != 3 or frames.shape[1:] != spans.image_shape:
        raise BadInputError(
            f"frames have type {frames.dtype} and shape {frames.shape}; give uint16 of shape "
            f"(frames, {spans.image_shape[0]}, {spans.image_shape[1]})"
        )
    if targets.shape != frames.shape[:1] or weights.shape != frames.shape[:1]:
        raise BadInputError(
            f"{frames.shape[0]} frames came with targets of shape {targets.shape} and weights of "
            f"shape {weights.shape}; give one of each per frame"
        )
    if (
        images.dtype != np.float32
        or images.shape[1:] != spans.image_shape
        or not (images.flags.c_contiguous and images.flags.writeable)
    ):
        raise BadInputError(
            f"images have type {images.dtype} and shape {images.shape}; give a writable, "
            f"C-contiguous float32 array of shape (images, {spans.image_shape[0]}, "
            f"{spans.image_shape[1]})"
        )


@functools.cache
def _pool(process_id: int) -> ThreadPoolExecutor:
    # keyed by process: after a fork the parent's threads are not in the child
    return ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="blueslice-frames")


def prepare_kernel() -> None:
    """Load or compile the pass now, so that no frame of a trial waits for it."""
    _compiled()


@functools.cache
def _compiled():  # noqa: ANN202  (numba has no type for it)
    # numba costs the better part of a second to import: only who analyses frames pays
    from blueslice.analysis._compiled import add_rows

    return add_rows
