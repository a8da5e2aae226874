"""What an instrument has to be able to do: one Protocol per kind of device.

A backend is plain, blocking Python, as vendors' libraries are: no asyncio, no bluesky. The
device calls it from a thread, never from the RunEngine's loop. All calls but ``stop``, ``off``
and ``disarm`` come one after the other; those three may come from any thread at any time, may
be repeated, and have to end a blocked ``read_...`` or ``wait``. A call that does not return in time
(`blueslice.devices._answer`) is left to itself: it must not touch the instrument later on.

Errors are raised as `blueslice.errors.InstrumentError`, with the instrument, what happened and
what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from blueslice.trial import Pulse, Trial

__all__ = [
    "AmplifierBackend",
    "CameraBackend",
    "FrameBlock",
    "LedPairBackend",
    "PerfusionBackend",
    "RestBackend",
    "SampleBlock",
    "Sensor",
    "StimulatorBackend",
    "TrialClockBackend",
]


@dataclass(frozen=True)
class Sensor:
    """The camera's picture: its size in pixels and what made it.

    Attributes
    ----------
    rows, columns : int
        Pixels.
    model : str
        What made it.
    full_scale_counts : int or None
        What a pixel reads that has got more light than it can tell, in the camera's present
        settings; None where nobody knows, and then no pixel counts as saturated.
    """

    rows: int
    columns: int
    model: str
    full_scale_counts: int | None = None


@dataclass(frozen=True)
class FrameBlock:
    """Frames that follow each other, in the order in which the camera gave them.

    Attributes
    ----------
    frames : (n, y, x) uint16 array
        Camera counts. The receiver may keep it: the backend does not write to it again.
    counter : (n,) int64 array
        The camera's own number of each frame, 0 for the first of the trial. A gap is a frame
        that was lost.
    """

    frames: NDArray[np.uint16]
    counter: NDArray[np.int64]


@dataclass(frozen=True)
class SampleBlock:
    """Electrical samples of frames that follow each other.

    Attributes
    ----------
    channels : mapping of str to (n, samples per frame) float32 array
        By channel name, in the unit that the backend's ``channels`` states.
    """

    channels: Mapping[str, NDArray[np.float32]]


@runtime_checkable
class CameraBackend(Protocol):
    """A camera that takes one frame at each tick of the trial clock."""

    @property
    def sensor(self) -> Sensor:
        """The picture's size, known once connected."""
        ...

    def connect(self) -> None:
        """Find the instrument; called once, before anything else."""
        ...

    def arm(self, frame_count: int, exposure_s: float, trial: int = 0) -> NDArray[np.float32]:
        """Take a dark frame, then be ready to follow the clock for one trial.

        Parameters
        ----------
        frame_count : int
            Frames of the trial.
        exposure_s : float
            Exposure of each, in s.
        trial : int
            Place in the run, 0 for the first; a trial that is taken again has the same place.

        Returns
        -------
        (y, x) float32 array
            The dark frame: counts without light, of one frame or the mean of several.
        """
        ...

    def read_frames(self, timeout_s: float) -> FrameBlock | None:
        """Return the frames that have come since the last call.

        Waits for at least one, at most `timeout_s` (then: a block of no frames). None when the
        trial is over, because all frames were given, the clock has ended, or ``stop`` was
        called: no further frame will come.
        """
        ...

    def stop(self) -> None:
        """Stop at once and forget the trial."""
        ...


@runtime_checkable
class AmplifierBackend(Protocol):
    """A patch amplifier and its digitiser, sampling on the trial clock.

    One that can tell in which clamp it is has ``clamp`` too, a property that gives ``"current"`` or
    ``"voltage"``; without it, or where it gives anything else, that is unknown. Like the other
    properties it may be read at any time, also while samples are read.
    """

    @property
    def sample_rate_Hz(self) -> float:
        """Samples per second of every channel."""
        ...

    @property
    def channels(self) -> Mapping[str, str]:
        """Names of the recorded channels and their units.

        ``voltage`` (mV), ``current`` (pA), ``stimulus``, ``led_1``, ``led_2`` (V). What the
        rig does not record is absent, not zero.
        """
        ...

    def connect(self) -> None:
        """Find the instrument; called once, before anything else."""
        ...

    def arm(self, frame_count: int, samples_per_frame: int, trial: int = 0) -> None:
        """Be ready to sample one trial, started by the clock; `trial` as for the camera."""
        ...

    def read_samples(self, timeout_s: float) -> SampleBlock | None:
        """Return the samples of whole frames since the last call; see `CameraBackend`."""
        ...

    def stop(self) -> None:
        """Stop at once and forget the trial."""
        ...


@runtime_checkable
class LedPairBackend(Protocol):
    """Two LEDs that the trial clock gates from frame to frame."""

    def connect(self) -> None:
        """Find the instrument and make sure that it is dark."""
        ...

    def program(self, frame_count: int, order: Sequence[int], exposure_s: float) -> None:
        """Be ready: at frame k the LED ``order[k % len(order)]`` is on for `exposure_s`.

        The gates are the instrument's own, one a tick: when this process dies in a trial nobody
        calls ``off``, and the LEDs have to be dark after its last frame by themselves. An LED that
        can only be switched on and off by calls does not meet this. When it raises, nothing is
        loaded, and the LEDs stay dark in the trial.
        """
        ...

    def light_s(self) -> tuple[float, float]:
        """Return how long each LED has really been on since the last ``program``, in s."""
        ...

    def off(self) -> None:
        """Both LEDs dark, at once, and the program forgotten."""
        ...


@runtime_checkable
class StimulatorBackend(Protocol):
    """A stimulator that plays pulses from the start of the trial clock."""

    def connect(self) -> None:
        """Find the instrument and make sure that it is disarmed."""
        ...

    def program(self, pulses: Sequence[Pulse]) -> None:
        """Be ready to give these pulses, timed from the clock's start; none is allowed."""
        ...

    def disarm(self) -> None:
        """End any pulse and forget the program, at once."""
        ...


@runtime_checkable
class TrialClockBackend(Protocol):
    """The frame clock: the one thing that times a trial."""

    def connect(self) -> None:
        """Find the instrument and make sure that it does not run."""
        ...

    def check(self, trial: Trial, place: int = 0) -> None:
        """Raise `blueslice.errors.BadInputError` for a trial that it could not play.

        `place` is the trial's in the run, 0 for the first.
        """
        ...

    def load(self, frame_rate_Hz: float, frame_count: int) -> None:
        """Be ready to give `frame_count` ticks; the instrument counts them, not this process."""
        ...

    def start(self) -> None:
        """Start camera, LEDs, stimulator and sampling together; return at once."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the trial; False if it has not come after `timeout_s`."""
        ...

    def stop(self) -> None:
        """Stop at once: no further tick, so no further light and no further pulse."""
        ...


@runtime_checkable
class PerfusionBackend(Protocol):
    """Valves that let one of several solutions flow to the slice."""

    @property
    def solutions(self) -> Mapping[str, Mapping[str, float]]:
        """The solutions that can flow, by name: the concentration of each drug in it, in uM."""
        ...

    @property
    def delay_s(self) -> float:
        """How long a solution takes from the valve to the chamber, in s."""
        ...

    @property
    def exchange_s(self) -> float:
        """Time constant with which the chamber then changes, in s."""
        ...

    def connect(self) -> None:
        """Find the instrument and leave the flow as it is."""
        ...

    def select(self, solution: str) -> None:
        """Switch the valves; return when they have switched, not when it has arrived.

        Raises `blueslice.errors.BadInputError` for a solution that is not there, and then leaves
        the flow as it is.
        """
        ...

    def selected(self) -> str:
        """Return the name of the solution that leaves the valves now."""
        ...


@runtime_checkable
class RestBackend(Protocol):
    """The clock of the experiment, by which rests between trials are timed."""

    def connect(self) -> None:
        """Find the clock."""
        ...

    def now_s(self) -> float:
        """Return the time of the experiment in s, from any start; it never goes back."""
        ...

    def start(self, until_s: float) -> None:
        """Begin a rest that ends at this time of the experiment; return at once."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait until no rest is under way; False if one still is after `timeout_s`."""
        ...

    def stop(self) -> None:
        """End the rest at once."""
        ...
