"""The trial as data: frames, excitation and pulses, checked before anything moves."""

from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice._pulse import MAX_PULSES, Pulse, paired_pulses
from blueslice._rig_limits import RigLimits, check_trial
from blueslice._timing_diagram import draw_timing

__all__ = [
    "LEDS",
    "MAX_FRAMES",
    "Pulse",
    "RigLimits",
    "Trial",
    "check_trial",
    "count_clock_frames",
    "paired_pulses",
]

LEDS = (1, 2)
"""The numbers of the LEDs of a pair; 0 in an excitation order means that no LED is lit."""

MAX_FRAMES = 1_000_000
"""The most frames a trial may have."""

# A gap-free recording may go on for days; what a rig is asked for is bounded by `check_trial`.
_MAX_DURATION_S = 1e6

# Times that differ by less are the same time: 0.036 + 0.01 is not 0.046 in binary.
_SAME_TIME_S = 1e-9


def count_clock_frames(counter: npt.ArrayLike, frame_count: int) -> int:
    """Count the frames of the clock that a camera gave, a frame that came twice once.

    Parameters
    ----------
    counter : array_like of int, shape (stored,)
        The camera's frame counter of each stored frame, from 0; -1 where no frame arrived.
    frame_count : int
        Frames that the trial's clock has.

    Examples
    --------
    >>> count_clock_frames([0, 1, 1, 3, -1], 5)
    3
    """
    numbers = np.asarray(counter, dtype=np.int64)
    return len(np.unique(numbers[(numbers >= 0) & (numbers < frame_count)]))


class Trial(Data):
    """Everything that happens in one trial, on the time axis of its frame clock.

    Frame k starts at ``k / frame_rate_Hz`` seconds; the camera exposes, and an LED is lit,
    for the first `exposure_s` of it. Time 0 is the start of the first frame.

    Parameters
    ----------
    frame_rate_Hz : float
        Camera frames per second, 1e-6 to 100,000.
    frame_count : int
        Number of camera frames, 1 to 1,000,000.
    exposure_s : float
        Exposure of each frame in seconds, > 0 and at most one frame interval.
    excitation_order : tuple of int
        The LED of each frame (1 or 2; 0 lights none), repeated over the trial.
    pulses : tuple of Pulse
        The stimulus, kept in order of time. Pulses on one target must not overlap.
    blank : bool
        True for a trial without stimulus. It keeps its pulses, so that it is analysed as the
        trials it is compared with, but none is delivered.

    Raises
    ------
    BadInputError
        When a value is not allowed; the text names the field, the value and the rule.

    Examples
    --------
    >>> trial = Trial(pulses=paired_pulses(interval_s=0.010))
    >>> trial.duration_s, trial.first_pulse_onset_s
    (0.2, 0.036)
    """

    frame_rate_Hz: Real = Field(default=500.0, ge=1e-6, le=100_000)
    frame_count: Whole = Field(default=100, ge=1, le=MAX_FRAMES)
    exposure_s: Real = Field(default=0.0018, gt=0, le=_MAX_DURATION_S)
    excitation_order: tuple[Whole, ...] = Field(default=LEDS, min_length=1, max_length=MAX_FRAMES)
    pulses: tuple[Pulse, ...] = Field(default=(), max_length=MAX_PULSES)
    blank: bool = Field(default=False, strict=True)

    @field_validator("excitation_order")
    @classmethod
    def _check_leds(cls, order: tuple[int, ...]) -> tuple[int, ...]:
        for led in order:
            if led not in (0, *LEDS):
                raise ValueError(f"LED {led} is unknown; give 1 or 2 per frame, 0 for no light")
        return order

    @field_validator("pulses")
    @classmethod
    def _check_overlap(cls, pulses: tuple[Pulse, ...]) -> tuple[Pulse, ...]:
        ordered = tuple(sorted(pulses, key=lambda pulse: (pulse.onset_s, pulse.target)))
        last: dict[str, Pulse] = {}
        for pulse in ordered:
            before = last.get(pulse.target)
            if before is not None and pulse.onset_s < before.end_s - _SAME_TIME_S:
                raise ValueError(
                    f"the {pulse.target} pulse at {pulse.onset_s * 1e3:g} ms overlaps the one "
                    f"from {before.onset_s * 1e3:g} to {before.end_s * 1e3:g} ms; "
                    "move or shorten one of them"
                )
            last[pulse.target] = pulse
        return ordered

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.duration_s > _MAX_DURATION_S:
            raise ValueError(
                f"frame_count = {self.frame_count} at {self.frame_rate_Hz:g} Hz lasts "
                f"{self.duration_s:g} s; at most {_MAX_DURATION_S:g} s is allowed"
            )
        if self.exposure_s > self.frame_interval_s + _SAME_TIME_S:
            raise ValueError(
                f"exposure_s = {self.exposure_s:g} is longer than the frame interval of "
                f"{self.frame_interval_s:g} s at {self.frame_rate_Hz:g} Hz; shorten the "
                "exposure or lower frame_rate_Hz"
            )
        for pulse in self.pulses:
            if pulse.end_s > self.duration_s + _SAME_TIME_S:
                raise ValueError(
                    f"the pulse from {pulse.onset_s * 1e3:g} to {pulse.end_s * 1e3:g} ms is "
                    f"outside the trial, which ends at {self.duration_s * 1e3:g} ms; move the "
                    "pulse or raise frame_count"
                )
        return self

    @property
    def frame_interval_s(self) -> float:
        """Time from the start of one frame to the start of the next, in seconds."""
        return 1.0 / self.frame_rate_Hz

    @property
    def duration_s(self) -> float:
        """Length of the trial, from the start of its first frame to the end of its last."""
        return self.frame_count / self.frame_rate_Hz

    @property
    def delivered_pulses(self) -> tuple[Pulse, ...]:
        """The pulses that reach the tissue: none when the trial is blank."""
        return () if self.blank else self.pulses

    @property
    def first_pulse_onset_s(self) -> float | None:
        """Planned onset of the first pulse in seconds, also of a blank; None without pulses."""
        return self.pulses[0].onset_s if self.pulses else None

    @property
    def excitation(self) -> npt.NDArray[np.int8]:
        """The planned LED number of each frame, shape (frames,), 0 for none."""
        return np.resize(np.array(self.excitation_order, dtype=np.int8), self.frame_count)

    @property
    def frame_times_s(self) -> npt.NDArray[np.float64]:
        """Mid-exposure time of each frame in seconds, shape (frames,)."""
        return np.arange(self.frame_count) / self.frame_rate_Hz + self.exposure_s / 2

    @property
    def light_s(self) -> dict[int, float]:
        """Seconds of light that each LED gives in this trial, by LED number."""
        return {led: self.exposure_s * int(np.sum(self.excitation == led)) for led in LEDS}

    def with_blank(self) -> Self:
        """Return the same trial without its stimulus: the blank to compare it with."""
        return self.replace(blank=True)

    def timing_diagram(self, width: int = 100, *, ascii_only: bool = False) -> str:
        """Draw camera, LEDs and stimulus over time as text.

        Parameters
        ----------
        width : int
            Characters a line, 40 to 1000.
        ascii_only : bool
            Use no character beyond ASCII, for consoles that lack block characters.

        Returns
        -------
        str
            An overview of the whole trial and, when its frames are too many to be told
            apart in one line, an enlarged part that begins just before the first pulse.

        Raises
        ------
        BadInputError
            When `width` is not allowed.
        """
        return draw_timing(self, width, ascii_only=ascii_only)

    def __str__(self) -> str:
        """One line for people, such as ``100 frames at 500 Hz (200 ms), LEDs 1-2, ...``."""
        leds = "-".join(str(led) for led in self.excitation_order[:8])
        if len(self.excitation_order) > 8:
            leds += "-..."
        if not self.pulses:
            stimulus = "no pulses"
        else:
            shown = ", ".join(
                f"{pulse.onset_s * 1e3:g} ms ({pulse.amplitude_text})" for pulse in self.pulses[:4]
            )
            more = len(self.pulses) - 4
            stimulus = f"pulses at {shown}" + (f" and {more} more" if more > 0 else "")
        return (
            f"{self.frame_count} frames at {self.frame_rate_Hz:g} Hz "
            f"({self.duration_s * 1e3:g} ms), exposure {self.exposure_s * 1e3:g} ms, "
            f"LEDs {leds}, {'blank, ' if self.blank else ''}{stimulus}"
        )
