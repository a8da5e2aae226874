"""Why frames of a trial are used for nothing, or for another ion than planned, in words."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from blueslice.analysis.excitation import FrameState
from blueslice.analysis.frame_map import FrameMap, StoredFrameProblem

__all__ = ["frame_reasons"]


def frame_reasons(
    frame_map: FrameMap, planned: npt.ArrayLike, frame_rate_Hz: float
) -> tuple[str, ...]:
    """Say what is wrong with frames of a trial and what to look at, one line each.

    Of a trial whose LEDs began whole frames late nothing is said here: see `late_reason`.

    Parameters
    ----------
    frame_map : FrameMap
        Of the trial.
    planned : array_like of int, shape (frames,)
        The LED planned for each frame of the clock, 0 for none.
    frame_rate_Hz : float
        Frames per second.
    """
    return tuple(
        f"{_counted(frames, frame_rate_Hz)} {what}: {step}"
        for frames, what, step in _found(frame_map, np.asarray(planned))
        if len(frames)
    )


def _found(
    frame_map: FrameMap, planned: npt.NDArray[np.int_]
) -> Iterator[tuple[npt.NDArray[np.int64], str, str]]:
    """Give the frames of the clock, what is wrong with them, and the next step."""
    frames, states = frame_map.clock_frames[frame_map.used], frame_map.states[frame_map.used]
    if (states == FrameState.UNATTRIBUTED).any():
        return
    plan = planned[frames]
    yield (
        frames[states == FrameState.BOTH],
        "lit by more than one LED and not used",
        "check that no LED's driver is stuck on",
    )
    yield (
        frames[states == FrameState.CHANGED],
        "lit for a part of the exposure only and not used",
        "check that camera, LEDs and amplifier start on one trigger and follow one clock",
    )
    yield (
        frames[(states == FrameState.DARK) & (plan > 0)],
        "dark that an LED was to light",
        "check that LED's driver, its current, its cable and its recorded line",
    )
    wrong = (states > FrameState.DARK) & (states != plan)
    yield (
        frames[wrong],
        "lit by another LED than planned, each used for the ion of the LED that lit it",
        "check whether the LEDs' cables are changed over",
    )
    repeated = int((frame_map.problems == StoredFrameProblem.DUPLICATE).sum())
    again = f" ({repeated} came twice)" if repeated else ""
    yield (
        frame_map.missing,
        f"lost by the camera{again}",
        "the others keep their time and LED; check the camera's cable and the computer's load",
    )


def _counted(frames: npt.NDArray[np.int64], frame_rate_Hz: float) -> str:
    first_ms = 1e3 * int(frames[0]) / frame_rate_Hz
    if len(frames) == 1:
        return f"1 frame (at {first_ms:.4g} ms) was"
    last_ms = 1e3 * int(frames[-1]) / frame_rate_Hz
    return f"{len(frames)} frames ({first_ms:.4g} to {last_ms:.4g} ms) were"
