"""When a fault strikes: in which trials, in which frames."""

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from blueslice._data import Data
from blueslice._numbers import Real, Whole

__all__ = ["Fault", "FrameFault", "LastingFault"]


class Fault(Data):
    """When a fault strikes: in certain trials, or by chance in any.

    Parameters
    ----------
    trials : tuple of int
        Numbers of the trials in the run, 1 for the first.
    probability : float
        Of each trial, instead of `trials`.
    """

    trials: tuple[Whole, ...] = ()
    probability: Real = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _check_when(self) -> Self:
        if self.comes_before_trials:
            if self.trials or self.probability:
                raise ValueError("it comes before any trial: give neither trials nor probability")
        elif bool(self.trials) == bool(self.probability):
            raise ValueError(
                f"trials = {list(self.trials)} and probability = {self.probability:g}: give the "
                "trials that it strikes, such as trials = [2], or a probability above 0, not both"
            )
        if min(self.trials, default=1) < 1:
            raise ValueError(f"trials = {list(self.trials)}: the first trial is number 1")
        return self

    @property
    def comes_before_trials(self) -> bool:
        """Whether it strikes when the rig is connected."""
        return False

    def strikes(self, trial: int, rng: np.random.Generator) -> bool:
        """Tell whether it strikes in this trial; takes one number from `rng` whatever comes."""
        by_chance = rng.random() < self.probability
        return by_chance or trial in self.trials or self.comes_before_trials

    def in_trial(self, trial: int, frame_count: int, rng: np.random.Generator) -> Self:
        """Return it as it is in a trial that it strikes: nothing is left to chance any more."""
        if self.comes_before_trials:
            return self
        return self.replace(trials=(trial,), probability=0.0)

    @property
    def last_named_frame(self) -> int:
        """The last frame of the clock that it names, -1 for none."""
        return -1


class FrameFault(Fault):
    """A fault of single frames; `frames` are frames of the clock, 0 for the first."""

    frames: tuple[Whole, ...] = ()

    @model_validator(mode="after")
    def _check_frames(self) -> Self:
        if min(self.frames, default=0) < 0:
            raise ValueError(f"frames = {list(self.frames)}: the first frame is number 0")
        return self

    def in_trial(self, trial: int, frame_count: int, rng: np.random.Generator) -> Self:
        """Return it with its frame, drawn where none was named."""
        drawn = (int(rng.integers(max(1, frame_count - 1))),)
        return super().in_trial(trial, frame_count, rng).replace(frames=self.frames or drawn)

    @property
    def last_named_frame(self) -> int:
        """The last of `frames`."""
        return max(self.frames, default=-1)


class LastingFault(Fault):
    """A fault from one frame of the clock to another, both included; None is the last."""

    first_frame: Whole = Field(default=0, ge=0)
    last_frame: Whole | None = None

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if self.last_frame is not None and self.last_frame < self.first_frame:
            raise ValueError(
                f"last_frame = {self.last_frame} is before first_frame = {self.first_frame}; give "
                "it from there on, or leave it out for the end of the trial"
            )
        return self

    @property
    def frames(self) -> slice:
        """Where in an array of the trial's frames it lasts."""
        return slice(self.first_frame, None if self.last_frame is None else self.last_frame + 1)

    @property
    def last_named_frame(self) -> int:
        """The last frame it names."""
        return self.first_frame if self.last_frame is None else self.last_frame
