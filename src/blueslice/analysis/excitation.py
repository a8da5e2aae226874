"""Which LED lit a frame, proved from the recorded LED lines and never assumed from parity."""

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["FrameState", "frames_late", "late_reason", "prove_excitation"]

_FEWEST_SAMPLES_TO_TRIM = 4


class FrameState(IntEnum):
    """What is proved of a frame's light: a positive number is the LED that alone lit it.

    A rig with more than two LEDs uses their numbers 3, 4, ... in the same way. Only frames
    with a positive state are used.
    """

    UNATTRIBUTED = -4
    """The LEDs began whole frames late, so that nobody knows which frame is which."""
    MISSING = -3
    """No such frame was stored, or its LED lines were not recorded."""
    CHANGED = -2
    """An LED switched during the exposure."""
    BOTH = -1
    """More than one LED was on."""
    DARK = 0
    """No LED was on."""
    LED_1 = 1
    """LED 1 alone, from beginning to end."""
    LED_2 = 2
    """LED 2 alone, from beginning to end."""


def prove_excitation(
    lines: npt.ArrayLike,
    *,
    threshold_V: float | Sequence[float],
    frame_rate_Hz: float,
    exposure_s: float,
) -> npt.NDArray[np.int8]:
    """Tell from the LED monitor lines which LED lit each frame of the clock.

    Only samples within the exposure count. Where there are four or more of them the first and
    the last are left out, because gate edges and samples jitter against each other.

    Parameters
    ----------
    lines : array_like, shape (leds, frames, samples per frame)
        Volts. Sample j of a frame was taken ``j / (samples per frame * frame_rate_Hz)`` after
        the frame's start. NaN (a line that was not recorded) counts as off.
    threshold_V : float or sequence of float, one per LED
        A sample above it means that the LED was on.
    frame_rate_Hz : float
        Frames per second.
    exposure_s : float
        Exposure from the frame's start, in s.

    Returns
    -------
    ndarray of int8, shape (frames,)
        The LED's number (from 1) where exactly one was on throughout, else `FrameState.DARK`,
        `BOTH` or `CHANGED`. Each frame is judged from its own samples alone.

    Raises
    ------
    BadInputError
        When the lines are not three-dimensional or hold no sample, the thresholds do not match
        the LEDs, or the exposure is not within the frame.
    """
    volts = np.asarray(lines)
    if volts.ndim != 3 or volts.shape[2] == 0 or not 1 <= volts.shape[0] <= np.iinfo(np.int8).max:
        raise BadInputError(
            f"the LED lines have shape {volts.shape}; give (leds, frames, samples per frame) "
            "with 1 to 127 LEDs and at least one sample"
        )
    leds, _, samples = volts.shape
    thresholds = np.atleast_1d(np.asarray(threshold_V, dtype=np.float64))
    if thresholds.shape not in ((1,), (leds,)):
        raise BadInputError(
            f"there are {thresholds.size} LED thresholds for {leds} LEDs; give one, or one per LED"
        )
    if not (frame_rate_Hz > 0 and 0 < exposure_s <= (1 + 1e-9) / frame_rate_Hz):
        raise BadInputError(
            f"exposure_s = {exposure_s!r} does not fit a frame at frame_rate_Hz = "
            f"{frame_rate_Hz!r}; it must be above 0 and at most 1 / frame_rate_Hz"
        )
    # the tolerance keeps a sample that falls on the end of the exposure out, despite rounding
    exposed = max(1, math.ceil(exposure_s * frame_rate_Hz * samples - 1e-6))
    window = slice(1, exposed - 1) if exposed >= _FEWEST_SAMPLES_TO_TRIM else slice(0, exposed)
    on = volts[:, :, window] > thresholds[:, None, None]

    lit = on.all(axis=2)
    changed = (on.any(axis=2) & ~lit).any(axis=0)
    count = lit.sum(axis=0)
    states = np.where(count == 1, lit.argmax(axis=0) + 1, FrameState.DARK)
    states[count > 1] = FrameState.BOTH
    states[changed] = FrameState.CHANGED
    return states.astype(np.int8)


def frames_late(states: npt.ArrayLike, planned: npt.ArrayLike) -> int:
    """Tell by how many whole frames the LEDs began later than planned.

    When the camera's clock starts n frames after the amplifier, the LED lines show the planned
    sequence moved by n frames, and each frame would be given the light of another. No frame's own
    samples tell that; only the sequence does.

    Parameters
    ----------
    states : array_like of int, shape (frames,)
        `FrameState` of each frame of the clock so far, from `prove_excitation`.
    planned : array_like of int, shape (frames,)
        The LED planned for each frame, 0 for none; at least as many as there are states.

    Returns
    -------
    int
        n, when the first n frames that were to be lit or dark are all dark, at least one LED
        has been on, and every frame that one LED alone lit is the planned one n frames earlier.
        Else 0: LEDs in time, changed over, or stuck.
    """
    seen = np.asarray(states, dtype=np.int64)
    plan = np.asarray(planned, dtype=np.int64)[: len(seen)]
    not_dark, to_be_lit = np.flatnonzero(seen != FrameState.DARK), np.flatnonzero(plan > 0)
    if not not_dark.size or not to_be_lit.size:
        return 0
    late = int(not_dark[0] - to_be_lit[0])
    if late < 1:
        return 0
    moved, seen = plan[: len(plan) - late], seen[late:]
    lit = seen > FrameState.DARK
    return late if lit.any() and np.array_equal(seen[lit], moved[lit]) else 0


def late_reason(late: int, frame_rate_Hz: float) -> str:
    """Say in a line what `frames_late` found and what to look at."""
    frames = "1 whole frame" if late == 1 else f"{late} whole frames"
    return (
        f"the LEDs began {frames} ({late / frame_rate_Hz * 1e3:g} ms) later than planned, so that "
        "no frame can be attributed to an LED and none is used: check that one trigger starts "
        "camera, LEDs, stimulator and amplifier, and that none of them misses its first edge"
    )
