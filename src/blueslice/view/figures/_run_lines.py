"""Figures of a run that are lines and bars: traces, conditions, the timing diagram."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from blueslice.analysis import Roi, condition_means, response_amplitude_mV
from blueslice.errors import BadInputError
from blueslice.view.figures._run_named import Named, suffix
from blueslice.view.figures._style import ion_colour, ion_symbol
from blueslice.view.figures.bars import ConditionMeasures, draw_conditions
from blueslice.view.figures.run_trials import RunTrials
from blueslice.view.figures.timing import draw_timing
from blueslice.view.figures.traces import TraceColumn, TrialTraces, draw_traces

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

    dF/F is the size of the response as every export has it (`run_responses`); the trial on whose
    own response the ROI was found is left out.
    """
    groups = _compared(trials)
    if not groups:
        raise BadInputError(f"ROI {roi.name!r} is in no trial to compare; draw another")
    measures = []
    sizes = trials.sizes(roi)
    for ion in trials.lit():
        name = trials.analysed().parameters.ions[ion]
        values = [
            np.array([1e2 * sizes[k + 1, roi.name, name].size_dff for k in chosen
                      if (k + 1, roi.name, name) in sizes])
            for chosen in groups.values()
        ]  # fmt: skip
        measures.append(ConditionMeasures(f"{ion_symbol(name)} ΔF/F (%)", values))
    if any(trials.run.clamp(k) == "voltage" for k in trials.chosen):
        # The potential is the amplifier's command.
        return measures
    pulses = trials.run.trial.pulses
    first_s, last_s = pulses[0].onset_s, max(pulse.end_s for pulse in pulses)
    placed = trials.analysed()
    epsp = [
        np.array([response_amplitude_mV(placed.voltage(k), trials.run.sample_rate_Hz,
                                        first_pulse_s=first_s, last_pulse_s=last_s)
                  for k in chosen])
        for chosen in groups.values()
    ]  # fmt: skip
    return [*measures, ConditionMeasures("response at the soma (mV)", epsp)]


def _compared(trials: RunTrials) -> dict[str, list[int]]:
    """Return the places of the trials whose sizes are compared, by condition."""
    blanks, found = trials.blanks, trials.found_on - 1
    groups = {
        name: [k for k in chosen if not blanks[k] and k != found]
        for name, chosen in trials.conditions.items()
    }
    return {name: chosen for name, chosen in groups.items() if chosen}


def bars_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    names = list(_compared(trials))
    for roi in trials.rois:
        measures = bar_measures(trials, roi)
        yield suffix(trials, roi), draw_conditions(names, measures, _bars_foot(trials, roi))


def _bars_foot(trials: RunTrials, roi: Roi) -> str:
    parameters = trials.analysed().parameters
    sizes = {key: size for key, size in trials.sizes(roi).items() if key[1] == roi.name}
    foot = (
        f"{trials.told}: ROI {roi.name}; mean ± SD of n trials of one cell, points: single trials."
    )
    if parameters.response_s is not None:
        low, high = (1e3 * edge for edge in parameters.response_s)
        subtracted = any(np.isfinite(size.bleaching_dff) for size in sizes.values())
        foot += f" ΔF/F: mean of {low:g} to {high:g} ms, "
        foot += "less the bleaching of the blanks." if subtracted else "bleaching not subtracted."
    if trials.found_on and trials.found_on - 1 in trials.chosen:
        foot += f" Trial {trials.found_on}, on which the ROI was found, is left out."
    conditions = {name: [k + 1 for k in chosen] for name, chosen in _compared(trials).items()}
    for mean in condition_means(sizes, conditions):
        if mean.left is not None and np.isfinite(mean.left.fraction):
            left = mean.left
            foot += (f" {ion_symbol(mean.ion)}, {mean.condition}: {100 * left.fraction:.0f} % left "
                     f"(95 % interval {100 * left.low:.0f} to {100 * left.high:.0f}).")  # fmt: skip
    return foot


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
