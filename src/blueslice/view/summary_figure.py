"""One picture of a run: the cell, both ions' traces, the voltage, where the responses were."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.ndimage import gaussian_filter

from blueslice.analysis import shift_image

if TYPE_CHECKING:
    from blueslice.session import Session

__all__ = ["draw_summary", "save_summary"]

# Colour-blind safe (Okabe-Ito).
COLOURS = ("#D55E00", "#0072B2")
SMOOTHING_PX = 0.8


def save_summary(session: "Session", uid: str, path: Path) -> Path:
    """Draw the session's last run and save it as PNG.

    Parameters
    ----------
    session : Session
        Whose results are drawn; its catalogue has the voltage.
    uid : str
        The raw run.
    path : pathlib.Path
        The picture; its folder is made.
    """
    voltage_mV, rate_Hz = session.voltage()
    figure = draw_summary(session, voltage_mV, rate_Hz)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return path


def draw_summary(session: "Session", voltage_mV: np.ndarray, sample_rate_Hz: float) -> Figure:
    """Draw cell, difference images, traces and voltage.

    Parameters
    ----------
    session : Session
        Whose results are drawn.
    voltage_mV : (trials, samples) array
        The recorded voltage of each trial.
    sample_rate_Hz : float
        Its samples per second.
    """
    parameters = session.parameters
    if parameters is None:
        raise ValueError("the session has no results to draw; run a protocol first")
    results = [session.results[number] for number in sorted(session.results)]
    stimulated = session.stimulated_trials()
    figure = Figure(figsize=(11, 8), layout="constrained")
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 1.6))).ravel()
    last = results[stimulated[-1]] if stimulated else results[-1]
    shown_trials = [sorted(session.results)[k] for k in stimulated] or sorted(session.results)
    axes = top.subplots(1, 1 + len(last.difference_images))
    axes = np.atleast_1d(axes)
    _draw_cell(axes[0], _mean_picture(session, shown_trials, 0, "baseline"), parameters)
    for ion, (axis, image) in enumerate(zip(axes[1:], last.difference_images, strict=True)):
        # Smoothed for the eye by less than a pixel; nothing is measured on it.
        mean = _mean_picture(session, shown_trials, ion, "delta", SMOOTHING_PX)
        finite = mean[np.isfinite(mean)]
        limit = float(np.quantile(np.abs(finite), 0.999)) if finite.size else 1.0
        picture = parameters.sign[image.ion] * mean
        shown = axis.imshow(picture, cmap="inferno", vmin=0, vmax=limit)
        axis.set_title(f"{image.ion}: mean ΔF")
        top.colorbar(shown, ax=axis, label="counts", shrink=0.8)
        _frame_rois(axis, parameters)
    traces = bottom.subplots(len(last.traces) + 1, 1, sharex=True)
    for k, axis in enumerate(traces[:-1]):
        _draw_traces(axis, results, stimulated, k, COLOURS[k % 2])
        axis.set_ylabel(f"{last.traces[k].ion}\nΔF/F (%)")
    time_ms = np.arange(voltage_mV.shape[1]) / sample_rate_Hz * 1e3
    for number, trace in enumerate(voltage_mV):
        grey = "0.3" if number in stimulated else "0.75"
        traces[-1].plot(time_ms, trace, color=grey, lw=0.6)
    finite = voltage_mV[np.isfinite(voltage_mV)]
    if finite.size:
        # The stimulus artefact is larger than the EPSP and would hide it.
        low, high = np.quantile(finite, (0.002, 0.998))
        traces[-1].set_ylim(low - 1, high + 1)
    traces[-1].set_ylabel("soma (mV)")
    traces[-1].set_xlabel("time (ms)")
    for axis in traces:
        for onset_s in session.pulse_onsets_s():
            axis.axvline(onset_s * 1e3, color="0.5", lw=0.8, ls=":")
        axis.spines[["top", "right"]].set_visible(False)
    found = " (found on the largest sodium response)" if parameters.rois[0].name == "found" else ""
    figure.suptitle(f"{len(results)} trials, ROI {parameters.rois[0].name}{found}", fontsize=10)
    return figure


def _mean_picture(
    session: "Session", trials: list[int], ion: int, which: str, smoothing_px: float = 0.0
) -> np.ndarray:
    """Average an image over trials, each moved to where the first one lies."""
    moved = []
    for number in trials:
        images = session.results[number].difference_images
        if images:
            picture = np.asarray(getattr(images[ion], which), np.float64)
            if smoothing_px:
                picture = gaussian_filter(picture, smoothing_px)
            moved.append(shift_image(picture, -session.shifts[number]))
    with warnings.catch_warnings():
        # A margin that no trial shows has no mean.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(moved, axis=0) if moved else np.full((1, 1), np.nan)


def _draw_cell(axis: Any, picture: np.ndarray, parameters: Any) -> None:
    axis.imshow(picture, cmap="gray")
    axis.set_title("resting light, ROI and corner")
    _frame_rois(axis, parameters)
    if parameters.corner is not None:
        corner = parameters.corner
        place = (corner.x - 0.5, corner.y - 0.5)
        box = Rectangle(place, corner.width, corner.height, fill=False, ec="#56B4E9", ls="--")
        axis.add_patch(box)


def _frame_rois(axis: Any, parameters: Any) -> None:
    for roi in parameters.rois:
        place = (roi.x - 0.5, roi.y - 0.5)
        axis.add_patch(Rectangle(place, roi.width, roi.height, fill=False, ec="#009E73", lw=1.2))
    axis.set_xlabel("x (pixels)")
    axis.set_ylabel("y (pixels)")


def _draw_traces(axis: Any, results: list[Any], stimulated: list[int], k: int, colour: str) -> None:
    for number, result in enumerate(results):
        trace = result.traces[k]
        one = {"color": colour, "alpha": 0.35} if number in stimulated else {"color": "0.7"}
        axis.plot(trace.time_s * 1e3, trace.dff[0] * 100, lw=0.7, **one)
    if len(stimulated) > 1:
        counts = {len(results[n].traces[k].time_s) for n in stimulated}
        if len(counts) == 1:
            mean = np.mean([results[n].traces[k].dff[0] for n in stimulated], axis=0)
            time_ms = results[stimulated[0]].traces[k].time_s * 1e3
            axis.plot(time_ms, mean * 100, color=colour, lw=1.8)
