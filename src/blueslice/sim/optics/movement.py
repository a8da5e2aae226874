"""How the slice moves: by pixels between trials, by parts of a pixel within one."""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["Movement", "draw_next_position", "draw_trial_shifts"]

Values = npt.NDArray[np.float64]


class Movement(Data):
    """How far the slice moves.

    Two trials of a recording lie 5 columns and 1 row apart, with a trial between them; within a
    trial the dendrite stayed within 0.04 pixels, which is what could be measured.

    Parameters
    ----------
    between_trials_px : float
        Standard deviation of a step from trial to trial, in each direction.
    pull : float
        Part of the way back to where it began that it goes with each step.
    limit_px : float
        It never moves farther than this in either direction.
    drift_px : float
        Standard deviation of the drift over 0.2 s of a trial.
    jerk_chance : float
        How often a trial has a jerk.
    jerk_px : float
        Standard deviation of its size in each direction.
    jerk_time_s : float
        Time constant of the return, in s.
    """

    between_trials_px: Real = Field(default=2.0, ge=0, le=50)
    pull: Real = Field(default=0.2, ge=0, le=1)
    limit_px: Real = Field(default=9.0, ge=0, le=200)
    drift_px: Real = Field(default=0.04, ge=0, le=5)
    jerk_chance: Real = Field(default=0.3, ge=0, le=1)
    jerk_px: Real = Field(default=0.15, ge=0, le=5)
    jerk_time_s: Real = Field(default=0.02, gt=0, le=10)


_DRIFT_SPAN_S = 0.2


def draw_next_position(
    position_px: npt.ArrayLike, movement: Movement, rng: np.random.Generator
) -> Values:
    """Draw where the slice lies in the next trial: (2,), y and x in pixels.

    Parameters
    ----------
    position_px : (2,) array
        Where it lay in the last one; 0, 0 at the beginning.
    movement : Movement
        How far it moves.
    rng : numpy.random.Generator
        Decides the step.
    """
    pulled = (1 - movement.pull) * np.asarray(position_px, np.float64)
    moved = pulled + movement.between_trials_px * rng.standard_normal(2)
    return np.clip(moved, -movement.limit_px, movement.limit_px)


def draw_trial_shifts(
    time_s: npt.ArrayLike,
    position_px: npt.ArrayLike,
    movement: Movement,
    rng: np.random.Generator,
) -> Values:
    """Draw where the slice lies in each frame of a trial: a slow drift, perhaps a jerk.

    Parameters
    ----------
    time_s : (frames,) array
        Time of each frame since the trial began, in s.
    position_px : (2,) array
        Where it lies when the trial begins.
    movement : Movement
        How far it moves.
    rng : numpy.random.Generator
        Decides drift and jerk.

    Returns
    -------
    (frames, 2) array
        y and x in pixels, within the limit.
    """
    time = np.asarray(time_s, np.float64)[:, None]
    drift = movement.drift_px * rng.standard_normal(2) * time / _DRIFT_SPAN_S
    begins = rng.random() < movement.jerk_chance
    # Drawn whether it happens or not, so that the chance does not change what follows.
    onset_s = rng.uniform(0, 1) * (float(time[-1, 0]) if len(time) else 0.0)
    size_px = movement.jerk_px * rng.standard_normal(2) * begins
    since_s = np.maximum(time - onset_s, 0)
    jerk = np.where(time >= onset_s, np.exp(-since_s / movement.jerk_time_s), 0.0) * size_px
    moved = np.asarray(position_px, np.float64) + drift + jerk
    return np.clip(moved, -movement.limit_px, movement.limit_px)
