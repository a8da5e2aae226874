"""Figures of a run that are lines and bars: traces, conditions, the timing diagram."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from blueslice.analysis import Roi, amplitude_at_peak, response_amplitude_mV
from blueslice.errors import BadInputError
from blueslice.view.figures._run_named import Named, suffix
from blueslice.view.figures._style import ion_colour, ion_symbol
from blueslice.view.figures.bars import ConditionMeasures, draw_conditions
from blueslice.view.figures.run_trials import RunTrials
from blueslice.view.figures.timing import draw_timing
from blueslice.view.figures.traces import TraceColumn, TrialTraces, draw_traces, mean_of_trials

__all__ = ["bar_measures", "bars_of", "timing_of", "traces_of"]

_ROIS_A_FIGURE = 3


def traces_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    conditions = trials.conditions
    if trials.placed is None:
        rate_Hz, voltage = trials.run.sample_rate_Hz, trials.run.arrays["amplifier-voltage"]
        columns = [
            TraceColumn(name, [TrialTraces(k + 1, trials.blanks[k], (), np.ravel(voltage[k]),
                                           rate_Hz, trials.run.clamp(k)) for k in chosen])
            for name, chosen in conditions.items()
        ]  # fmt: skip
        yield "", draw_traces(columns, trials.pulses_s, f"{trials.told}: {_told_pulses(trials)}")
    elif len(conditions) > 1:
        for roi in trials.rois:
            columns = [TraceColumn(f"{name}: {_count(trials, chosen)}", trials.of_roi(roi, chosen))
                       for name, chosen in conditions.items()]  # fmt: skip
            yield suffix(trials, roi), _traces_of(trials, columns, (roi,))
    else:
        for first in range(0, len(trials.rois), _ROIS_A_FIGURE):
            rois = trials.rois[first : first + _ROIS_A_FIGURE]
            columns = [TraceColumn(f"ROI {roi.name}", trials.of_roi(roi, trials.chosen))
                       for roi in rois]  # fmt: skip
            yield (
                f"-{first // _ROIS_A_FIGURE + 1}" if first else "",
                _traces_of(trials, columns, rois),
            )


def _traces_of(trials: RunTrials, columns: list[TraceColumn], rois: Sequence[Roi]) -> Figure:
    shown = [column for column in columns if column.trials]
    where = f"ROI {rois[0].name}, " if len(rois) == 1 else ""
    foot = f"{trials.told}: {where}{_told_pulses(trials)} {trials.told_bleaching(rois[0])}"
    return draw_traces(shown, trials.pulses_s, foot)


def _told_pulses(trials: RunTrials) -> str:
    if not trials.pulses_s:
        return "no stimulus."
    if all(trials.blanks[k] for k in trials.chosen):
        return "blank; dotted lines and triangles mark where stimuli would be."
    return "dotted lines and triangles mark the stimuli; the voltage's stimulus artefact is cut."


def _count(trials: RunTrials, chosen: Sequence[int]) -> str:
    blanks = sum(trials.blanks[k] for k in chosen)
    counts = ((len(chosen) - blanks, "trial"), (blanks, "blank"))
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n)


def bar_measures(trials: RunTrials, roi: Roi) -> list[ConditionMeasures]:
    """Return each ion's dF/F (%) in each stimulated trial, by condition, and the response in mV.

    dF/F is read where the mean of the first condition has its peak (`amplitude_at_peak`).
    """
    groups = [[t for t in trials.of_roi(roi, chosen) if not t.blank]
              for chosen in trials.conditions.values()]  # fmt: skip
    if not groups[0]:
        raise BadInputError(f"ROI {roi.name!r} is in no trial of the first condition; draw another")
    measures = []
    for ion in trials.lit():
        name = trials.analysed().parameters.ions[ion]
        time_s, mean = mean_of_trials([t.traces[ion] for t in groups[0]])
        guide = np.where(time_s >= trials.pulses_s[0], mean, np.nan)
        values = [
            np.array([1e2 * amplitude_at_peak(t.traces[ion].fit_to(len(guide)).dff[0], guide)
                      for t in group])
            for group in groups
        ]  # fmt: skip
        measures.append(ConditionMeasures(f"{ion_symbol(name)} ΔF/F (%)", values))
    if any(trials.run.clamp(k) == "voltage" for k in trials.chosen):
        # The potential is the amplifier's command.
        return measures
    pulses = trials.run.trial.pulses
    first_s, last_s = pulses[0].onset_s, max(pulse.end_s for pulse in pulses)
    epsp = [
        np.array([response_amplitude_mV(t.voltage_mV, t.sample_rate_Hz, first_pulse_s=first_s,
                                        last_pulse_s=last_s) for t in group])
        for group in groups
    ]  # fmt: skip
    return [*measures, ConditionMeasures("response at the soma (mV)", epsp)]


def bars_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    names = list(trials.conditions)
    for roi in trials.rois:
        measures = bar_measures(trials, roi)
        foot = (f"{trials.told}: ROI {roi.name}; mean ± SD of n trials of one cell, points: single "
                f"trials; ΔF/F is the mean of 5 samples where the mean of {names[0]} has its peak. "
                f"{trials.told_bleaching(roi)}")  # fmt: skip
        yield suffix(trials, roi), draw_conditions(names, measures, foot)


def timing_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    names, colours = {}, {}
    for number, led in trials.run.leds.items():
        told = [f"{led['wavelength_nm']:g} nm" if "wavelength_nm" in led else "",
                str(led.get("indicator", "")), ion_symbol(str(led.get("ion", "")))]  # fmt: skip
        names[number] = f"LED {number}: {', '.join(part for part in told if part)}"
        colours[number] = ion_colour(str(led.get("ion", "")), number - 1)
    shown = trials.run.trial
    if all(trials.blanks[k] for k in trials.chosen):
        shown = shown.with_blank()
    foot = f"{trials.told}: the trial as planned."
    yield "", draw_timing(shown, names, colours, foot)
