"""dF/F of the ROIs of one trial, for each ion, from exact sums."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from blueslice.analysis.accumulator import TrialSums
from blueslice.analysis.frame_map import FrameMap
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.roi import Roi

__all__ = ["IonTrace", "compute_dff"]


@dataclass(frozen=True, eq=False)
class IonTrace:
    """The dF/F of one ion in one trial.

    Attributes
    ----------
    ion : str
        Name of the ion.
    time_s : ndarray of float64, shape (samples,)
        Mid-exposure times after the trial's start, rising; NaN in padding.
    dff : ndarray of float64, shape (rois, samples)
        Fractions (0.05 is 5 %), positive for more ion; NaN where the sample is `damaged`.
    valid : ndarray of bool, shape (samples,)
        Whether the frame was stored, lit by this ion's LED alone, and with light.
    saturated : ndarray of bool, shape (rois, samples)
        Whether the frame is valid, but a pixel of the ROI reads full scale in it.
    clock_frames : ndarray of int64, shape (samples,)
        The frame of the clock behind each sample; -1 in padding.
    baseline_fluorescence : ndarray of float64, shape (rois,)
        Mean light-corrected counts per pixel of the baseline frames, dark and background
        subtracted; NaN where there are none.
    baseline_frame_count : int
        Valid frames in the baseline; an ROI that is saturated in some has as many less.
    baseline_complete : bool
        Whether the clock has passed the baseline's end. Until then dF/F is provisional.
    reason : str
        Why values are NaN beside single damaged frames; empty when there is none.
    """

    ion: str
    time_s: npt.NDArray[np.float64]
    dff: npt.NDArray[np.float64]
    valid: npt.NDArray[np.bool_]
    saturated: npt.NDArray[np.bool_]
    clock_frames: npt.NDArray[np.int64]
    baseline_fluorescence: npt.NDArray[np.float64]
    baseline_frame_count: int
    baseline_complete: bool
    reason: str

    @property
    def damaged(self) -> npt.NDArray[np.bool_]:
        """Bool (rois, samples): where an ROI has no dF/F because its frame is of no use."""
        return ~self.valid | self.saturated

    def fit_to(self, sample_count: int) -> Self:
        """Give the trace exactly `sample_count` samples, so that a run's trials have one shape.

        Padding is NaN and not valid. Where LEDs lit more frames than planned the last samples
        are cut, and `reason` says so.
        """
        have = len(self.time_s)
        reason = self.reason
        if have > sample_count:
            cut = f"{have} {self.ion} frames instead of {sample_count}: the last were cut"
            reason = "; ".join(filter(None, [reason, cut]))
        kept, padding = min(have, sample_count), max(0, sample_count - have)
        return replace(
            self,
            time_s=np.pad(self.time_s[:kept], (0, padding), constant_values=np.nan),
            dff=np.pad(self.dff[:, :kept], ((0, 0), (0, padding)), constant_values=np.nan),
            valid=np.pad(self.valid[:kept], (0, padding)),
            saturated=np.pad(self.saturated[:, :kept], ((0, 0), (0, padding))),
            clock_frames=np.pad(self.clock_frames[:kept], (0, padding), constant_values=-1),
            reason=reason,
        )


def compute_dff(
    sums: TrialSums,
    frame_map: FrameMap,
    parameters: AnalysisParameters,
    saturated: npt.NDArray[np.bool_] | None = None,
) -> tuple[IonTrace, ...]:
    """Compute the dF/F of each ROI, for each ion.

    With S the ROI's sum, D that of the dark image, n its pixels, L the corner's light of the
    frame, b the background and <> the mean over the ion's baseline frames::

        R = (S - D) / n        c = L / <L>        F = R / c - b
        dF/F = sign * (F / <F> - 1)

    An ion's samples are the frames proved to be lit by its LED, and the lost or damaged frames
    that were planned for it (NaN), in order of time. On the first frames of a trial, once the
    baseline is over, values are those of the whole trial to the last bit.

    Parameters
    ----------
    sums : TrialSums
        Of the stored frames.
    frame_map : FrameMap
        Of the same stored frames; samples end with its `frame_count`.
    parameters : AnalysisParameters
        ROIs as in `sums`.
    saturated : ndarray of bool, shape (rois, stored), optional
        From `blueslice.analysis.SaturationFinder`: such a frame gives the ROI no dF/F, and is
        not in its baseline.

    Returns
    -------
    tuple of IonTrace
        In order of ``parameters.ions``. An ion without a valid baseline frame is all NaN, and
        its trace says why.
    """
    if saturated is None:
        saturated = np.zeros(sums.roi_sums.shape, bool)
    stored_of_clock = np.full(frame_map.frame_count, -1)
    lit_by = np.zeros(frame_map.frame_count, np.int64)
    usable = np.flatnonzero(
        frame_map.used
        & (frame_map.states >= 1)
        & (frame_map.states <= len(parameters.ions))
        & (frame_map.clock_frames < frame_map.frame_count)
    )
    clock = frame_map.clock_frames[usable]
    stored_of_clock[clock] = usable
    lit_by[clock] = frame_map.states[usable]
    meant_for = np.where(lit_by > 0, lit_by, parameters.planned_excitation(frame_map.frame_count))
    return tuple(
        _ion_trace(
            ion,
            np.flatnonzero(meant_for == led),
            stored_of_clock,
            sums,
            saturated,
            parameters,
            frame_map.frame_count,
        )
        for led, ion in enumerate(parameters.ions, start=1)
    )


def _ion_trace(
    ion: str,
    clock_frames: npt.NDArray[np.int64],
    stored_of_clock: npt.NDArray[np.int64],
    sums: TrialSums,
    saturated_frames: npt.NDArray[np.bool_],
    parameters: AnalysisParameters,
    frame_count: int,
) -> IonTrace:
    stored = stored_of_clock[clock_frames]
    valid = stored >= 0
    valid[valid] = sums.light[stored[valid]] > 0
    time_s = parameters.frame_times_s(clock_frames)
    start_s, end_s = parameters.baseline_s
    in_baseline = ((time_s >= start_s) & (time_s < end_s))[valid]

    used = stored[valid]
    saturated = np.zeros((len(sums.roi_pixels), len(clock_frames)), bool)
    saturated[:, valid] = saturated_frames[:, used]
    pixels = sums.roi_pixels[:, None]
    fluorescence = (sums.roi_sums[:, used] - sums.dark_roi_sums[:, None]) / pixels
    baseline_count = int(in_baseline.sum())
    reasons = []
    if baseline_count:
        light = sums.light[used]
        fluorescence = fluorescence / (light / light[in_baseline].mean())
        fluorescence -= parameters.background[ion]
        # a contiguous copy: each ROI's mean is then summed in the same order whatever the
        # number of ROIs or of later frames
        baseline = np.ascontiguousarray(fluorescence[:, in_baseline]).mean(axis=1)
        full = saturated[:, valid][:, in_baseline]
        for index in np.flatnonzero(full.any(axis=1)):
            kept = np.ascontiguousarray(fluorescence[index, in_baseline][~full[index]])
            baseline[index] = kept.mean() if kept.size else np.nan
        all_full = full.all(axis=1)
        if all_full.any():
            names = _names(parameters.rois, all_full)
            reasons.append(f"every {ion} frame of the baseline is saturated in ROI {names}")
        without_light = ~all_full & ~(baseline > 0)
        if without_light.any():
            names = _names(parameters.rois, without_light)
            reasons.append(f"no {ion} fluorescence above dark and background in ROI {names}")
        baseline[without_light] = np.nan
    else:
        baseline = np.full(len(sums.roi_pixels), np.nan)
        reasons.append(f"no usable {ion} frame in the baseline {start_s:g} to {end_s:g} s")

    dff = np.full((len(sums.roi_pixels), len(clock_frames)), np.nan)
    dff[:, valid] = parameters.sign[ion] * (fluorescence / baseline[:, None] - 1)
    dff[saturated] = np.nan
    next_frame_s = parameters.frame_times_s(np.array([frame_count]))[0]
    return IonTrace(
        ion=ion,
        time_s=time_s,
        dff=dff,
        valid=valid,
        saturated=saturated,
        clock_frames=clock_frames,
        baseline_fluorescence=baseline,
        baseline_frame_count=baseline_count,
        baseline_complete=bool(next_frame_s >= end_s),
        reason="; ".join(reasons),
    )


def _names(rois: Sequence[Roi], chosen: npt.ArrayLike) -> str:
    return ", ".join(repr(rois[int(index)].name) for index in np.flatnonzero(chosen))
