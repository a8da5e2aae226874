"""The live analysis of one run: from taps and documents to trials' results."""

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import (
    AnalysisParameters,
    Corner,
    Roi,
    Shift,
    check_rois,
    moved_roi,
)
from blueslice.analysis.excitation import late_reason
from blueslice.callbacks._live_results import AT_BRIGHTEST, ON_RESPONSE, PartialTrial, TrialDFF
from blueslice.callbacks._live_trial import LiveTrial, RunFacts
from blueslice.devices.taps import TapEvent, TrialBegin, TrialBlock, TrialEnd
from blueslice.errors import BadInputError
from blueslice.trial import Trial

__all__ = ["LiveOptions", "LiveRun"]

logger = logging.getLogger(__name__)

# Trials without a stimulus wait for the ROI to be found on one with; no more than so many.
MAX_WAITING_TRIALS = 20
MAX_WAITING_BYTES = 1 << 30


@dataclass(frozen=True)
class LiveOptions:
    """What the user has chosen; None is found out on the run's first trials."""

    rois: tuple[Roi, ...] | None = None
    corner: Corner | None = None
    baseline_s: tuple[float, float] | None = None
    background: Mapping[str, float] = field(default_factory=dict)
    follow_movement: bool = True
    response_s: tuple[float, float] | None = None


class LiveRun:
    """Analyses one run's trials as they come.

    A trial's result is given out once the run's documents count the trial: one that is broken
    off, or taken again before it was collected, never is.

    Parameters
    ----------
    start : mapping
        The run's start document.
    options : LiveOptions
        The user's choices.
    camera, amplifier : str
        Names of the devices.
    on_result : callable of (TrialDFF)
        Gets each whole trial.
    on_partial : callable of (PartialTrial), or None
        Gets each partial trial; None to compute none.
    partial_wanted : callable
        Asked before each partial trial whether to compute it.
    """

    def __init__(
        self,
        start: Mapping[str, Any],
        options: LiveOptions,
        camera: str,
        amplifier: str,
        on_result: Callable[[TrialDFF], None],
        on_partial: Callable[[PartialTrial], None] | None,
        partial_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.uid: str = start["uid"]
        self._start = start
        self._options = options
        self._camera, self._amplifier = camera, amplifier
        self._on_result, self._on_partial = on_result, on_partial
        self._partial_wanted = partial_wanted
        # By trial: the run's parameters as it began (None: not known then), and where it lies.
        self._of_run: dict[int, AnalysisParameters | None] = {}
        self._shifts: dict[int, Shift] = {}
        self._facts: RunFacts | None = None
        self._parameters: AnalysisParameters | None = None
        self._trial: LiveTrial | None = None
        self._waiting: dict[int, LiveTrial] = {}
        self._camera_resource = ""
        self._reference: NDArray[np.float64] | None = None
        self.reference_trial = 0
        # Where the ROI was found, when nobody named one, and the parameters that have it.
        self._roi_found = ""
        self._found_for: AnalysisParameters | None = None
        self._collected = 0

    def use_rois(self, rois: tuple[Roi, ...], drawn_in: int | None) -> tuple[Roi, ...]:
        """Use other ROIs from the next trial on; return them where they lie in the reference.

        A trial that waits for an ROI to be found has none, and gets these.
        """
        shift = self._shifts.get(drawn_in or 0)
        if shift is not None and self._reference is not None:
            shape = (self._reference.shape[0], self._reference.shape[1])
            # One that would leave the picture on the way back stays where it was drawn.
            with contextlib.suppress(BadInputError):
                rois = tuple(moved_roi(roi, -shift, shape) for roi in rois)
        self._options = replace(self._options, rois=rois)
        if self._parameters is not None:
            self._parameters = self._parameters.replace(rois=rois)
        return rois

    def take_document(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take a descriptor, stream_resource or stream_datum of the run."""
        if name == "descriptor":
            self._take_descriptor(doc)
        elif name == "stream_resource" and doc["data_key"] == self._camera:
            self._camera_resource = doc["uid"]
        elif name == "stream_datum" and doc["stream_resource"] == self._camera_resource:
            self._collected = max(self._collected, doc["indices"]["stop"])
            self._give_out()

    def _take_descriptor(self, doc: Mapping[str, Any]) -> None:
        camera, amplifier = self._camera, self._amplifier
        if doc["name"] != "primary" or amplifier not in doc["configuration"]:
            return
        rows, columns = doc["data_keys"][camera]["shape"][-2:]
        check_rois(self._options.rois or (), (rows, columns))
        configured = doc["configuration"][amplifier]["data"]
        camera_says = doc["configuration"].get(camera, {}).get("data", {})
        leds = [self._start["leds"][f"led_{n}"] for n in (1, 2)]
        self._facts = RunFacts(
            trial=Trial.from_document(self._start["trial"]),
            channels=tuple(led["channel"] for led in leds),
            sign={led["channel"]: led["sign"] for led in leds},
            sample_rate_Hz=configured[f"{amplifier}-sample_rate_Hz"],
            led_threshold_V=configured[f"{amplifier}-led_threshold_V"],
            stimulus_threshold_V=configured[f"{amplifier}-stimulus_threshold_V"],
            full_scale_counts=camera_says.get(f"{camera}-full_scale_counts") or None,
        )

    def take_event(self, device: str, event: TapEvent) -> None:
        """Take what a device's tap tells."""
        is_camera = device == self._camera
        if isinstance(event, TrialBegin):
            if self._trial is None or self._trial.number != event.trial + 1 or self._trial.ended:
                self._trial = LiveTrial(event.trial + 1, event.frame_count)
                # Fixed as it begins: ROIs that are drawn during a trial are for the next.
                self._of_run[event.trial + 1] = self._parameters
                self._waiting.pop(event.trial + 1, None)
            if is_camera:
                self._trial.dark = event.whole.get(f"{device}-dark")
        elif self._trial is None:
            return
        elif isinstance(event, TrialBlock):
            self._take_block(self._trial, device, event, is_camera=is_camera)
        else:
            self._take_end(self._trial, device, event)

    def _take_block(
        self, trial: LiveTrial, device: str, block: TrialBlock, *, is_camera: bool
    ) -> None:
        arrays = block.arrays
        if is_camera:
            trial.add_frames(arrays[device], arrays[f"{device}-counter"])
        else:
            stimulus = arrays[f"{device}-stimulus"]
            lines = [arrays.get(f"{device}-led_{n}", np.zeros_like(stimulus)) for n in (1, 2)]
            trial.add_lines(np.stack(lines), stimulus)
        self._settle(trial)
        if (
            trial.analysis is not None
            and trial.parameters
            and self._on_partial
            and self._partial_wanted()
        ):
            traces = trial.analysis.traces()
            if all(trace.baseline_complete for trace in traces):
                rois = trial.parameters.rois
                self._on_partial(PartialTrial(self.uid, trial.number, traces, rois))

    def _settle(self, trial: LiveTrial, *, brightest: bool = False) -> None:
        if self._facts is None or trial.analysis is not None:
            return
        if self._parameters is None:
            self._parameters = trial.settle(
                self._facts,
                rois=self._options.rois,
                corner=self._options.corner,
                baseline_s=self._options.baseline_s,
                response_s=self._options.response_s,
                background=self._options.background,
                dark_key=f"{self._camera}-dark",
                brightest=brightest,
            )
            if self._parameters is not None:
                self._reference = trial.baseline_image(self._facts, self._parameters.baseline_s)
                self.reference_trial = trial.number
                if self._options.rois is None:
                    self._roi_found = AT_BRIGHTEST if brightest else ON_RESPONSE
                    self._found_for = self._parameters
                self._of_run[trial.number] = self._parameters
                trial.begin_analysis(self._parameters)
                return
        # One that began before they were known has those that are known now.
        parameters = self._of_run[trial.number] = self._of_run.get(trial.number) or self._parameters
        reference = self._reference
        if parameters is None or reference is None or not trial.frames:
            return
        if not self._options.follow_movement:
            trial.begin_analysis(parameters)
        elif trial.has_baseline(self._facts, parameters.baseline_s):
            trial.begin_analysis(trial.place(self._facts, parameters, reference))

    def _take_end(self, trial: LiveTrial, device: str, end: TrialEnd) -> None:
        trial.ended.add(device)
        trial.torn = trial.torn or end.torn
        if len(trial.ended) < 2:
            return
        self._trial = None
        if trial.torn:
            return
        self._settle(trial)
        self._waiting[trial.number] = trial
        self._drop_oldest()
        self._give_out()

    def _drop_oldest(self) -> None:
        """Keep no more waiting trials than fit: one of a large camera is a gigabyte."""
        while len(self._waiting) > 1 and (
            len(self._waiting) > MAX_WAITING_TRIALS
            or sum(trial.frame_bytes for trial in self._waiting.values()) > MAX_WAITING_BYTES
        ):
            number = next(iter(self._waiting))
            del self._waiting[number]
            logger.warning(
                "trial %d has waited too long for an ROI and has no live dF/F; its data are "
                "safe: name an ROI, or compute it again from the run",
                number,
            )

    def _give_out(self) -> None:
        if self._parameters is None:
            return
        for number in [n for n in self._waiting if n <= self._collected]:
            trial = self._waiting.pop(number)
            self._settle(trial)
            of_run = self._of_run.pop(number, None)
            if trial.analysis is not None and trial.parameters is not None and of_run is not None:
                self._shifts[number] = trial.shift
                trial.analysis.finish()
                result = trial.analysis.result()
                for reason in result.reasons:
                    logger.warning("trial %d: %s", number, reason)
                roi_found = self._roi_found if of_run == self._found_for else ""
                found_on = self.reference_trial if roi_found == ON_RESPONSE else 0
                self._on_result(
                    TrialDFF(
                        self.uid,
                        number,
                        result,
                        trial.parameters,
                        of_run,
                        trial.shift,
                        roi_found,
                        found_on,
                    )
                )

    def _say_unused(self) -> None:
        """Say why trials are left on which no ROI was found."""
        for number, trial in self._waiting.items():
            if self._facts is not None and (late := trial.frames_late(self._facts)):
                reason = late_reason(late, self._facts.trial.frame_rate_Hz)
                logger.warning("trial %d: %s", number, reason)
        if self._waiting:
            logger.warning(
                "no stimulated trial with frames to use in the run, so no ROI was found; name one"
            )

    def finish(self, exit_status: str) -> None:
        """Give out what waited for an ROI that no trial showed clearly, or say so.

        Of a run that failed nothing is said: what its user has to read is why.
        """
        if exit_status == "fail":
            return
        for trial in tuple(self._waiting.values()):
            self._settle(trial, brightest=True)
            if self._parameters is not None:
                logger.warning(
                    "no trial of the run shows a response above the noise; dF/F is that of the "
                    "place with the brightest resting light in trial %d: name an ROI to measure "
                    "elsewhere",
                    trial.number,
                )
                break
        else:
            self._say_unused()
        self._give_out()
