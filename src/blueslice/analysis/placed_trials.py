"""A run's trials together: how the slice lies in each, their mean images, traces and films."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis._nan_mean import nan_mean
from blueslice.analysis.align import moved_roi, shift_image
from blueslice.analysis.bleaching import Bleaching, fit_bleaching
from blueslice.analysis.dff import IonTrace
from blueslice.analysis.film import FilmStrip, film_strip
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.registration import Shift, register
from blueslice.analysis.roi import Roi
from blueslice.analysis.trial_analysis import TrialResult, recompute
from blueslice.errors import BadInputError

__all__ = ["PlacedTrials"]


@dataclass
class PlacedTrials:
    """A run's trials: their arrays, images, and how the slice lies in each.

    Parameters
    ----------
    start : mapping
        The run's start document: ``trial`` and ``blanks`` are used.
    arrays : mapping of str to array
        By the data keys of stream ``primary``, first axis trial; anything that is indexed like an
        array will do, so that a large run can stay on the disk.
    parameters : AnalysisParameters
        Of the analysis.
    results : list of TrialResult
        Of each trial, with the difference images; made by `align`.
    shifts : list of Shift
        How each trial lies against the reference; made by `align`.
    """

    start: Mapping[str, Any]
    arrays: Mapping[str, Any]
    parameters: AnalysisParameters
    results: list[TrialResult] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)

    def __len__(self) -> int:
        return self.arrays["camera"].shape[0]

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        rows, columns = self.arrays["camera"].shape[-2:]
        return rows, columns

    @property
    def onsets_s(self) -> list[float]:
        """Onsets of the pulses, in s."""
        return [pulse["onset_s"] for pulse in self.start["trial"]["pulses"]]

    @property
    def stimulated(self) -> list[int]:
        """Places of the trials with a stimulus."""
        return [k for k, is_blank in enumerate(self.blanks) if not is_blank]

    def voltage(self, trial: int) -> NDArray[np.float64]:
        """Return a trial's recorded potential in mV."""
        return np.asarray(self.arrays["amplifier-voltage"][trial], np.float64).ravel()

    @property
    def sample_rate_Hz(self) -> float:
        """Of the amplifier, from how many samples there are in a frame."""
        per_frame = self.arrays["amplifier-voltage"].shape[-1]
        return per_frame * self.start["trial"]["frame_rate_Hz"]

    @property
    def blanks(self) -> list[bool]:
        """Which trials had no stimulus."""
        return list(self.start["blanks"])

    def only(self, chosen: list[int]) -> Self:
        """Return some of the trials, placed as they are."""
        return replace(
            self,
            arrays={key: values[chosen] for key, values in self.arrays.items()},
            start={**self.start, "blanks": [self.blanks[k] for k in chosen]},
            results=[self.results[k] for k in chosen],
            shifts=[self.shifts[k] for k in chosen],
        )

    def analyse(self, trial: int, roi: Roi) -> TrialResult:
        """Analyse one trial with one ROI."""
        stimulus = self.arrays["amplifier-stimulus"]
        # A rig with one LED has one line.
        lines = [self.arrays.get(f"amplifier-led_{n}") for n in (1, 2)]
        return recompute(
            self.arrays["camera"][trial],
            self._dark(trial),
            self.arrays["camera-counter"][trial],
            np.stack([np.zeros(stimulus.shape[1:]) if a is None else a[trial] for a in lines]),
            self.parameters.replace(rois=(roi,)),
        )

    def _dark(self, trial: int) -> NDArray[Any]:
        dark = self.arrays.get("camera-dark")
        return np.zeros(self.image_shape) if dark is None else np.asarray(dark[trial])

    def align(self, reference: NDArray[Any] | None = None) -> NDArray[Any]:
        """Find how each trial lies against a picture, by default the first one's; return it."""
        anywhere = self.parameters.rois[0]
        self.results = [self.analyse(trial, anywhere) for trial in range(len(self))]
        pictures = [
            # An ion whose LED is not lit has no picture.
            np.nansum([d.baseline for d in result.difference_images], axis=0)
            for result in self.results
        ]
        against = pictures[0] if reference is None else reference
        self.shifts = [register(picture, against) for picture in pictures]
        return against

    def mean_image(self, ion: int, which: str, trials: Sequence[int]) -> NDArray[np.float64]:
        """Average an image of the difference images over trials, each moved into place."""
        moved = [
            shift_image(
                np.asarray(getattr(self.results[k].difference_images[ion], which), np.float64),
                -self.shifts[k],
            )
            for k in trials
        ]
        # A margin that no trial shows has no mean.
        return nan_mean(moved)

    def showing(self, roi: Roi, chosen: Sequence[int]) -> list[int]:
        """Return those of some trials that have the ROI's tissue in the picture."""
        rows, columns = self.image_shape
        shown = []
        for trial in chosen:
            down, right = self.shifts[trial].whole_px
            inside = min(roi.y + down, roi.x + right) >= 0
            if inside and roi.y + down + roi.height <= rows:
                shown += [trial] if roi.x + right + roi.width <= columns else []
        return shown

    def traces(
        self, trial: int, roi: Roi, bleaching: Sequence[Bleaching | None] = ()
    ) -> tuple[IonTrace, ...]:
        """Return a trial's traces where the ROI's tissue lies in it, less what bleaching does."""
        traces = self.analyse(trial, moved_roi(roi, self.shifts[trial], self.image_shape)).traces
        return tuple(
            replace(trace, dff=course.subtract(trace.time_s, trace.dff)) if course else trace
            for trace, course in zip_longest(traces, bleaching)
        )

    def bleaching(self, roi: Roi) -> tuple[Bleaching | None, ...]:
        """Fit what the blank trials show, for each ion; None for one whose LED is not lit."""
        blanks = [k for k, is_blank in enumerate(self.blanks) if is_blank]
        blank = [self.traces(k, roi) for k in self.showing(roi, blanks)]
        if not blank:
            raise BadInputError(
                f"no blank trial shows ROI {roi.name!r}, so its bleaching is not known; take "
                "trials without stimulus"
            )
        return tuple(
            fit_bleaching(trace.time_s, np.stack([t[ion].dff for t in blank]))
            if len(trace.time_s)
            else None
            for ion, trace in enumerate(blank[0])
        )

    def mean_trace(
        self, ion: int, roi: Roi, chosen: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Average the trials that show the ROI, less bleaching: times in s and dF/F."""
        bleaching = self.bleaching(roi)
        traces = [self.traces(k, roi, bleaching)[ion] for k in self.showing(roi, chosen)]
        return traces[0].time_s, nan_mean([trace.dff[0] for trace in traces])

    def film(
        self,
        trial: int,
        windows_s: Sequence[tuple[float, float]],
        ions: Collection[int] | None = None,
    ) -> tuple[FilmStrip, ...]:
        """Return a trial's film of ions, placed, at the baseline's light; see `film_strip`.

        Parameters
        ----------
        trial : int
            Its place in the run, from 0.
        windows_s : sequence of (float, float)
            Of the pictures.
        ions : collection of int, optional
            The places of those that are wanted; by default of all, which must all be lit.
        """
        corner, dark = self.parameters.corner, self._dark(trial)
        stored, frame_map = self.arrays["camera"][trial], self.results[trial].frame_map
        # After a lost frame, a frame's place in the file is not its place on the clock.
        place_of_clock = np.full(frame_map.frame_count, -1)
        place_of_clock[frame_map.clock_frames[frame_map.used]] = np.flatnonzero(frame_map.used)
        strips = []
        for ion, trace in enumerate(self.results[trial].traces):
            if ions is not None and ion not in ions:
                continue
            places = place_of_clock[trace.clock_frames[trace.valid]]
            frames = np.asarray(stored[places], np.float64)
            light = None
            if corner is not None:
                light = (frames - dark)[:, *corner.region].mean(axis=(1, 2))
            strip = film_strip(
                frames,
                trace.time_s[trace.valid],
                windows_s,
                self.parameters.baseline_s,
                dark=dark,
                light=light,
                shift=self.shifts[trial],
            )
            strips.append(strip)
        return tuple(strips)
