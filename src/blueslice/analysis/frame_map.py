"""Which frame of the clock each stored frame is, told by the camera's own counter."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from blueslice.analysis.excitation import FrameState
from blueslice.errors import BadInputError

__all__ = ["FrameMap", "StoredFrameProblem", "map_frames"]


class StoredFrameProblem(IntEnum):
    """Why a stored frame is not used."""

    NONE = 0
    """It is used."""
    EMPTY = 1
    """The place was never filled (counter -1)."""
    OUT_OF_RANGE = 2
    """The counter names a frame that the trial does not have."""
    OUT_OF_ORDER = 3
    """The counter went back to a frame not seen before: its time cannot be trusted."""
    DUPLICATE = 4
    """This frame of the clock was stored before; the first copy stands."""


@dataclass(frozen=True, eq=False)
class FrameMap:
    """The place in time and the light of every stored frame of a trial.

    Attributes
    ----------
    frame_count : int
        Frames of the clock so far; those of the whole trial once it is over.
    clock_frames : ndarray of int64, shape (stored,)
        The frame of the clock that each stored frame is, or -1 when it is not used.
    states : ndarray of int8, shape (stored,)
        The LED that lit it or another `FrameState`; `FrameState.MISSING` when it is not used.
    problems : ndarray of int8, shape (stored,)
        A `StoredFrameProblem` for each stored frame.
    missing : ndarray of int64, shape (missing,)
        Frames of the clock, below `frame_count`, that no stored frame stands for.
    """

    frame_count: int
    clock_frames: npt.NDArray[np.int64]
    states: npt.NDArray[np.int8]
    problems: npt.NDArray[np.int8]
    missing: npt.NDArray[np.int64]

    @property
    def used(self) -> npt.NDArray[np.bool_]:
        """Bool (stored,): the stored frames that stand for a frame of the clock."""
        return self.problems == StoredFrameProblem.NONE


def map_frames(
    counter: npt.ArrayLike,
    states: npt.ArrayLike,
    frame_count: int,
    *,
    frames_so_far: int | None = None,
) -> FrameMap:
    """Place stored frames on the clock by the camera's counter.

    A stored frame is judged by the frames before it only, so the map of the first stored
    frames of a trial is the beginning of the map of all. After a lost frame the later ones
    keep their time and their LED.

    Parameters
    ----------
    counter : array_like of int, shape (stored,)
        The camera's frame counter in order of arrival, from 0; -1 where no frame arrived.
    states : array_like of int, shape (frames,)
        `FrameState` of each frame of the clock, from `prove_excitation`. A frame of the clock
        beyond its end was not recorded: `FrameState.MISSING`.
    frame_count : int
        Frames that the trial's clock has.
    frames_so_far : int, optional
        Frames of the clock that have passed, for a trial that still runs; a later one is not
        called missing. Default: all.

    Returns
    -------
    FrameMap
        With arrays of its own.

    Raises
    ------
    BadInputError
        When there are more states than frames, or an argument is not one-dimensional.
    """
    numbers = np.asarray(counter, dtype=np.int64)
    known_states = np.asarray(states, dtype=np.int8)
    if numbers.ndim != 1 or known_states.ndim != 1 or len(known_states) > frame_count:
        raise BadInputError(
            f"counter of shape {numbers.shape} and states of shape {known_states.shape} do not "
            f"make a trial of {frame_count} frames; give (stored,) and at most ({frame_count},)"
        )
    so_far = frame_count if frames_so_far is None else min(frames_so_far, frame_count)

    problems = np.zeros(len(numbers), np.int8)
    in_range = (numbers >= 0) & (numbers < frame_count)
    problems[~in_range] = StoredFrameProblem.OUT_OF_RANGE
    problems[numbers == -1] = StoredFrameProblem.EMPTY
    candidates = np.flatnonzero(in_range)
    candidate_numbers = numbers[candidates]
    backwards = candidate_numbers[1:] < candidate_numbers[:-1]
    problems[candidates[1:][backwards]] = StoredFrameProblem.OUT_OF_ORDER
    repeated = np.ones(len(candidates), bool)
    repeated[np.unique(candidate_numbers, return_index=True)[1]] = False
    problems[candidates[repeated]] = StoredFrameProblem.DUPLICATE

    used = problems == StoredFrameProblem.NONE
    clock_frames = np.where(used, numbers, -1)
    clock_states = np.full(frame_count, FrameState.MISSING, np.int8)
    clock_states[: len(known_states)] = known_states
    stored_states = np.full(len(numbers), FrameState.MISSING, np.int8)
    stored_states[used] = clock_states[clock_frames[used]]
    present = np.zeros(frame_count, bool)
    present[clock_frames[used]] = True
    return FrameMap(
        frame_count=so_far,
        clock_frames=clock_frames,
        states=stored_states,
        problems=problems,
        missing=np.flatnonzero(~present[:so_far]),
    )
