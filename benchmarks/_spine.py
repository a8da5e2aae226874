"""What one spine shows, by the ordinary analysis."""

import math
from dataclasses import dataclass

import numpy as np
from benchmarks._trials import Trials

from blueslice.analysis import (
    average_trials,
    background_fraction,
    classify_trial,
    dendrite_direction,
    line_profile,
    response_measures,
    smooth_in_time,
    time_grid,
    width_at_half_maximum,
)

__all__ = ["SpineMeasures", "measure_spine"]

PIXEL_UM = 0.4
# The spine of a recording is looked at in a box of this size.
ROI_PX = 3
# Responses are averaged over so many trials at most.
AVERAGED = 4
# Where noise is more than a tenth of the peak, the 10 % point cannot be timed.
LEAST_SDS = 10.0


@dataclass(frozen=True)
class SpineMeasures:
    """What one spine's successful trials show: NaN for what they do not.

    Times in ms, widths in um, dF/F as fractions; `first`, `second` count the trials whose
    response began on that pulse, `failures` those without one.
    """

    sodium_rise_ms: float = math.nan
    sodium_half_decay_ms: float = math.nan
    sodium_peak: float = math.nan
    calcium_peak_ms: float = math.nan
    sodium_width_um: float = math.nan
    calcium_width_um: float = math.nan
    background: float = math.nan
    first: int = 0
    second: int = 0
    failures: int = 0


def measure_spine(trials: Trials) -> SpineMeasures:
    """Measure the spine of a run as the paper does: on the mean of a few successes."""
    trials.align()
    stimulated = [k for k, blank in enumerate(trials.blanks) if not blank]
    roi = trials.responding(stimulated, ROI_PX)
    onsets_s = [pulse["onset_s"] for pulse in trials.start["trial"]["pulses"]]
    bleaching = trials.bleaching(roi)
    shown = {k: trials.traces(k, roi, bleaching) for k in trials.showing(roi, stimulated)}
    which = {
        k: classify_trial(traces[0].time_s, traces[0].dff[0], onsets_s)
        for k, traces in shown.items()
    }
    counts = {
        "first": sum(found.pulse == 0 for found in which.values()),
        "second": sum(found.pulse == 1 for found in which.values()),
        "failures": sum(found.kind == "failure" for found in which.values()),
    }
    pulses = {k: found.pulse for k, found in which.items() if found.pulse is not None}
    chosen = list(pulses)[:AVERAGED]
    if not chosen:
        return SpineMeasures(**counts)
    grid_s = time_grid(-0.032, 0.140, 0.004)
    pulse_s = [onsets_s[pulses[k]] for k in chosen]
    sodium, calcium = (
        average_trials(
            [shown[k][ion].time_s for k in chosen],
            [shown[k][ion].dff[0] for k in chosen],
            pulse_s,
            grid_s,
        ).dff
        for ion in range(2)
    )
    # Calcium is slow and noisy: its peak is looked for on the smoothed trace.
    calcium = smooth_in_time(calcium, 2)
    na, ca = response_measures(grid_s, sodium, 0.0), response_measures(grid_s, calcium, 0.0)
    timed = [
        measures.peak_dff > LEAST_SDS * float(np.nanstd(trace[grid_s < 0], ddof=1))
        for measures, trace in ((na, sodium), (ca, calcium))
    ]
    picture = trials.mean_image(0, "baseline", chosen)
    y, x = roi.y + (ROI_PX - 1) / 2, roi.x + (ROI_PX - 1) / 2
    along, _ = dendrite_direction(picture, y, x)
    # As the paper's: of single trials, along a line of one pixel.
    widths_um = [
        PIXEL_UM
        * width_at_half_maximum(
            line_profile(
                trials.parameters.sign[shown[chosen[0]][ion].ion] * image, y, x, along, width_px=1
            )
        ).width_px
        for ion, image in enumerate(trials.mean_image(ion, "delta", chosen[:1]) for ion in range(2))
    ]
    return SpineMeasures(
        sodium_rise_ms=na.rise_10_90_s * 1e3 if timed[0] else math.nan,
        sodium_half_decay_ms=na.half_decay_s * 1e3 if timed[0] else math.nan,
        sodium_peak=na.peak_dff,
        calcium_peak_ms=ca.peak_time_s * 1e3 if timed[1] else math.nan,
        sodium_width_um=widths_um[0] if timed[0] else math.nan,
        calcium_width_um=widths_um[1] if timed[1] else math.nan,
        background=background_fraction(line_profile(picture, y, x, along + math.pi / 2)),
        **counts,
    )
