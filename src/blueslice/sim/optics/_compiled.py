"""The numba function behind `render.render`: compartments added up, and moved."""

import functools
import logging
from typing import Any

import numba
import numpy as np
from numba import types

__all__ = ["compiled_render_frames"]

_logger = logging.getLogger(__name__)


def _read_only(dtype: Any, dimensions: int) -> types.Array:
    # A signature that asks for writable arrays refuses read-only ones; this takes both.
    return types.Array(dtype, dimensions, "C", readonly=True)


_SIGNATURE = types.void(
    _read_only(types.float32, 2),
    _read_only(types.float32, 2),
    _read_only(types.int64, 2),
    _read_only(types.int64, 1),
    _read_only(types.float32, 1),
    _read_only(types.float32, 2),
    _read_only(types.float32, 1),
    _read_only(types.float32, 1),
    _read_only(types.int64, 2),
    _read_only(types.float32, 3),
    types.Array(types.float32, 3, "C"),
)


def _render_frames(
    background: Any,
    out_of_focus: Any,
    windows: Any,
    start: Any,
    values: Any,
    glow: Any,
    background_light: Any,
    out_of_focus_light: Any,
    begin: Any,
    weights: Any,
    out: Any,
) -> None:
    """Fill `out` (frames, y, x); `begin` is the scene's pixel that a frame's reading begins at.

    Indices are unsigned where the loops are to be vectorised: numba would else check each for
    counting from the end.
    """
    frames, rows, columns = out.shape
    taps = weights.shape[2]
    height, width = rows + taps - 1, columns + taps - 1
    still = np.empty((height, width), np.float32)
    line = np.empty(width, np.float32)
    for frame in range(frames):
        top, left = begin[frame, 0], begin[frame, 1]
        light = background_light[frame]
        for y in range(np.uintp(height)):
            source = background[np.uintp(top) + y, left : left + width]
            for x in range(np.uintp(width)):
                still[y, x] = light * source[x]
        # Nothing is added in an ordinary trial, in which the cell as a whole stays at rest.
        light = out_of_focus_light[frame]
        if light != 0:
            for y in range(np.uintp(height)):
                source = out_of_focus[np.uintp(top) + y, left : left + width]
                for x in range(np.uintp(width)):
                    still[y, x] += light * source[x]
        for k in range(windows.shape[0]):
            bright = glow[frame, k]
            first_row = max(windows[k, 0], top)
            stop_row = min(windows[k, 0] + windows[k, 2], top + height)
            first = max(windows[k, 1], left)
            stop = min(windows[k, 1] + windows[k, 3], left + width)
            if first >= stop or bright == 0:
                continue
            for row in range(first_row, stop_row):
                at = start[k] + (row - windows[k, 0]) * windows[k, 3] + first - windows[k, 1]
                picture = values[at : at + stop - first]
                target = still[row - top, first - left : stop - left]
                for x in range(np.uintp(len(picture))):
                    target[x] += bright * picture[x]
        for y in range(np.uintp(rows)):
            for x in range(np.uintp(width)):
                line[x] = 0
            for tap in range(np.uintp(taps)):
                weight = weights[frame, 0, tap]
                # A shift by whole pixels has one weight, and costs as little.
                if weight != 0:
                    for x in range(np.uintp(width)):
                        line[x] += weight * still[y + tap, x]
            for x in range(np.uintp(columns)):
                out[frame, y, x] = 0
            for tap in range(np.uintp(taps)):
                weight = weights[frame, 1, tap]
                if weight != 0:
                    for x in range(np.uintp(columns)):
                        out[frame, y, x] += weight * line[x + tap]
            for x in range(np.uintp(columns)):
                out[frame, y, x] = max(out[frame, y, x], np.float32(0))


@functools.cache
def compiled_render_frames() -> Any:
    """Compile `_render_frames` when it is first needed, kept on disk where that is possible."""
    # No fastmath: products are rounded before the sum, so every machine gives nearly the same.
    try:
        return numba.njit(_SIGNATURE, nogil=True, cache=True)(_render_frames)
    except Exception as error:
        # No writable folder, a full disk, a torn cache file: none is a reason not to simulate.
        _logger.debug("numba cannot keep compiled code: %s", error)
        return numba.njit(_SIGNATURE, nogil=True)(_render_frames)
