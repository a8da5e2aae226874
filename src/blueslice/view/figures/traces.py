"""Traces of both ions with the stimuli marked, and the voltage below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from blueslice.analysis import IonTrace
from blueslice.clamp import UNKNOWN_CLAMP
from blueslice.errors import BadInputError
from blueslice.view._soma_label import soma_label
from blueslice.view.figures._panels import draw_line, mark_pulses, without_artefact
from blueslice.view.figures._style import (
    BLANK,
    CONTROL,
    ONE_COLUMN_MM,
    TWO_COLUMNS_MM,
    ion_colour,
    ion_symbol,
    new_figure,
    note,
    styled,
)

__all__ = ["TraceColumn", "TrialTraces", "draw_traces", "fill_traces", "mean_of_trials"]


@dataclass(frozen=True, eq=False)
class TrialTraces:
    """What one trial shows in one ROI.

    Attributes
    ----------
    number : int
        1 for the first of the run.
    blank : bool
        Whether it had no stimulus.
    traces : tuple of IonTrace
        One for each ion, of one ROI; empty where no frames were taken.
    voltage_mV : ndarray, shape (samples,)
        Recorded at the soma.
    sample_rate_Hz : float
        Samples of it per second.
    clamp : str
        What the amplifier held: ``current``, ``voltage`` or ``unknown``.
    """

    number: int
    blank: bool
    traces: tuple[IonTrace, ...]
    voltage_mV: npt.NDArray[np.float64]
    sample_rate_Hz: float
    clamp: str = UNKNOWN_CLAMP


@dataclass(frozen=True, eq=False)
class TraceColumn:
    """The trials of one column of the figure: of one condition, or of one ROI."""

    title: str
    trials: Sequence[TrialTraces]


@styled
def draw_traces(
    columns: Sequence[TraceColumn], pulses_s: Sequence[float], foot: str = ""
) -> Figure:
    """Draw each column's single trials thin, their mean thick, blanks in grey.

    Parameters
    ----------
    columns : sequence of TraceColumn
        At least one, each with a trial; rows have one scale over all columns.
    pulses_s : sequence of float
        Onsets of the stimuli in s from the trial's start.
    foot : str
        What was done, for the figure's foot.

    Raises
    ------
    BadInputError
        When there is no trial to draw.
    """
    if not columns or not all(column.trials for column in columns):
        raise BadInputError("there is no trial to draw; choose other trials or another ROI")
    rows = len(columns[0].trials[0].traces) + 1
    width_mm = ONE_COLUMN_MM if len(columns) == 1 else min(TWO_COLUMNS_MM, 58 * len(columns))
    figure = new_figure(width_mm, 24 + 27 * rows)
    fill_traces(figure, columns, pulses_s)
    note(figure, foot)
    return figure


def fill_traces(figure: Any, columns: Sequence[TraceColumn], pulses_s: Sequence[float]) -> None:
    """Draw columns of traces into a figure, or a part of one; see `draw_traces`."""
    ions = {
        place: trace.ion
        for place, trace in enumerate(columns[0].trials[0].traces)
        # An LED that lit no frame, as of a recording with one, has nothing to draw.
        if any(len(trial.traces[place].time_s) for column in columns for trial in column.trials)
    }
    grid = np.asarray(
        figure.subplots(len(ions) + 1, len(columns), sharex=True, sharey="row", squeeze=False)
    )
    for place, column in enumerate(columns):
        for row, (of_led, ion) in enumerate(ions.items()):
            _draw_ion(grid[row, place], column.trials, of_led, ion_colour(ion, of_led))
        _draw_voltage(grid[-1, place], column.trials)
        for axes in grid[:, place]:
            mark_pulses(axes, [1e3 * onset_s for onset_s in pulses_s])
            axes.margins(x=0.01)
        grid[0, place].set_title(column.title)
        grid[-1, place].set_xlabel("time (ms)")
    for row, ion in enumerate(ions.values()):
        grid[row, 0].set_ylabel(f"{ion_symbol(ion)} ΔF/F (%)")
        if len(grid[row, 0].get_legend_handles_labels()[0]) > 1:
            grid[row, 0].legend(loc="best")
    clamps = {trial.clamp for column in columns for trial in column.trials}
    grid[-1, 0].set_ylabel(soma_label(clamps.pop() if len(clamps) == 1 else UNKNOWN_CLAMP))
    without_artefact(grid[-1, 0], np.concatenate([t.voltage_mV for c in columns for t in c.trials]))


def _draw_ion(axes: Any, trials: Sequence[TrialTraces], row: int, colour: str) -> None:
    stimulated = [trial for trial in trials if not trial.blank]
    alone = len(stimulated) == 1
    named: set[str] = set()
    for trial in trials:
        trace = trial.traces[row]
        kind = "blank trial" if trial.blank else "single trial"
        label = None if kind in named else kind
        named.add(kind)
        thin = not alone or trial.blank
        draw_line(axes, 1e3 * trace.time_s, 1e2 * trace.dff[0], BLANK if trial.blank else colour,
                  width=0.5 if thin else 1.0, alpha=0.5 if thin and not trial.blank else 1.0,
                  label=label, gid=f"trial {trial.number}")  # fmt: skip
    if not alone and stimulated:
        time_s, mean = mean_of_trials([trial.traces[row] for trial in stimulated])
        draw_line(axes, 1e3 * time_s, 1e2 * mean, colour, width=1.4,
                  label=f"mean of {len(stimulated)}", gid="mean")  # fmt: skip
    axes.axhline(0, color=BLANK, lw=0.5, zorder=0)


def _draw_voltage(axes: Any, trials: Sequence[TrialTraces]) -> None:
    stimulated = [trial.voltage_mV for trial in trials if not trial.blank]
    alone = len(stimulated) == 1
    time_ms = 1e3 * np.arange(len(trials[0].voltage_mV)) / trials[0].sample_rate_Hz
    for trial in trials:
        plain = alone or trial.blank
        draw_line(axes, time_ms, trial.voltage_mV, BLANK if trial.blank else CONTROL,
                  width=0.6 if alone else 0.4, alpha=1.0 if plain else 0.35)  # fmt: skip
    if len(stimulated) > 1:
        draw_line(axes, time_ms, np.mean(stimulated, axis=0), CONTROL, width=0.8, gid="mean")


def mean_of_trials(
    traces: Sequence[IonTrace],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Average trials sample by sample, by the frames of the clock: times in s and dF/F.

    A sample that a trial lacks is left out of it; NaN where all lack it.
    """
    frames = np.unique(np.concatenate([t.clock_frames[t.clock_frames >= 0] for t in traces]))
    values = np.full((len(traces), len(frames)), np.nan)
    times = np.full(len(frames), np.nan)
    for row, trace in enumerate(traces):
        known = trace.clock_frames >= 0
        places = np.searchsorted(frames, trace.clock_frames[known])
        values[row, places] = trace.dff[0][known]
        times[places] = trace.time_s[known]
    count = np.isfinite(values).sum(axis=0)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=0)
    return times, np.where(count > 0, total / np.maximum(count, 1), np.nan)
