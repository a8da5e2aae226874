"""One trial that was recorded on a real rig: frames and electrical lines on one clock."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from blueslice._pulse import MAX_PULSES
from blueslice.analysis.excitation import FrameState, prove_excitation
from blueslice.errors import BadInputError
from blueslice.trial import Pulse, Trial

__all__ = ["Recording"]

# The rigs of these files repeat two LEDs; a few dark frames between are conceivable.
_LONGEST_ORDER = 16
# An order with damaged frames has to come back so often, and so many frames have to follow it.
_FEWEST_REPEATS = 4
_AGREEMENT = 0.9


@dataclass(frozen=True, eq=False)
class Recording:
    """Frames, dark frame and electrical lines of one recorded trial.

    Attributes
    ----------
    path : Path
        The file it was read from.
    camera : str
        Name of the camera, as far as the file says.
    taken_at : datetime or None
        When the trial began, by the clock of the computer it was recorded on.
    frames : ndarray of uint16, shape (stored frames, y, x)
        Camera counts, dark level included, in order of arrival.
    dark : ndarray of uint16, shape (y, x)
        Counts of a frame without light.
    counter : ndarray of int64, shape (stored frames,)
        The frame of the clock, from 0, that each stored frame is.
    frame_interval_s : float
        From the start of one frame to the start of the next, in seconds.
    exposure_s : float
        Exposure from a frame's start, in seconds.
    channels : dict of str to ndarray of float32, shape (frames, samples per frame)
        The electrical lines: "voltage" in mV, "current" in pA, "stimulus", "led_1" and
        "led_2" in V; only those that were recorded.
    led_threshold_V : float
        An LED line above it means that the LED is lit.
    stimulus_threshold_V : float
        The stimulus line above it means a pulse.

    Raises
    ------
    BadInputError
        When the shapes of the arrays do not belong together.
    """

    path: Path
    camera: str
    taken_at: datetime | None
    frames: npt.NDArray[np.uint16] = field(repr=False)
    dark: npt.NDArray[np.uint16] = field(repr=False)
    counter: npt.NDArray[np.int64] = field(repr=False)
    frame_interval_s: float
    exposure_s: float
    channels: dict[str, npt.NDArray[np.float32]] = field(repr=False)
    led_threshold_V: float
    stimulus_threshold_V: float

    def __post_init__(self) -> None:
        stored = (len(self.counter), *self.dark.shape)
        if self.frames.ndim != 3 or self.frames.shape != stored:
            raise BadInputError(
                f"{self.path}: frames of shape {self.frames.shape} do not belong to a counter of "
                f"{len(self.counter)} and a dark frame of {self.dark.shape}; give {stored}"
            )
        shapes = {line.shape for line in self.channels.values()}
        if len(shapes) != 1 or any(len(shape) != 2 or 0 in shape for shape in shapes):
            raise BadInputError(
                f"{self.path}: the electrical lines have shapes {sorted(shapes)}; give one or "
                "more lines, all of one shape (frames, samples per frame)"
            )
        if len(self.counter) and not 0 <= self.counter.min() <= self.counter.max() < (
            self.frame_count
        ):
            raise BadInputError(
                f"{self.path}: the counter runs from {self.counter.min()} to "
                f"{self.counter.max()}; the lines were recorded for frames 0 to "
                f"{self.frame_count - 1}"
            )

    @property
    def frame_count(self) -> int:
        """Frames of the clock; more than ``len(frames)`` when frames were lost."""
        return next(iter(self.channels.values())).shape[0]

    @property
    def samples_per_frame(self) -> int:
        """Samples that each electrical line has per frame of the clock."""
        return next(iter(self.channels.values())).shape[1]

    @property
    def frame_rate_Hz(self) -> float:
        """Frames per second."""
        # 1 / 0.001 s must be 1000 Hz and 1 / 0.003 s no longer than its digits.
        return round(1 / self.frame_interval_s, 9)

    @property
    def sample_rate_Hz(self) -> float:
        """Samples per second of the electrical lines."""
        return self.samples_per_frame * self.frame_rate_Hz

    @property
    def led_lines(self) -> npt.NDArray[np.float32]:
        """The LED lines in V, shape (leds, frames, samples per frame), LED 1 first.

        Raises
        ------
        BadInputError
            When LED 1's line was not recorded.
        """
        if "led_1" not in self.channels:
            raise BadInputError(
                f"{self.path}: LED 1's line is not among the channels "
                f"({', '.join(self.channels)}), so that no frame's light can be proved; name "
                "its channel in the ChannelMap"
            )
        names = [name for name in ("led_1", "led_2") if name in self.channels]
        return np.stack([self.channels[name] for name in names])

    @property
    def excitation(self) -> npt.NDArray[np.int8]:
        """The LED proved for each frame of the clock, shape (frames,).

        An LED's number, or a `blueslice.analysis.FrameState` where none lit it alone.

        Raises
        ------
        BadInputError
            When LED 1's line was not recorded or the exposure is longer than the frame.
        """
        return prove_excitation(
            self.led_lines,
            threshold_V=self.led_threshold_V,
            frame_rate_Hz=self.frame_rate_Hz,
            exposure_s=self.exposure_s,
        )

    @property
    def trial(self) -> Trial:
        """The trial as the recorded lines show it, not as anyone had planned it.

        Excitation order and times of the pulses are those of the lines, a pulse's width to one
        sample. No line tells the current: that of each pulse is not known.

        Raises
        ------
        BadInputError
            When the lines show no order of excitation or no possible stimulus.
        """
        return Trial(
            frame_rate_Hz=self.frame_rate_Hz,
            frame_count=self.frame_count,
            exposure_s=self.exposure_s,
            excitation_order=self._find_order(),
            pulses=self._find_pulses(),
        )

    def drop_frames(self, lost: Collection[int]) -> Self:
        """Return the same trial as if some frames had never arrived from the camera.

        Parameters
        ----------
        lost : collection of int
            Frames of the clock. Their images go; the counter of the others, and the electrical
            lines, stay as they are.

        Raises
        ------
        BadInputError
            When a frame is not there.
        """
        absent = sorted(set(lost) - set(self.counter.tolist()))
        if absent:
            raise BadInputError(
                f"{self.path}: frame {absent[0]} is not there to be dropped; the frames are "
                f"among 0 to {self.frame_count - 1}"
            )
        kept = ~np.isin(self.counter, list(lost))
        return replace(self, frames=self.frames[kept], counter=self.counter[kept])

    def without_frame(self, frame: int) -> Self:
        """Return the same trial as if one frame had never arrived; see `drop_frames`."""
        return self.drop_frames([frame])

    def _find_order(self) -> tuple[int, ...]:
        """Shortest order that, repeated, explains the frames of which the light is proved.

        An order that is repeated often enough may be missed by a few frames, which are then
        damaged: an LED that failed once does not make the trial a planned oddity.
        """
        states = self.excitation
        proved = states >= FrameState.DARK
        lengths = range(1, min(_LONGEST_ORDER, len(states)) + 1)
        found = [_majority(states, proved, length) for length in lengths]
        repeated = [pair for pair in found if 2 * len(pair[0]) <= len(states)]
        often = [pair for pair in repeated if _FEWEST_REPEATS * len(pair[0]) <= len(states)]
        for orders, fewest in (
            (repeated, np.count_nonzero(proved)),
            (often, _AGREEMENT * len(states)),
            (found, np.count_nonzero(proved)),
        ):
            for order, agreeing in orders:
                if order and agreeing >= fewest:
                    return order
        if not proved.all():
            frame = int(np.argmin(proved))
            raise BadInputError(
                f"{self.path}: frame {frame} was lit by both LEDs or by one for a part of its "
                f"exposure ({FrameState(states[frame]).name}) and the others show no order; check "
                "the ChannelMap's LED channels, threshold and exposure_s"
            )
        return tuple(states.tolist())

    def _find_pulses(self) -> tuple[Pulse, ...]:
        if "stimulus" not in self.channels:
            return ()
        high = self.channels["stimulus"].ravel() > self.stimulus_threshold_V
        edges = np.diff(high.astype(np.int8), prepend=0, append=0)
        onsets, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        if len(onsets) > MAX_PULSES:
            raise BadInputError(
                f"{self.path}: the stimulus line shows {len(onsets)} pulses, at most "
                f"{MAX_PULSES} are allowed; raise the ChannelMap's stimulus_threshold_V"
            )
        rate_Hz = self.sample_rate_Hz
        return tuple(
            Pulse(onset_s=onset / rate_Hz, width_s=(end - onset) / rate_Hz, amplitude_uA=None)
            for onset, end in zip(onsets.tolist(), ends.tolist(), strict=True)
        )


def _majority(
    states: npt.NDArray[np.int8], proved: npt.NDArray[np.bool_], length: int
) -> tuple[tuple[int, ...], int]:
    """Return the order of a length that most proved frames follow, and how many do.

    The order is empty when a place in it has no proved frame.
    """
    order, agreeing = [], 0
    for k in range(length):
        phase = states[k::length][proved[k::length]]
        if not len(phase):
            return (), 0
        kinds, counts = np.unique(phase, return_counts=True)
        order.append(int(kinds[np.argmax(counts)]))
        agreeing += int(counts.max())
    return tuple(order), agreeing
