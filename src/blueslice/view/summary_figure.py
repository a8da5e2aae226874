"""One picture of a run: the cell, both ions' traces, the voltage, where the responses were."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from blueslice.analysis import nan_mean, shift_image
from blueslice.view.figures import Scale, TraceColumn, TrialTraces, save_figure
from blueslice.view.figures._pictures import outline_roi, show_change, show_picture
from blueslice.view.figures._style import TWO_COLUMNS_MM, new_figure, note, styled
from blueslice.view.figures.difference import change_label
from blueslice.view.figures.traces import fill_traces

if TYPE_CHECKING:
    from blueslice.session import Session

__all__ = ["draw_summary", "save_summary"]


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
    return save_figure(draw_summary(session, voltage_mV, rate_Hz), path)


@styled
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
    numbers = sorted(session.results)
    stimulated = [numbers[place] for place in session.stimulated_trials()]
    shown = stimulated or numbers
    scale = Scale(session.start.get("pixel_size_um"))
    roi = parameters.rois[0]
    # An LED that lit no frame, as of a recording with one, has no picture.
    images = [
        (ion, image)
        for ion, image in enumerate(session.results[shown[-1]].difference_images)
        if not image.reason
    ]
    resting = images[0][0] if images else 0
    figure = new_figure(TWO_COLUMNS_MM, 155)
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 2))).ravel()
    panels = np.atleast_1d(top.subplots(1, 1 + len(images)))
    show_picture(
        panels[0],
        _mean_picture(session, shown, resting, "baseline"),
        scale,
        "resting light",
        ticks=True,
    )
    for axes, (ion, image) in zip(panels[1:], images, strict=True):
        sign = parameters.sign[image.ion]
        change = sign * _mean_picture(session, shown, ion, "delta")
        show_change(top, axes, change, scale, image.ion, label=change_label(sign), ticks=True)
    for place, axes in enumerate(panels):
        for one in parameters.rois:
            outline_roi(axes, one, scale, named=place == 0)
    trials = [
        TrialTraces(
            number,
            number not in stimulated,
            session.results[number].traces,
            voltage_mV[number - 1],
            sample_rate_Hz,
            session.clamp,
        )
        for number in numbers
    ]
    fill_traces(bottom, [TraceColumn(f"ROI {roi.name}", trials)], session.pulse_onsets_s())
    where = {one.roi_found for one in session.analysed.values() if one.run_parameters == parameters}
    found = "".join(f", {text}" for text in sorted(where) if text)
    uid = session.start.get("uid", "")[:8]
    note(figure, f"Run {uid}: {len(numbers)} trials, ROI {roi.name}{found}.")
    return figure


def _mean_picture(session: "Session", trials: list[int], ion: int, which: str) -> np.ndarray:
    """Average an image over trials, each moved to where the first one lies."""
    moved = []
    for number in trials:
        images = session.results[number].difference_images
        if images and not images[ion].reason:
            picture = np.asarray(getattr(images[ion], which), np.float64)
            moved.append(shift_image(picture, -session.shifts[number]))
    # A margin that no trial shows has no mean.
    return nan_mean(moved) if moved else np.full((1, 1), np.nan)
