"""A run's trials, read from their files and analysed as one analyses real ones."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import h5py
import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import (
    AnalysisParameters,
    Bleaching,
    IonTrace,
    Roi,
    Shift,
    TrialResult,
    find_responding_roi,
    fit_bleaching,
    moved_roi,
    recompute,
    register,
    shift_image,
)

__all__ = ["Trials"]


@dataclass
class Trials:
    """A run's trials: their arrays, images, and how the slice lies in each."""

    start: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    parameters: AnalysisParameters
    results: list[TrialResult] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)

    @classmethod
    def read(
        cls, documents: list[tuple[str, dict[str, Any]]], parameters: AnalysisParameters
    ) -> "Trials":
        """Read the arrays that a run's documents name."""
        start = next(doc for name, doc in documents if name == "start")
        arrays = {}
        for name, doc in documents:
            if name == "stream_resource":
                path = Path(url2pathname(unquote(urlparse(doc["uri"]).path)))
                with h5py.File(path, "r", swmr=True) as file:
                    arrays[doc["data_key"]] = np.asarray(file[doc["data_key"]])
        return cls(start, arrays, parameters)

    def __len__(self) -> int:
        return len(self.arrays["camera"])

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

    def only(self, chosen: list[int]) -> "Trials":
        """Return some of the trials, placed as they are."""
        arrays = {key: values[chosen] for key, values in self.arrays.items()}
        start = {**self.start, "blanks": [self.blanks[k] for k in chosen]}
        results = [self.results[k] for k in chosen]
        return Trials(start, arrays, self.parameters, results, [self.shifts[k] for k in chosen])

    def analyse(self, trial: int, roi: Roi) -> TrialResult:
        """Analyse one trial with one ROI."""
        lines = np.stack([self.arrays[f"amplifier-led_{n}"][trial] for n in (1, 2)])
        return recompute(
            self.arrays["camera"][trial],
            self.arrays["camera-dark"][trial],
            self.arrays["camera-counter"][trial],
            lines,
            self.parameters.replace(rois=(roi,)),
        )

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

    def mean_image(self, ion: int, which: str, trials: list[int]) -> NDArray[np.float64]:
        """Average an image of the difference images over trials, each moved into place."""
        moved = [
            shift_image(
                np.asarray(getattr(self.results[k].difference_images[ion], which), np.float64),
                -self.shifts[k],
            )
            for k in trials
        ]
        with warnings.catch_warnings():
            # A margin that no trial shows has no mean.
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.nanmean(moved, axis=0)

    def showing(self, roi: Roi, chosen: list[int]) -> list[int]:
        """Return those of some trials that have the ROI's tissue in the picture."""
        shape = self.arrays["camera"].shape[-2:]
        shown = []
        for trial in chosen:
            down, right = self.shifts[trial].whole_px
            inside = min(roi.y + down, roi.x + right) >= 0
            if inside and roi.y + down + roi.height <= shape[0]:
                shown += [trial] if roi.x + right + roi.width <= shape[1] else []
        return shown

    def traces(
        self, trial: int, roi: Roi, bleaching: Sequence[Bleaching | None] = ()
    ) -> tuple[IonTrace, ...]:
        """Return a trial's traces where the ROI's tissue lies in it, less what bleaching does."""
        shape = self.arrays["camera"].shape[-2:]
        traces = self.analyse(trial, moved_roi(roi, self.shifts[trial], shape)).traces
        return tuple(
            replace(trace, dff=course.subtract(trace.time_s, trace.dff)) if course else trace
            for trace, course in zip_longest(traces, bleaching)
        )

    def bleaching(self, roi: Roi) -> tuple[Bleaching | None, ...]:
        """Fit what the blank trials show, for each ion; None for one whose LED is not lit."""
        blanks = [k for k, is_blank in enumerate(self.blanks) if is_blank]
        blank = [self.traces(k, roi) for k in self.showing(roi, blanks)]
        return tuple(
            fit_bleaching(trace.time_s, np.stack([t[ion].dff for t in blank]))
            if len(trace.time_s)
            else None
            for ion, trace in enumerate(blank[0])
        )

    def mean_trace(
        self, ion: int, roi: Roi, chosen: list[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Average the trials that show the ROI, less bleaching: times in s and dF/F."""
        bleaching = self.bleaching(roi)
        traces = [self.traces(k, roi, bleaching)[ion] for k in self.showing(roi, chosen)]
        return traces[0].time_s, np.nanmean([trace.dff[0] for trace in traces], axis=0)

    def responding(self, chosen: list[int], size_px: int) -> Roi:
        """Find what answered: the box of the largest mean sodium response."""
        found = find_responding_roi(
            self.mean_image(0, "baseline", chosen),
            self.mean_image(0, "response", chosen),
            size_px,
            margin=12,
        )
        return found.roi.replace(name="spine")
