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
    # checked here because it costs NumPy several microseconds for the one frame of a live call
    for k in range(np.uintp(frames.shape[0])):
        if targets[k] < -1 or targets[k] >= images.shape[0]:
            return False
    # arrays are indexed element by element: a view of a row costs as much as 200 pixels
    width = np.uintp(frames.shape[2])
    for k in range(np.uintp(frames.shape[0])):
        is_added = targets[k] >= 0
        target = np.uintp(targets[k])
        weight = weights[k]
        for y in range(first_row, end_row):
            if is_added:
                for x in range(width):
                    images[target, y, x] += weight * np.float32(frames[k, y, x])
            # the row is in the nearest cache now: ROIs cost no second trip to memory
            for span in range(first_of_row[y], first_of_row[y + np.uintp(1)]):
                # 32-bit partial sums vectorise twice as wide as 64-bit ones; a row fits
                partial = np.uint32(0)
                for x in range(start[span], stop[span]):
                    partial = np.uint32(partial + np.uint32(frames[k, y, x]))
                sums[k, roi[span]] += np.int64(partial)
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
