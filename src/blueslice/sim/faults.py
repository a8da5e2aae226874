"""Faults of a virtual rig, on demand: what breaks, in which trial, in which frames."""

import zlib
from collections.abc import Iterator
from typing import Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice.sim._fault_times import Fault, FrameFault, LastingFault

__all__ = [
    "BlockedPerfusion",
    "DriftingClock",
    "DroppedFrame",
    "DuplicatedFrame",
    "Fault",
    "Faults",
    "LateTrigger",
    "LedStuckOff",
    "LedStuckOn",
    "LedsSwapped",
    "LostSeal",
    "SaturatedPixels",
    "SilentInstrument",
    "StruckFault",
]

# What each instrument can be asked, by the phase of a trial in which a plan asks it.
CALLS = {
    "camera": {"connect": "connect", "arm": "arm", "read": "read_frames", "stop": "stop"},
    "amplifier": {"connect": "connect", "arm": "arm", "read": "read_samples", "stop": "stop"},
    "led_pair": {"connect": "connect", "arm": "program", "read": "light_s", "stop": "off"},
    "stimulator": {"connect": "connect", "arm": "program", "stop": "disarm"},
    "clock": {"connect": "connect", "arm": "load", "start": "start", "read": "wait",
              "stop": "stop"},
    "perfusion": {"connect": "connect", "arm": "select", "read": "selected"},
    "rest": {"connect": "connect", "start": "start", "read": "wait", "stop": "stop"},
}  # fmt: skip


class DroppedFrame(FrameFault):
    """The camera loses frames: its counter has a gap. Without `frames`, one that chance picks."""


class DuplicatedFrame(FrameFault):
    """The camera gives a frame again in place of the next, which is lost.

    The counter repeats itself. Without `frames`, one that chance picks.
    """

    @property
    def last_named_frame(self) -> int:
        """The frame after the last of `frames`: it is the one that is lost."""
        return max(self.frames, default=-2) + 1


class LedStuckOn(LastingFault):
    """An LED is on without a pause, from frame to frame, while the clock runs."""

    led: Literal[1, 2]


class LedStuckOff(LastingFault):
    """An LED stays dark."""

    led: Literal[1, 2]


class LedsSwapped(LastingFault):
    """Each LED lights the other's frames, as when two cables are changed over."""


class LateTrigger(Fault):
    """The clock, and with it camera, LEDs and stimulator, starts `late_s` after the amplifier."""

    late_s: Real = Field(gt=0, le=10)


class DriftingClock(Fault):
    """The clock of camera, LEDs and stimulator runs faster than the amplifier's, in ppm."""

    drift_ppm: Real = Field(ge=-100_000, le=100_000)


class SaturatedPixels(LastingFault):
    """A rectangle of pixels reads full scale.

    `y`, `x`, `height`, `width` are in pixels; `level_counts` is what a full pixel reads.
    """

    y: Whole = Field(ge=0)
    x: Whole = Field(ge=0)
    height: Whole = Field(ge=1)
    width: Whole = Field(ge=1)
    level_counts: Whole = Field(default=2**14 - 1, ge=1, le=2**16 - 1)


class LostSeal(LastingFault):
    """The access resistance jumps: the potential is off by `offset_mV`, with so much noise."""

    offset_mV: Real = Field(default=20.0, ge=-200, le=200)
    noise_mV: Real = Field(default=3.0, ge=0, le=200)


class BlockedPerfusion(Fault):
    """Nothing flows from before the first trial it strikes on: the bath stays as it was.

    The valves do not know. It stays blocked as long as the rig is there.
    """


class SilentInstrument(Fault):
    """An instrument stops answering in one phase, from the trial it strikes to the run's end.

    Trials count for an instrument as it is prepared for them; ``connect`` comes before all
    trials, so it is given without any. ``rest`` and ``perfusion`` go by the trial last begun.

    Parameters
    ----------
    device : str
        The instrument, by its name on the rig.
    phase : "connect", "arm", "start", "read" or "stop"
        In which it does not answer. Not every instrument has every phase.
    blocks_s : float
        For how long, in s of real time, its driver waits for an answer before it gives up.
    """

    device: Literal["camera", "amplifier", "led_pair", "stimulator", "clock", "perfusion", "rest"]
    phase: Literal["connect", "arm", "start", "read", "stop"]
    blocks_s: Real = Field(default=0.0, ge=0, le=3600)

    @property
    def comes_before_trials(self) -> bool:
        """Whether it is in the phase ``connect``."""
        return self.phase == "connect"

    @model_validator(mode="after")
    def _check_phase(self) -> Self:
        phases = CALLS[self.device]
        if self.phase not in phases:
            raise ValueError(
                f"phase = {self.phase!r}: the device {self.device} has only {', '.join(phases)}"
            )
        return self


class StruckFault(NamedTuple):
    """A fault in a trial: its kind, itself without chance, and what decides its noise."""

    kind: str
    fault: Fault
    rng: np.random.Generator


class Faults(Data):
    """All faults of a rig; the table ``[faults]`` of a rig file.

    Each field but `seed` is a tuple of faults of one kind, in a rig file ``[[faults.<kind>]]``.
    The same seed strikes the same trials and frames in every run.

    Parameters
    ----------
    seed : int
        Decides what is left to chance.
    """

    seed: Whole = Field(default=0, ge=0)
    led_stuck_on: tuple[LedStuckOn, ...] = ()
    led_stuck_off: tuple[LedStuckOff, ...] = ()
    leds_swapped: tuple[LedsSwapped, ...] = ()
    late_trigger: tuple[LateTrigger, ...] = ()
    drifting_clock: tuple[DriftingClock, ...] = ()
    blocked_perfusion: tuple[BlockedPerfusion, ...] = ()
    saturated_pixels: tuple[SaturatedPixels, ...] = ()
    lost_seal: tuple[LostSeal, ...] = ()
    duplicated_frame: tuple[DuplicatedFrame, ...] = ()
    dropped_frame: tuple[DroppedFrame, ...] = ()
    silent_instrument: tuple[SilentInstrument, ...] = ()

    def listed(self) -> Iterator[tuple[str, Fault]]:
        """Give each fault with its kind, in the order in which they take effect."""
        for kind in type(self).model_fields:
            if kind != "seed":
                yield from ((kind, fault) for fault in getattr(self, kind))

    def in_trial(self, trial: int, frame_count: int) -> tuple[StruckFault, ...]:
        """Return those that strike in a trial (1 for the first), and nothing left to chance."""
        found = []
        for place, (kind, fault) in enumerate(self.listed()):
            rng = np.random.default_rng([self.seed, zlib.crc32(kind.encode()), place, trial])
            if fault.strikes(trial, rng):
                found.append(StruckFault(kind, fault.in_trial(trial, frame_count, rng), rng))
        return tuple(found)
