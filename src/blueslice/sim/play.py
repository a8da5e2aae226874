"""A trial that is being played, and how far each instrument has got in it."""

from dataclasses import dataclass

import numpy as np

from blueslice.sim.wiring import PlayedTrial, Wiring

__all__ = ["NOTHING", "Play", "Reader"]


@dataclass
class Play:
    """A trial that is being played.

    Attributes
    ----------
    trial : PlayedTrial
        What comes of it.
    wiring : Wiring
        What made it so.
    started_s : float
        When it began, on the pace's clock.
    stopped_after_s : float or None
        How much of it had gone by when it was stopped; None when nobody did.
    """

    trial: PlayedTrial
    wiring: Wiring
    started_s: float
    stopped_after_s: float | None = None

    @property
    def length_s(self) -> float:
        """How long it takes when nobody stops it, in s."""
        return self.wiring.frame_count / self.wiring.frame_rate_Hz


class Reader:
    """One instrument's place in the trial that is being played."""

    def __init__(self) -> None:
        self.armed = False
        self.stopped = False
        self.position = 0
        self.trial = 0
        self.play: Play | None = None

    def arm(self, trial: int) -> None:
        """Be given the next trial that starts, which has this place in the run."""
        self.armed, self.stopped, self.position, self.play = True, False, 0, None
        self.trial = trial

    def stop(self) -> None:
        """Get nothing more."""
        self.armed, self.stopped, self.play = False, True, None


NOTHING = Play(
    PlayedTrial(np.zeros((0, 1, 1), np.uint16), np.zeros(0, np.int64), {}),
    Wiring(1.0, 0, 0.0, 0, (), 0.0, ()),
    0.0,
)
"""Given to an instrument that waits for a trial which has not begun."""
