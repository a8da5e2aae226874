"""The analysis of one trial: live in blocks or offline at once, by the same steps."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from blueslice.analysis.accumulator import FrameAccumulator
from blueslice.analysis.dff import IonTrace, compute_dff
from blueslice.analysis.difference import DifferenceImage, assign_images, difference_images
from blueslice.analysis.excitation import (
    FrameState,
    frames_late,
    late_reason,
    prove_excitation,
)
from blueslice.analysis.frame_map import FrameMap, map_frames
from blueslice.analysis.frame_reasons import frame_reasons
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.saturation import SaturationFinder, saturation_reason
from blueslice.errors import BadInputError

__all__ = ["TrialAnalysis", "TrialResult", "recompute"]


@dataclass(frozen=True, eq=False)
class TrialResult:
    """What the analysis of one trial gives.

    Attributes
    ----------
    traces : tuple of IonTrace
        dF/F of the ROIs, one per ion.
    difference_images : tuple of DifferenceImage
        One per ion; empty when the parameters have no response window.
    frame_map : FrameMap
        Which stored frame is which, and which are missing.
    reasons : tuple of str
        What is wrong with the trial as a whole, with what to do, one line each; mostly empty.
    """

    traces: tuple[IonTrace, ...]
    difference_images: tuple[DifferenceImage, ...]
    frame_map: FrameMap
    reasons: tuple[str, ...] = ()


class TrialAnalysis:
    """Analyses one trial from whatever has arrived of its frames and LED lines.

    Frames and lines come in blocks of any size, in any interleaving. A stored frame waits (as
    a copy) until the LED lines of its frame of the clock have been recorded, so that the
    result does not depend on which was first. After `finish` it is, to the last bit, that of
    `recompute` on the whole trial.

    Parameters
    ----------
    image_shape : (int, int)
        Rows and columns of a frame.
    frame_count : int
        Frames that the trial's clock has.
    parameters : AnalysisParameters
        Of the analysis.
    dark : array_like or None, shape (y, x)
        Dark image in counts; None for 0.
    threads : int, optional
        See `default_thread_count`.

    Raises
    ------
    BadInputError
        When an ROI or the corner leaves the image, or the dark image does not fit it.
    """

    def __init__(
        self,
        image_shape: tuple[int, int],
        frame_count: int,
        parameters: AnalysisParameters,
        dark: npt.ArrayLike | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        self._parameters = parameters
        self._frame_count = frame_count
        self._dark = dark
        self._accumulator = FrameAccumulator(
            image_shape,
            parameters.rois,
            corner=parameters.corner,
            dark=dark,
            image_count=0 if parameters.response_s is None else 2 * len(parameters.ions),
            threads=threads,
        )
        self._saturation = SaturationFinder(
            parameters.rois, image_shape, parameters.full_scale_counts
        )
        self._saturated = [np.zeros((len(parameters.rois), 0), bool)]
        self._planned = parameters.planned_excitation(frame_count)
        self._states = np.zeros(0, np.int8)
        self._counter = np.zeros(0, np.int64)
        self._waiting = np.zeros((0, *image_shape), np.uint16)
        self._finished = False

    def add_lines(self, lines: npt.ArrayLike) -> None:
        """Take the LED lines of the next frames of the clock.

        Parameters
        ----------
        lines : array_like, shape (leds, frames, samples per frame)
            Volts, of frames whose samples are all recorded.

        Raises
        ------
        BadInputError
            When there are more frames than the trial has, or see `prove_excitation`.
        """
        self._refuse_when_finished()
        states = prove_excitation(
            lines,
            threshold_V=self._parameters.led_threshold_V,
            frame_rate_Hz=self._parameters.frame_rate_Hz,
            exposure_s=self._parameters.exposure_s,
        )
        if len(self._states) + len(states) > self._frame_count:
            raise BadInputError(
                f"LED lines of {len(self._states) + len(states)} frames came for a trial of "
                f"{self._frame_count}; give each frame's lines once"
            )
        self._states = np.concatenate([self._states, states])
        self._consume(np.zeros((0, *self._waiting.shape[1:]), np.uint16))

    def add_frames(self, frames: npt.NDArray[np.uint16], counter: npt.ArrayLike) -> None:
        """Take the next stored frames.

        Parameters
        ----------
        frames : ndarray of uint16, shape (frames, y, x)
            In order of arrival.
        counter : array_like of int, shape (frames,)
            The camera's frame counter of each; -1 where no frame arrived.

        Raises
        ------
        BadInputError
            When shapes or types do not fit; nothing was taken.
        """
        self._refuse_when_finished()
        numbers = np.asarray(counter, dtype=np.int64)
        expected = (*numbers.shape, *self._waiting.shape[1:])
        if numbers.ndim != 1 or frames.shape != expected or frames.dtype != np.uint16:
            raise BadInputError(
                f"frames of type {frames.dtype} and shape {frames.shape} came with a counter of "
                f"shape {numbers.shape}; give uint16 (frames, y, x) and (frames,) for images of "
                f"{self._waiting.shape[1]} x {self._waiting.shape[2]}"
            )
        self._counter = np.concatenate([self._counter, numbers])
        self._consume(frames)

    def finish(self) -> None:
        """Say that nothing more comes: frames without LED lines are unused, the rest missing."""
        self._finished = True
        self._consume(np.zeros((0, *self._waiting.shape[1:]), np.uint16))

    def _refuse_when_finished(self) -> None:
        if self._finished:
            raise BadInputError("this trial is finished; make a new TrialAnalysis for the next")

    def _consume(self, frames: npt.NDArray[np.uint16]) -> None:
        arrived = np.concatenate([self._waiting, frames]) if len(self._waiting) else frames
        done = len(self._counter) - len(arrived)
        numbers = self._counter[done:]
        unproved = (numbers >= len(self._states)) & (numbers < self._frame_count)
        ready = len(arrived)
        if unproved.any() and not self._finished:
            ready = int(unproved.argmax())
        if ready:
            frame_map = map_frames(self._counter[: done + ready], self._states, self._frame_count)
            targets = assign_images(frame_map, self._parameters)[done:]
            self._accumulator.add(arrived[:ready], targets)
            self._saturated.append(self._saturation.find(arrived[:ready]))
        self._waiting = arrived[ready:].copy()

    @property
    def frames_late(self) -> int:
        """By how many whole frames the LEDs began late; see `frames_late`."""
        return frames_late(self._states, self._planned)

    @property
    def frame_map(self) -> FrameMap:
        """Place and light of the stored frames analysed so far.

        When the LEDs began late, all states are `FrameState.UNATTRIBUTED`.
        """
        states = np.where(self.frames_late, FrameState.UNATTRIBUTED, self._states)
        analysed = self._counter[: len(self._counter) - len(self._waiting)]
        if self._finished:
            return map_frames(analysed, states, self._frame_count)
        inside = analysed[(analysed >= 0) & (analysed < self._frame_count)]
        so_far = int(inside.max()) + 1 if inside.size else 0
        return map_frames(analysed, states, self._frame_count, frames_so_far=so_far)

    def traces(self) -> tuple[IonTrace, ...]:
        """DF/F of the frames so far, one trace per ion; see `compute_dff`."""
        self._saturated = [np.concatenate(self._saturated, axis=1)]
        return compute_dff(
            self._accumulator.sums, self.frame_map, self._parameters, self._saturated[0]
        )

    def result(self) -> TrialResult:
        """Everything there is so far, difference images included."""
        sums, late, traces = self._accumulator.image_sums, self.frames_late, self.traces()
        if late:
            sums = replace(sums, frame_counts=np.zeros_like(sums.frame_counts))
        images = difference_images(sums, self._parameters, self._dark)
        rate_Hz, frame_map = self._parameters.frame_rate_Hz, self.frame_map
        reasons = [late_reason(late, rate_Hz)] if late else []
        reasons += frame_reasons(frame_map, self._planned, rate_Hz)
        if any(trace.saturated.any() for trace in traces):
            reasons.append(saturation_reason(traces, self._parameters))
        return TrialResult(traces, images, frame_map, tuple(reasons))


def recompute(
    frames: npt.NDArray[np.uint16],
    dark: npt.ArrayLike | None,
    counter: npt.ArrayLike,
    lines: npt.ArrayLike,
    parameters: AnalysisParameters,
    *,
    frame_count: int | None = None,
    threads: int | None = None,
) -> TrialResult:
    """Analyse one stored trial.

    Parameters
    ----------
    frames : ndarray of uint16, shape (stored, y, x)
        Frames in order of arrival.
    dark : array_like or None, shape (y, x)
        Dark image in counts; None for 0.
    counter : array_like of int, shape (stored,)
        The camera's frame counter; -1 where no frame arrived.
    lines : array_like, shape (leds, frames, samples per frame)
        LED monitor lines in V.
    parameters : AnalysisParameters
        Of the analysis.
    frame_count : int, optional
        Frames that the trial's clock has. Default: the larger of frames with lines and places
        for stored frames.
    threads : int, optional
        See `default_thread_count`.

    Returns
    -------
    TrialResult
        The same, to the last bit, as `TrialAnalysis` gives live.

    Raises
    ------
    BadInputError
        When shapes, types, ROIs or corner do not fit.
    """
    if frames.ndim != 3 or np.ndim(lines) != 3:
        raise BadInputError(
            f"frames have shape {frames.shape} and LED lines {np.shape(lines)}; give "
            "(frames, y, x) and (leds, frames, samples per frame)"
        )
    if frame_count is None:
        frame_count = max(len(frames), np.shape(lines)[1])
    image_shape = (frames.shape[1], frames.shape[2])
    analysis = TrialAnalysis(image_shape, frame_count, parameters, dark, threads=threads)
    analysis.add_lines(lines)
    analysis.add_frames(frames, counter)
    analysis.finish()
    return analysis.result()
