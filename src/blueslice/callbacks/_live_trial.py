"""One trial as it comes in: what is known of it so far, and the parameters that follow."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import (
    AnalysisParameters,
    Corner,
    FrameState,
    Roi,
    Shift,
    TrialAnalysis,
    choose_corner,
    find_brightest_roi,
    find_pulses,
    find_responding_roi,
    map_frames,
    moved_roi,
    prove_excitation,
    register,
)
from blueslice.analysis.excitation import frames_late
from blueslice.errors import BadInputError
from blueslice.trial import Trial

__all__ = ["LiveTrial", "RunFacts"]

# The response of the difference images, and the window in which its size is read, after the onset
# of the last pulse: from when sodium is near its peak to when it is half gone (paper, Fig 3).
RESPONSE_AFTER_S = (0.004, 0.030)
# How far above the noise a response has to be for an ROI to be found on it: see `FoundRoi`.
LEAST_SIGNIFICANCE = 5.0
NO_SHIFT = Shift(y_px=0.0, x_px=0.0)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFacts:
    """What the start document and the descriptor say that the analysis needs.

    Attributes
    ----------
    trial : Trial
        The planned trial.
    channels : tuple of str
        Name of each LED's channel, such as ``("sodium", "calcium")``.
    sign : dict of str to int
        Direction of each channel's dye.
    sample_rate_Hz, led_threshold_V, stimulus_threshold_V : float
        Of the amplifier.
    full_scale_counts : int or None
        What a saturated pixel of the camera reads; None when the camera does not say.
    """

    trial: Trial
    channels: tuple[str, ...]
    sign: dict[str, Literal[-1, 1]]
    sample_rate_Hz: float
    led_threshold_V: float
    stimulus_threshold_V: float
    full_scale_counts: int | None = None


@dataclass
class LiveTrial:
    """A trial's blocks until its parameters are known, then its analysis.

    Attributes
    ----------
    number : int
        Place in the run, 1 for the first.
    frame_count : int
        Frames that the clock has.
    parameters : AnalysisParameters or None
        Of its analysis: the run's, with the ROIs where the tissue lies in this trial.
    shift : Shift
        How far it lies from the run's reference.
    """

    number: int
    frame_count: int
    dark: NDArray[Any] | None = None
    frames: list[NDArray[np.uint16]] = field(default_factory=list)
    counter: list[NDArray[np.int64]] = field(default_factory=list)
    lines: list[NDArray[np.float32]] = field(default_factory=list)
    stimulus: list[NDArray[np.float32]] = field(default_factory=list)
    analysis: TrialAnalysis | None = None
    ended: set[str] = field(default_factory=set)
    torn: bool = False
    parameters: AnalysisParameters | None = None
    shift: Shift = NO_SHIFT

    @property
    def frame_bytes(self) -> int:
        """Size of the frames that wait to be analysed."""
        return sum(block.nbytes for block in self.frames)

    def add_frames(self, frames: NDArray[np.uint16], counter: NDArray[np.int64]) -> None:
        """Take frames."""
        if self.analysis is None:
            self.frames.append(frames)
            self.counter.append(counter)
        else:
            self.analysis.add_frames(frames, counter)

    def add_lines(self, lines: NDArray[np.float32], stimulus: NDArray[np.float32]) -> None:
        """Take LED lines (leds, frames, samples) and the stimulus line (frames, samples)."""
        self.stimulus.append(stimulus)
        if self.analysis is None:
            self.lines.append(lines)
        else:
            self.analysis.add_lines(lines)

    def begin_analysis(self, parameters: AnalysisParameters) -> None:
        """Analyse what is there, and from now on what comes."""
        shape = self.frames[0].shape[1:]
        analysis = TrialAnalysis((shape[0], shape[1]), self.frame_count, parameters, self.dark)
        for lines in self.lines:
            analysis.add_lines(lines)
        for frames, counter in zip(self.frames, self.counter, strict=True):
            analysis.add_frames(frames, counter)
        self.analysis = analysis
        self.parameters = parameters
        self.frames, self.counter, self.lines = [], [], []

    def first_stimulus_s(self, facts: RunFacts) -> float | None:
        """Return when the first recorded pulse came, None when there is none so far."""
        if not self.stimulus:
            return None
        onsets_s = find_pulses(
            np.concatenate(self.stimulus).ravel(),
            sample_rate_Hz=facts.sample_rate_Hz,
            threshold_V=facts.stimulus_threshold_V,
        )
        return float(onsets_s[0]) if len(onsets_s) else None

    def _states(self, facts: RunFacts) -> NDArray[np.int8]:
        """Return what the LED lines so far prove, of a trial whose analysis has not begun."""
        return prove_excitation(
            np.concatenate(self.lines, axis=1),
            threshold_V=facts.led_threshold_V,
            frame_rate_Hz=facts.trial.frame_rate_Hz,
            exposure_s=facts.trial.exposure_s,
        )

    def frames_late(self, facts: RunFacts) -> int:
        """Return by how many frames the LEDs began late, while the analysis has not begun."""
        return frames_late(self._states(facts), facts.trial.excitation) if self.lines else 0

    def has_baseline(self, facts: RunFacts, baseline_s: tuple[float, float]) -> bool:
        """Tell whether all frames and lines of the baseline are there."""
        if not self.frames or not self.lines:
            return False
        if len(self.ended) == 2:
            return True
        ticks = sum(len(block) for block in self.stimulus)
        stored = int(max(block[-1] for block in self.counter)) + 1
        return min(ticks, stored) / facts.trial.frame_rate_Hz >= baseline_s[1]

    def place(
        self, facts: RunFacts, parameters: AnalysisParameters, reference: NDArray[np.float64]
    ) -> AnalysisParameters:
        """Find how far the trial lies from the reference, and move the ROIs with the tissue.

        A trial that cannot be compared with the reference, or whose ROIs have left the picture,
        is analysed where it was drawn; its shift then has no correlation.
        """
        try:
            shift = register(self.baseline_image(facts, parameters.baseline_s), reference)
            shape = (reference.shape[0], reference.shape[1])
            rois = tuple(moved_roi(roi, shift, shape) for roi in parameters.rois)
        except BadInputError as error:
            logger.warning("trial %d could not be placed (%s)", self.number, error)
            return parameters
        self.shift = shift
        return parameters.replace(rois=rois)

    def settle(
        self,
        facts: RunFacts,
        *,
        rois: Sequence[Roi] | None,
        corner: Corner | None,
        baseline_s: tuple[float, float] | None,
        response_s: tuple[float, float] | None,
        background: Mapping[str, float],
        dark_key: str,
        brightest: bool = False,
    ) -> AnalysisParameters | None:
        """Return the run's parameters once this trial decides them; None as long as not.

        The baseline ends with the first recorded stimulus; in a blank, or where all of the trial
        came late, with the planned one. The corner is the darkest of the mean baseline image.
        Without ROIs one is found on the largest sodium response, for which the trial has to be
        over, not a blank, and to show one that is clearly above the noise: a synapse often fails.
        With `brightest` it is where the resting light is brightest instead, chosen without a look
        at the response. The response's window is that given, or after the last planned pulse:
        known before any trial, and the same for all.
        """
        over = len(self.ended) == 2
        if not self.frames or not self.lines:
            return None
        recorded_s = self.first_stimulus_s(facts)
        planned_s = facts.trial.first_pulse_onset_s
        if baseline_s is None:
            until_s = recorded_s
            if recorded_s is not None and planned_s is not None and self.frames_late(facts):
                until_s = planned_s
            if until_s is None and over:
                until_s = planned_s if planned_s is not None else 0.2 * facts.trial.duration_s
            if until_s is None:
                return None
            if until_s <= 0:
                raise BadInputError(
                    f"the first pulse of trial {self.number} is at {until_s * 1e3:g} ms: no frame "
                    "before it is left for the baseline of dF/F; give baseline_s to compute it"
                )
            baseline_s = (0.0, until_s)
        if not self.has_baseline(facts, baseline_s):
            return None
        if rois is None and (not over or recorded_s is None):
            return None
        if corner is None:
            corner = choose_corner(self.baseline_image(facts, baseline_s))
        last_s = facts.trial.pulses[-1].onset_s if facts.trial.pulses else None
        if response_s is None and last_s is not None:
            start_s = max(last_s + RESPONSE_AFTER_S[0], baseline_s[1])
            response_s = (start_s, max(last_s + RESPONSE_AFTER_S[1], start_s + 0.010))
        parameters = AnalysisParameters(
            ions=facts.channels,
            sign=facts.sign,
            background=dict(background),
            frame_rate_Hz=facts.trial.frame_rate_Hz,
            exposure_s=facts.trial.exposure_s,
            excitation_order=facts.trial.excitation_order,
            led_threshold_V=facts.led_threshold_V,
            stimulus_threshold_V=facts.stimulus_threshold_V,
            baseline_s=baseline_s,
            response_s=response_s,
            rois=tuple(rois) if rois else (Roi(name="none", y=0, x=0, height=1, width=1),),
            corner=corner,
            full_scale_counts=facts.full_scale_counts,
            dark=dark_key,
        )
        return parameters if rois else self._with_found_roi(parameters, brightest=brightest)

    def baseline_image(
        self, facts: RunFacts, baseline_s: tuple[float, float]
    ) -> NDArray[np.float64]:
        """Return the mean of the baseline's well-lit frames, dark subtracted: (y, x)."""
        counter = np.concatenate(self.counter)
        frame_map = map_frames(counter, self._states(facts), self.frame_count)
        times_s = frame_map.clock_frames / facts.trial.frame_rate_Hz + facts.trial.exposure_s / 2
        good = frame_map.used & (frame_map.states > FrameState.DARK)
        good &= (times_s >= baseline_s[0]) & (times_s < baseline_s[1])
        frames = np.concatenate(self.frames)
        chosen = frames[good] if good.any() else frames[:1]
        image = chosen.mean(axis=0, dtype=np.float64)
        return image if self.dark is None else image - self.dark

    def _with_found_roi(
        self, parameters: AnalysisParameters, *, brightest: bool
    ) -> AnalysisParameters | None:
        """Return the parameters with the ROI of the largest response of the first ion, if any.

        Or with that of its brightest resting light, where no trial answered.
        """
        shape = self.frames[0].shape[1:]
        search = TrialAnalysis((shape[0], shape[1]), self.frame_count, parameters, self.dark)
        search.add_lines(np.concatenate(self.lines, axis=1))
        search.add_frames(np.concatenate(self.frames), np.concatenate(self.counter))
        search.finish()
        image = search.result().difference_images[0]
        if image.reason:
            return None
        if brightest:
            return parameters.replace(rois=(find_brightest_roi(image.baseline),))
        before, after = image.baseline, image.response
        if parameters.sign[image.ion] < 0:
            before, after = after, before
        found = find_responding_roi(before, after)
        if found.significance < LEAST_SIGNIFICANCE:
            return None
        return parameters.replace(rois=(found.roi,))
