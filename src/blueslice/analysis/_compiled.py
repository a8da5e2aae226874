"""The numba function behind `kernel.add_frames`; importing this module compiles or loads it."""

import logging
from typing import Any

import numba
import numpy as np
from numba import types

__all__ = ["add_rows"]

_logger = logging.getLogger(__name__)


def _read_only(dtype: Any, dimensions: int) -> types.Array:
    # a signature that asks for writable arrays refuses read-only ones; this takes both
    return types.Array(dtype, dimensions, "C", readonly=True)


_SIGNATURE = types.boolean(
    _read_only(types.uint16, 3),
    _read_only(types.int64, 1),
    _read_only(types.float32, 1),
    _read_only(types.uintp, 1),
    _read_only(types.uintp, 1),
    _read_only(types.uintp, 1),
    _read_only(types.uintp, 1),
    types.uintp,
    types.uintp,
    types.Array(types.int64, 2, "C"),
    types.Array(types.float32, 3, "C"),
)


@numba.njit(nogil=True)
def _add_four(  # noqa: ANN202
    frames: Any,
    chosen: Any,
    target: Any,
    weights: Any,
    spans: Any,
    rows: Any,
    sums: Any,
    images: Any,
):
    """Add four frames of one target: the image is read and written once for all of them."""
    first_of_row, roi, start, stop = spans
    first_row, end_row = rows
    a, b, c, d = chosen
    weight_a, weight_b, weight_c, weight_d = weights[a], weights[b], weights[c], weights[d]
    width = np.uintp(frames.shape[2])
    for y in range(first_row, end_row):
        for x in range(width):
            pixel = images[target, y, x]
            pixel += weight_a * np.float32(frames[a, y, x])
            pixel += weight_b * np.float32(frames[b, y, x])
            pixel += weight_c * np.float32(frames[c, y, x])
            pixel += weight_d * np.float32(frames[d, y, x])
            images[target, y, x] = pixel
        # the rows are in the nearest cache now: ROIs cost no second trip to memory
        for span in range(first_of_row[y], first_of_row[y + np.uintp(1)]):
            # 32-bit partial sums vectorise twice as wide as 64-bit ones; a row fits
            sum_a, sum_b, sum_c, sum_d = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
            for x in range(start[span], stop[span]):
                sum_a = np.uint32(sum_a + np.uint32(frames[a, y, x]))
                sum_b = np.uint32(sum_b + np.uint32(frames[b, y, x]))
                sum_c = np.uint32(sum_c + np.uint32(frames[c, y, x]))
                sum_d = np.uint32(sum_d + np.uint32(frames[d, y, x]))
            sums[a, roi[span]] += np.int64(sum_a)
            sums[b, roi[span]] += np.int64(sum_b)
            sums[c, roi[span]] += np.int64(sum_c)
            sums[d, roi[span]] += np.int64(sum_d)


@numba.njit(nogil=True)
def _add_two(  # noqa: ANN202
    frames: Any,
    chosen: Any,
    target: Any,
    weights: Any,
    spans: Any,
    rows: Any,
    sums: Any,
    images: Any,
):
    """Add two frames of one target; see `_add_four`."""
    first_of_row, roi, start, stop = spans
    first_row, end_row = rows
    a, b = chosen
    weight_a, weight_b = weights[a], weights[b]
    width = np.uintp(frames.shape[2])
    for y in range(first_row, end_row):
        for x in range(width):
            pixel = images[target, y, x]
            pixel += weight_a * np.float32(frames[a, y, x])
            pixel += weight_b * np.float32(frames[b, y, x])
            images[target, y, x] = pixel
        for span in range(first_of_row[y], first_of_row[y + np.uintp(1)]):
            sum_a, sum_b = np.uint32(0), np.uint32(0)
            for x in range(start[span], stop[span]):
                sum_a = np.uint32(sum_a + np.uint32(frames[a, y, x]))
                sum_b = np.uint32(sum_b + np.uint32(frames[b, y, x]))
            sums[a, roi[span]] += np.int64(sum_a)
            sums[b, roi[span]] += np.int64(sum_b)


@numba.njit(nogil=True)
def _add_one(  # noqa: ANN202
    frames: Any,
    chosen: Any,
    target: Any,
    weights: Any,
    spans: Any,
    rows: Any,
    sums: Any,
    images: Any,
):
    """Add one frame to its target, if it has one; see `_add_four`."""
    first_of_row, roi, start, stop = spans
    first_row, end_row = rows
    is_added = target >= 0
    image = np.uintp(target)
    weight = weights[chosen]
    width = np.uintp(frames.shape[2])
    for y in range(first_row, end_row):
        if is_added:
            for x in range(width):
                images[image, y, x] += weight * np.float32(frames[chosen, y, x])
        for span in range(first_of_row[y], first_of_row[y + np.uintp(1)]):
            partial = np.uint32(0)
            for x in range(start[span], stop[span]):
                partial = np.uint32(partial + np.uint32(frames[chosen, y, x]))
            sums[chosen, roi[span]] += np.int64(partial)


def _add_rows(  # noqa: ANN202
    frames: Any,
    targets: Any,
    weights: Any,
    first_of_row: Any,
    roi: Any,
    start: Any,
    stop: Any,
    first_row: Any,
    end_row: Any,
    sums: Any,
    images: Any,
):
    """Do the rows `first_row` to `end_row` - 1 of `kernel.add_frames`.

    Returns False, with nothing done, when a target is no image. Nothing else is checked.
    """
    count = frames.shape[0]
    # checked here because it costs NumPy several microseconds for the one frame of a live call
    for k in range(count):
        if targets[k] < -1 or targets[k] >= images.shape[0]:
            return False
    spans, rows = (first_of_row, roi, start, stop), (first_row, end_row)
    # frames of one target together, each target's in their order: what an image's pixels go
    # through does not change, but its memory is visited once for up to four frames
    order = np.empty(count, np.uintp)
    places = 0
    for target in range(-1, images.shape[0]):
        for k in range(count):
            if targets[k] == target:
                order[places] = np.uintp(k)
                places += 1
    at = 0
    while at < count:
        target = targets[order[at]]
        same = 1
        while same < 4 and at + same < count and targets[order[at + same]] == target:
            same += 1
        if target >= 0 and same == 4:
            four = (order[at], order[at + 1], order[at + 2], order[at + 3])
            _add_four(frames, four, np.uintp(target), weights, spans, rows, sums, images)
            at += 4
        elif target >= 0 and same >= 2:
            two = (order[at], order[at + 1])
            _add_two(frames, two, np.uintp(target), weights, spans, rows, sums, images)
            at += 2
        else:
            _add_one(frames, order[at], target, weights, spans, rows, sums, images)
            at += 1
    return True


def compile_add_rows() -> Any:
    """Compile `add_rows`, keeping the machine code on disk where that is possible."""
    # no fastmath: products are rounded before the sum, so every machine gives the same bits
    try:
        return numba.njit(_SIGNATURE, nogil=True, cache=True)(_add_rows)
    except Exception as error:
        # no writable folder, a full disk, a torn cache file: numba lets each of these out in
        # its own way, and none of them is a reason not to analyse
        _logger.debug("numba cannot keep compiled code: %s", error)
        return numba.njit(_SIGNATURE, nogil=True)(_add_rows)


add_rows = compile_add_rows()
