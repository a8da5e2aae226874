"""Puts the faults of a virtual rig between its bench and what it is made of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from blueslice.devices import Sensor
from blueslice.errors import BadInputError
from blueslice.sim.bath import CONTROL_BATH, BathState
from blueslice.sim.fault_effects import damage, is_of_wiring, rewire
from blueslice.sim.faults import (
    BlockedPerfusion,
    Faults,
    SilentInstrument,
    StruckFault,
)
from blueslice.sim.silent_backend import SilentBackend
from blueslice.sim.wiring import PlayedTrial, TrialSource, Wiring
from blueslice.trial import Trial

__all__ = ["FaultySource", "check_replay_faults"]

Backend = TypeVar("Backend")


def check_replay_faults(faults: Faults) -> None:
    """Refuse faults that a replay cannot have: what was recorded was lit as it was lit.

    Raises
    ------
    BadInputError
        Naming the fault.
    """
    for kind, fault in faults.listed():
        perfuses = isinstance(fault, SilentInstrument) and fault.device == "perfusion"
        if is_of_wiring(fault) or isinstance(fault, BlockedPerfusion) or perfuses:
            raise BadInputError(
                f"faults.{kind} needs a simulated slice, and a replay shows what was recorded; "
                "take it out, or use a simulated rig"
            )


class FaultySource:
    """A source of trials in which faults strike, and what its instruments are wrapped by.

    Parameters
    ----------
    source : TrialSource
        Plays the trials.
    faults : Faults
        What breaks.

    Attributes
    ----------
    struck : tuple of StruckFault
        What struck the last trial.
    run : int
        Runs begun so far.
    trial : int
        Number of the trial last begun in this run, 0 before the first.
    """

    def __init__(self, source: TrialSource, faults: Faults) -> None:
        self.source, self.faults = source, faults
        self.struck: tuple[StruckFault, ...] = ()
        self.run, self.trial = 0, 0
        self._bath: BathState = CONTROL_BATH
        self._blocked = False

    @property
    def sensor(self) -> Sensor:
        """The camera's picture.

        A camera that does not know its full scale, such as that of a recording, takes it from the
        pixels that a fault saturates.
        """
        sensor = self.source.sensor
        if sensor.full_scale_counts is not None:
            return sensor
        levels = [fault.level_counts for fault in self.faults.saturated_pixels]
        return replace(sensor, full_scale_counts=min(levels, default=None))

    @property
    def sample_rate_Hz(self) -> float:
        """The amplifier's samples per second."""
        return self.source.sample_rate_Hz

    @property
    def channels(self) -> Mapping[str, str]:
        """The amplifier's channels and their units."""
        return self.source.channels

    @property
    def clamp(self) -> str | None:
        """What the amplifier holds; None where the source does not tell."""
        return getattr(self.source, "clamp", None)

    def check(self, trial: Trial, place: int = 0) -> None:
        """Refuse a trial that lacks a frame which a fault names; the first begins a run."""
        if place == 0:
            self.run, self.trial = self.run + 1, 0
        for kind, fault in self.faults.listed():
            if fault.last_named_frame >= trial.frame_count and (
                fault.probability or place + 1 in fault.trials
            ):
                raise BadInputError(
                    f"faults.{kind} concerns frame {fault.last_named_frame}, and trial {place + 1} "
                    f"has frames 0 to {trial.frame_count - 1}; name one of these"
                )
        self.source.check(trial, place)

    def dark_frame(self, index: int) -> NDArray[np.float32]:
        """Return the source's dark frame."""
        return self.source.dark_frame(index)

    def play(self, wiring: Wiring, index: int) -> PlayedTrial:
        """Return what happens in a trial with its faults."""
        self.trial = index + 1
        self.struck = self.faults.in_trial(self.trial, wiring.frame_count)
        really = replace(wiring, bath=self._bath_of(wiring))
        for struck in self.struck:
            really = rewire(struck.fault, really)
        played = self.source.play(really, index)
        for struck in self.struck:
            played = damage(struck.fault, played, struck.rng)
        return replace(played, wiring=really)

    def _bath_of(self, wiring: Wiring) -> BathState:
        """Return what the tissue sees: since a blockage, what it saw in the trial before it."""
        self._blocked |= any(isinstance(s.fault, BlockedPerfusion) for s in self.struck)
        if not self._blocked:
            self._bath = wiring.bath
        return self._bath

    def wrap(self, device: str, backend: Backend) -> Backend:
        """Return an instrument that stops answering when a fault says so.

        Parameters
        ----------
        device : str
            The instrument's name on the rig.
        backend : object
            The instrument; given back itself when no fault concerns it.
        """
        own = any(fault.device == device for fault in self.faults.silent_instrument)
        return cast(Backend, SilentBackend(self, device, backend)) if own else backend
