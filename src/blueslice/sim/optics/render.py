"""From the glow of compartments to the electrons that a camera's frames expect."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.sim.optics._compiled import compiled_render_frames
from blueslice.sim.optics.scene import Scene
from blueslice.sim.optics.sub_pixel import REACH_PX, split_shifts

__all__ = ["largest_shift_px", "render"]

_BLOCK_PIXELS = 2**24


def largest_shift_px(scene: Scene) -> float:
    """Return how far the slice may move in a scene, in pixels either way."""
    return float(scene.parameters.margin_px - REACH_PX)


def _check(
    scene: Scene,
    glow: npt.NDArray[np.floating],
    background_light: npt.NDArray[np.floating],
    out_of_focus_light: npt.NDArray[np.floating],
    shifts: npt.NDArray[np.floating],
) -> None:
    frames = glow.shape[1] if glow.ndim == 2 else -1
    wanted = {
        "glow": (glow, (scene.compartment_count, frames)),
        "background_light": (background_light, (frames,)),
        "out_of_focus_light": (out_of_focus_light, (frames,)),
        "shifts_px": (shifts, (frames, 2)),
    }
    for name, (values, shape) in wanted.items():
        if values.shape != shape:
            raise BadInputError(
                f"render: {name} has shape {values.shape}; give "
                f"{'(compartments, frames)' if name == 'glow' else shape} for a scene of "
                f"{scene.compartment_count} compartments"
            )
        if not np.isfinite(values).all():
            raise BadInputError(f"render: {name} has values that are not finite; give numbers")
    most = largest_shift_px(scene)
    farthest = float(np.abs(shifts).max(initial=0.0))
    if farthest > most:
        raise BadInputError(
            f"render: a shift of {farthest:g} pixels leaves the scene, which is known for "
            f"{most:g} around the picture; draw the scene with a larger margin_px"
        )


def render(
    scene: Scene,
    glow: npt.ArrayLike,
    background_light: npt.ArrayLike,
    shifts_px: npt.ArrayLike | None = None,
    frames_per_block: int | None = None,
    *,
    out_of_focus_light: npt.ArrayLike | None = None,
) -> Iterator[npt.NDArray[np.float32]]:
    """Compute the electrons that the camera's pixels expect, some frames at a time.

    Parameters
    ----------
    scene : Scene
        Where the compartments are.
    glow : (compartments, frames) array
        Electrons that each compartment gives per unit of its light map, 0 for a dark frame.
    background_light : (frames,) array
        The same for the background.
    shifts_px : (frames, 2) array, optional
        Where the slice lies in each frame, in pixels towards higher y and x.
    frames_per_block : int, optional
        Frames in a block; by default as many as fit 64 megabytes, at least one.
    out_of_focus_light : (frames,) array, optional
        Electrons per unit of the scene's `out_of_focus` by which that dye differs from its rest;
        by default none.

    Yields
    ------
    (frames in the block, y, x) float32 array
        Expected electrons, 0 or more, in order of the frames; each block is a new array.

    Raises
    ------
    BadInputError
        When shapes do not fit, a value is not finite, or the slice leaves the scene. Raised
        here, not at the first block.
    """
    glow = np.asarray(glow)
    background_light = np.asarray(background_light)
    frames = glow.shape[1] if glow.ndim == 2 else 0
    blurred = np.zeros(frames) if out_of_focus_light is None else np.asarray(out_of_focus_light)
    shifts = np.zeros((frames, 2)) if shifts_px is None else np.asarray(shifts_px)
    _check(scene, glow, background_light, blurred, shifts)
    rows, columns = scene.shape
    if frames_per_block is None:
        frames_per_block = max(1, _BLOCK_PIXELS // (rows * columns))
    elif frames_per_block < 1:
        raise BadInputError(
            f"render: frames_per_block = {frames_per_block}; give 1 or more, or leave it out"
        )
    return _blocks(scene, glow, background_light, blurred, shifts, frames_per_block)


def _blocks(
    scene: Scene,
    glow: npt.NDArray[np.floating],
    background_light: npt.NDArray[np.floating],
    out_of_focus_light: npt.NDArray[np.floating],
    shifts: npt.NDArray[np.floating],
    frames_per_block: int,
) -> Iterator[npt.NDArray[np.float32]]:
    begin, weights = split_shifts(shifts)
    begin += scene.parameters.margin_px
    # The compiled function reads a frame's compartments one after the other.
    per_frame = np.ascontiguousarray(glow.T, np.float32)
    light = np.ascontiguousarray(background_light, np.float32)
    blurred = np.ascontiguousarray(out_of_focus_light, np.float32)
    taps = np.ascontiguousarray(weights, np.float32)
    fill = compiled_render_frames()
    maps = scene.maps
    for first in range(0, len(shifts), frames_per_block):
        block = slice(first, first + frames_per_block)
        out = np.empty((len(shifts[block]), *scene.shape), np.float32)
        fill(
            scene.background, scene.out_of_focus, maps.windows, maps.start, maps.values,
            per_frame[block], light[block], blurred[block], begin[block], taps[block], out,
        )  # fmt: skip
        yield out
