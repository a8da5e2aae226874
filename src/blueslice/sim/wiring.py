"""What a virtual rig's instruments were told, and what then happens in a trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from blueslice.devices import Sensor
from blueslice.sim.bath import CONTROL_BATH, BathState
from blueslice.trial import Pulse, Trial

__all__ = ["PlayedTrial", "TrialSource", "Wiring"]


@dataclass(frozen=True)
class Wiring:
    """The state of all instruments at the moment at which the clock starts.

    Attributes
    ----------
    frame_rate_Hz : float
        Ticks of the clock per second.
    frame_count : int
        Ticks.
    exposure_s : float
        The camera's exposure; 0 when it was not armed.
    samples_per_frame : int
        The amplifier's samples per tick; 0 when it was not armed.
    led_order : tuple of int
        The LED of each frame, repeated; empty when the LEDs are dark.
    led_exposure_s : float
        How long an LED is on in its frame.
    pulses : tuple of Pulse
        What the stimulator gives; empty when it is disarmed.
    started_s : float
        The time of the experiment at which the clock was started, in s since the rig was made.
    bath : BathState
        What the tissue sees then: a trial is so short that it hardly changes in it.
    light_s : (2, frames) array or None
        How long each LED is really on in each frame, from the frame's start; None: as programmed.
    clock_late_s : float
        How long after the amplifier the clock starts, and with it camera, LEDs and stimulator.
    clock_drift : float
        How much the amplifier's time runs slow against the clock's; 0.001 is 1 ms in a second.
    """

    frame_rate_Hz: float
    frame_count: int
    exposure_s: float
    samples_per_frame: int
    led_order: tuple[int, ...]
    led_exposure_s: float
    pulses: tuple[Pulse, ...]
    started_s: float = 0.0
    bath: BathState = CONTROL_BATH
    light_s: NDArray[np.float64] | None = None
    clock_late_s: float = 0.0
    clock_drift: float = 0.0

    @property
    def excitation(self) -> NDArray[np.int8]:
        """The LED of each frame, 0 for none: (frames,)."""
        if not self.led_order:
            return np.zeros(self.frame_count, np.int8)
        return np.resize(np.array(self.led_order, np.int8), self.frame_count)

    @property
    def led_on_s(self) -> NDArray[np.float64]:
        """How long each LED is on in each frame, from the frame's start, in s: (2, frames)."""
        if self.light_s is not None:
            return self.light_s
        return self.led_exposure_s * (self.excitation == np.array([[1], [2]]))


@dataclass(frozen=True)
class PlayedTrial:
    """What the camera and the amplifier get in one trial.

    Attributes
    ----------
    frames : (stored frames, y, x) uint16 array
        Camera counts.
    counter : (stored frames,) int64 array
        The clock tick of each stored frame; it never falls, and twice the same is one frame
        that was stored twice.
    channels : mapping of str to (frames, samples per frame) float32 array
        The amplifier's channels.
    wiring : Wiring or None
        What the instruments really did, where it is not what they were told.
    """

    frames: NDArray[np.uint16]
    counter: NDArray[np.int64]
    channels: Mapping[str, NDArray[np.float32]]
    wiring: Wiring | None = None


class TrialSource(Protocol):
    """Where a virtual rig's trials come from: recordings, or a simulated slice."""

    @property
    def sensor(self) -> Sensor:
        """The camera's picture."""
        ...

    @property
    def sample_rate_Hz(self) -> float:
        """The amplifier's samples per second."""
        ...

    @property
    def channels(self) -> Mapping[str, str]:
        """The amplifier's channels and their units."""
        ...

    def check(self, trial: Trial, place: int = 0) -> None:
        """Raise BadInputError for a trial that cannot be played."""
        ...

    def dark_frame(self, index: int) -> NDArray[np.float32]:
        """Return the dark frame taken before trial `index` of the run: (y, x) counts."""
        ...

    def play(self, wiring: Wiring, index: int) -> PlayedTrial:
        """Return what happens in trial `index` of the run, with the instruments so set."""
        ...
