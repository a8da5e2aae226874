"""Figure 1 of the paper: larger areas, where several spines of a dendrite answer."""

from dataclasses import dataclass

import numpy as np
from benchmarks._cells import Cells
from benchmarks._figures import Figure, against, within
from benchmarks._measure import Row
from benchmarks._preparation import Preparation
from benchmarks._single_spines import BLANKS, REST_S, TRIALS

from blueslice.analysis import response_measures, smooth_in_time
from blueslice.plans import trial_series
from blueslice.trial import Pulse, Trial

__all__ = ["AREA_UA", "larger_areas"]

CELLS = 48
# Strong enough for several spines.
AREA_UA = 110.0
# 4 um: the paper looks at events of up to 5 um.
AREA_PX = 10
# A trace whose peak is not so many SDs of its own baseline shows nothing that can be timed.
LEAST_SDS = 6.0

SODIUM_RISE = Figure("area: sodium rise", "ms", 12.0, 5.7)
CALCIUM_RISE = Figure("area: calcium rise", "ms", 17.6, 8.1)


@dataclass(frozen=True)
class AreaMeasures:
    """One ion's event in an area: times in ms, NaN where the trace does not show them."""

    rise_ms: float
    half_decay_ms: float


def one_area(seed: int) -> list[list[AreaMeasures]]:
    """Return for sodium and calcium what each trial of one cell shows, if it shows something.

    As in the paper, there are one or two pulses: here chance decides, by the cell's seed.
    """
    first = Pulse(onset_s=0.036, amplitude_uA=AREA_UA)
    second = first.replace(onset_s=0.046)
    trial = Trial(pulses=(first, second) if seed % 2 else (first,))
    with Preparation(seed) as cell:
        series = [trial.with_blank()] * BLANKS + [trial] * TRIALS
        trials = cell.run(trial_series, trials=series, rest_s=REST_S)
    trials.align()
    stimulated = [k for k, blank in enumerate(trials.blanks) if not blank]
    roi = trials.responding(stimulated, AREA_PX)
    bleaching = trials.bleaching(roi)
    found: list[list[AreaMeasures]] = [[], []]
    for traces in (trials.traces(k, roi, bleaching) for k in trials.showing(roi, stimulated)):
        for trace, events in zip(traces, found, strict=True):
            noise = np.nanstd(trace.dff[0][trace.time_s < first.onset_s], ddof=1)
            measures = response_measures(trace.time_s, smooth_in_time(trace.dff[0]), first.onset_s)
            if measures.peak_dff > LEAST_SDS * noise:
                events.append(
                    AreaMeasures(1e3 * measures.rise_10_90_s, 1e3 * measures.half_decay_s)
                )
    return found


def larger_areas(cells: Cells) -> list[Row]:
    """Compare what areas show with the paper."""
    measured = cells.each(one_area, cells.take(CELLS))
    sodium = [event for events, _ in measured for event in events]
    calcium = [event for _, events in measured for event in events]
    decays = np.array([m.half_decay_ms for m in sodium])
    return [
        *against(SODIUM_RISE, [m.rise_ms for m in sodium]),
        *against(CALCIUM_RISE, [m.rise_ms for m in calcium]),
        within(
            "area: sodium half-decays below 50 ms (paper: mostly)",
            1e2 * float(np.mean(decays < 50)), "%", 50, 100,
        ),
        within(
            "area: middle sodium half-decay (paper: histogram's peak near 15)",
            float(np.nanmedian(decays)), "ms", 10, 30,
        ),
    ]  # fmt: skip
