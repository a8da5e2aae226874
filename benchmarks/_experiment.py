"""Experiments on simulated cells, measured as one measures real ones: by the ordinary analysis."""

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import h5py
import numpy as np
from bluesky import RunEngine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from blueslice._engine import close_run_engine
from blueslice.analysis import (
    AnalysisParameters,
    Roi,
    Shift,
    TrialResult,
    find_responding_roi,
    moved_roi,
    recompute,
    register,
    response_measures,
    shift_image,
    smooth_in_time,
)
from blueslice.broker import DataDirectory
from blueslice.callbacks import LiveDFF
from blueslice.rig import Rig, make_sim_rig
from blueslice.sim import SliceParameters

__all__ = [
    "MM_PER_DFF",
    "Preparation",
    "SpineMeasures",
    "Trials",
    "find_spine",
    "mean_trace",
    "measure_spine",
    "window_mean",
]

PIXEL_UM = 0.4
# The spine of a recording is looked at in a box of this size.
ROI_PX = 3
# Distance from the spine's middle at which its background is read, as in Fig 4D of the paper.
BESIDE_UM = 1.6
# The paper's conversion (Fig 5): 10 % of ANG-2 are 2.3 mM.
MM_PER_DFF = 23.0


class Preparation:
    """One simulated cell at a rig, and a RunEngine to do protocols on it."""

    def __init__(
        self,
        seed: int,
        *,
        indicators: str = "bis-fura-2+ANG-2",
        parameters: SliceParameters | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        directory = DataDirectory(Path(self._folder.name) / "data")
        self.rig: Rig = make_sim_rig(
            seed, data_directory=directory, indicators=indicators, slice_parameters=parameters
        )
        self.engine = RunEngine({}, context_managers=[])
        self._documents: list[tuple[str, dict[str, Any]]] = []
        self._parameters: AnalysisParameters | None = None
        self.live = LiveDFF(
            self.rig.camera,
            self.rig.amplifier,
            lambda name, doc: None,
            rois=[Roi(name="any", y=36, x=36, height=6, width=6)],
        )
        self.live.on_result(self._keep)
        self.engine.subscribe(self.live)
        self.engine.subscribe(lambda name, doc: self._documents.append((name, doc)))

    def _keep(self, trial: Any) -> None:
        self._parameters = trial.parameters

    def run(self, plan: Callable[..., Any], **arguments: Any) -> "Trials":
        """Run a plan of this rig and read what it recorded."""
        self._documents.clear()
        self._parameters = None
        self.engine(plan(self.rig, **arguments))
        self.live.wait()
        if self._parameters is None:
            raise RuntimeError("the live analysis gave no result; look at its log")
        return Trials.read(self._documents, self._parameters)

    def close(self) -> None:
        """End the RunEngine and throw the data away."""
        self.live.close()
        close_run_engine(self.engine)
        self._folder.cleanup()

    def __enter__(self) -> "Preparation":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


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
    def blanks(self) -> list[bool]:
        """Which trials had no stimulus."""
        return list(self.start["blanks"])

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
            np.sum([d.baseline for d in result.difference_images], axis=0)
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
        return np.nanmean(moved, axis=0)

    def traces(
        self, trial: int, roi: Roi, bleaching: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """Return a trial's traces where the ROI's tissue lies in it, less what bleaching does."""
        shape = self.arrays["camera"].shape[-2:]
        traces = self.analyse(trial, moved_roi(roi, self.shifts[trial], shape)).traces
        if bleaching is None:
            return traces
        return tuple(
            replace(trace, dff=trace.dff - np.polynomial.polynomial.polyval(trace.time_s, curve))
            for trace, curve in zip(traces, bleaching, strict=True)
        )

    def bleaching(self, roi: Roi) -> tuple[NDArray[np.float64], ...]:
        """Fit a parabola to the mean of the blank trials, for each ion: its coefficients."""
        blank = [self.traces(k, roi) for k, is_blank in enumerate(self.blanks) if is_blank]
        return tuple(
            np.polynomial.polynomial.polyfit(
                blank[0][ion].time_s, np.mean([t[ion].dff[0] for t in blank], axis=0), 2
            )
            for ion in range(2)
        )


@dataclass(frozen=True)
class SpineMeasures:
    """What one spine's successful trials show: NaN for what they do not.

    Times in ms, widths in um, dF/F as fractions; `first`, `second` count the trials whose
    response began on that pulse, `failures` those without one.
    """

    sodium_rise_ms: float = math.nan
    sodium_half_decay_ms: float = math.nan
    sodium_peak: float = math.nan
    calcium_peak: float = math.nan
    calcium_peak_ms: float = math.nan
    calcium_rise_ms: float = math.nan
    sodium_width_um: float = math.nan
    calcium_width_um: float = math.nan
    background: float = math.nan
    first: int = 0
    second: int = 0
    failures: int = 0


def _significance(trace: Any, from_s: float, to_s: float, baseline_s: float) -> float:
    """Return how far the mean of a window is above the baseline, in standard errors."""
    values, time_s = trace.dff[0], trace.time_s
    before = values[time_s < baseline_s]
    within = values[(time_s >= from_s) & (time_s < to_s)]
    error = np.nanstd(before, ddof=1) * math.sqrt(1 / len(before) + 1 / len(within))
    return float((np.nanmean(within) - np.nanmean(before)) / error)


def _which_pulse(traces: Any, onsets_s: list[float], baseline_s: float) -> int | None:
    """Tell on which pulse a response began: 0, 1, None for a failure or where it is unclear."""
    sodium = traces[0]
    last_s = onsets_s[-1]
    if _significance(sodium, last_s + 0.004, last_s + 0.028, baseline_s) < 4:
        return None
    if len(onsets_s) == 1:
        return 0
    # Which onset explains the trace with the smaller squared error; too close is unclear.
    values, time_s = sodium.dff[0], sodium.time_s
    errors = []
    for onset_s in onsets_s:
        since_s = np.maximum(time_s - onset_s - 0.003, 0.0)
        shape = np.exp(-since_s / 0.022) - np.exp(-since_s / 0.0035)
        size = max(np.nansum(shape * values) / np.nansum(shape * shape), 0.0)
        errors.append(float(np.nansum((values - size * shape) ** 2)))
    noise = np.nanvar(values[time_s < baseline_s], ddof=1)
    if abs(errors[0] - errors[-1]) < 2 * noise:
        return None
    return int(np.argmin(errors))


def _width_um(image: NDArray[Any], y: float, x: float, along: float) -> float:
    """Return the width at half maximum of a line profile, in um."""
    steps = np.arange(-16, 17) * 0.25
    across = np.arange(-1, 2)
    rows = y + steps * np.sin(along) + across[:, None] * np.cos(along)
    columns = x + steps * np.cos(along) - across[:, None] * np.sin(along)
    profile = map_coordinates(np.nan_to_num(image), [rows, columns], order=1).mean(0)
    profile = profile - np.percentile(profile, 15)
    peak = int(np.argmax(profile[8:-8])) + 8
    half = profile[peak] / 2
    left, right = peak, peak
    while left > 0 and profile[left] > half:
        left -= 1
    while right < len(profile) - 1 and profile[right] > half:
        right += 1
    if left == 0 or right == len(profile) - 1:
        return math.nan
    begin = left + (half - profile[left]) / (profile[left + 1] - profile[left])
    end = right - (half - profile[right]) / (profile[right - 1] - profile[right])
    return float((end - begin) * 0.25 * PIXEL_UM)


def _along_dendrite(picture: NDArray[Any], y: float, x: float) -> float:
    """Return the direction of the brightest structure near a place, as an angle from x."""
    smooth = gaussian_filter(np.nan_to_num(picture), 1.5)
    gy, gx = np.gradient(smooth)
    rows, columns = np.indices(picture.shape)
    near = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 6.0**2))
    yy, xx, xy = (near * gy * gy).sum(), (near * gx * gx).sum(), (near * gx * gy).sum()
    # The gradient's main direction is across the dendrite.
    return 0.5 * math.atan2(2 * xy, xx - yy) + math.pi / 2


def _background(picture: NDArray[Any], y: float, x: float) -> float:
    """Return the light beside the spine, on its darkest side, over that at the spine."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    reach = BESIDE_UM / PIXEL_UM
    ring = map_coordinates(
        np.nan_to_num(picture), [y + reach * np.sin(angles), x + reach * np.cos(angles)], order=1
    )
    at = map_coordinates(np.nan_to_num(picture), [[y], [x]], order=1)[0]
    return float(ring.min() / at)


def window_mean(trace: Any, from_s: float, to_s: float) -> float:
    """Return the mean dF/F of the samples in a window."""
    within = (trace.time_s >= from_s) & (trace.time_s < to_s)
    return float(np.nanmean(trace.dff[0][within]))


def find_spine(trials: Trials, chosen: list[int], size: int = ROI_PX) -> Roi:
    """Find what answered: the box of the largest mean sodium response."""
    found = find_responding_roi(
        trials.mean_image(0, "baseline", chosen),
        trials.mean_image(0, "response", chosen),
        size,
        margin=12,
    )
    return found.roi.replace(name="spine")


def mean_trace(
    traces: list[Any], ion: int, pulse_s: list[float], interval_s: float = 0.004
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average traces by the time since the pulse that evoked each: (times,), (times,)."""
    grid = np.arange(-0.032, 0.140, interval_s)
    values = [
        np.interp(grid, t[ion].time_s - s, t[ion].dff[0])
        for t, s in zip(traces, pulse_s, strict=True)
    ]
    return grid, np.mean(values, axis=0)


def measure_spine(trials: Trials, roi: Roi | None = None, most: int = 4) -> SpineMeasures:
    """Measure the spine of a run as the paper does: on the mean of up to four successes."""
    trials.align()
    stimulated = [k for k, blank in enumerate(trials.blanks) if not blank]
    roi = roi or find_spine(trials, stimulated)
    onsets_s = [pulse["onset_s"] for pulse in trials.start["trial"]["pulses"]]
    baseline_s = trials.parameters.baseline_s[1]
    bleaching = trials.bleaching(roi)
    all_traces = {k: trials.traces(k, roi, bleaching) for k in stimulated}
    which = {k: _which_pulse(traces, onsets_s, baseline_s) for k, traces in all_traces.items()}
    successes = [k for k in stimulated if which[k] is not None]
    counts = {
        "first": sum(w == 0 for w in which.values()),
        "second": sum(w == 1 for w in which.values()),
        "failures": sum(w is None for w in which.values()),
    }
    if not successes:
        return SpineMeasures(**counts)
    chosen = successes[:most]
    pulse_s = [onsets_s[which[k] or 0] for k in chosen]
    grid, sodium = mean_trace([all_traces[k] for k in chosen], 0, pulse_s)
    _, calcium = mean_trace([all_traces[k] for k in chosen], 1, pulse_s)
    # Calcium is slow and noisy: its peak is looked for on the smoothed trace.
    na = response_measures(grid, sodium, 0.0)
    ca = response_measures(grid, smooth_in_time(calcium, 2), 0.0)
    y, x = roi.y + (ROI_PX - 1) / 2, roi.x + (ROI_PX - 1) / 2
    picture = trials.mean_image(0, "baseline", successes)
    along = _along_dendrite(picture, y, x)
    signs = [trials.parameters.sign[ion] for ion in trials.parameters.ions]
    return SpineMeasures(
        sodium_rise_ms=na.rise_10_90_s * 1e3,
        sodium_half_decay_ms=na.half_decay_s * 1e3,
        sodium_peak=na.peak_dff,
        calcium_peak=ca.peak_dff,
        calcium_peak_ms=ca.peak_time_s * 1e3,
        calcium_rise_ms=ca.rise_10_90_s * 1e3,
        sodium_width_um=_width_um(signs[0] * trials.mean_image(0, "delta", successes), y, x, along),
        calcium_width_um=_width_um(
            signs[1] * trials.mean_image(1, "delta", successes), y, x, along
        ),
        background=_background(picture, y, x),
        **counts,
    )
