"""What one spine shows, by the ordinary analysis, as the paper looks at it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import (
    LineProfile,
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
from blueslice.paper.experiments._pictures import around
from blueslice.paper.experiments._protocol import LEAST_SDS, PIXEL_UM
from blueslice.paper.experiments._spine_view import (
    film_of,
    places_about,
    shown_trials,
    traces_at,
)
from blueslice.paper.measures import Array, Measures
from blueslice.paper.trials import Trials

__all__ = ["SpineMeasures", "measure_spine"]

# The spine of a recording is looked at in a box of this size.
ROI_PX = 3
# Responses are averaged over so many trials at most.
AVERAGED = 4
# Calcium stays in a head: what is wider is a neighbour's answer too (paper: 1.3 +- 0.4 um).
TWO_SPINES_UM = 2.5
# Widths are read "just after the peak": on three frames of each LED after the evoking pulse, along
# a line of single pixels, as in the paper's Fig 4A. Longer windows hide how the profiles differ.
WIDTH_WINDOW_S = (0.008, 0.020)
WIDTH_LINE_PX = 1
GRID_S = time_grid(-0.032, 0.140, 0.004)
REACH_PX = 16


class SpineMeasures(Measures):
    """What one spine's successful trials show: NaN for what they do not.

    Times in ms, widths in um, dF/F as fractions; `first`, `second` count the trials whose
    response began on that pulse, `failures` those without one, `spikes` those with a somatic one.
    The arrays are for the figures; all are empty where no trial succeeded.
    """

    sodium_rise_ms: float = math.nan
    sodium_half_decay_ms: float = math.nan
    sodium_peak: float = math.nan
    sodium_peak_ms: float = math.nan
    calcium_peak_ms: float = math.nan
    sodium_width_um: float = math.nan
    calcium_width_um: float = math.nan
    background: float = math.nan
    noise: float = math.nan
    first: int = 0
    second: int = 0
    failures: int = 0
    pulses_ms: Array = ()
    mean: Array = ()
    """(2, times) mean dF/F of sodium and calcium from -32 to 140 ms after the evoking pulse."""
    trials: Array = ()
    """(trials, 2, samples) dF/F of sodium and calcium in each trial that shows the spine."""
    trial_ms: Array = ()
    """(2, samples) mid-exposure times of those."""
    began_on: tuple[int, ...] = ()
    """Of those trials: 0 or 1 for the pulse, -1 for a failure, -2 where it is not clear."""
    voltage_mV: Array = ()
    """(trials, samples) of those trials, each 0.25 ms."""
    picture: Array = ()
    """(33, 33) resting light about the spine."""
    success: Array = ()
    """(2, 33, 33) mean difference image of the successes, of sodium and calcium."""
    failure: Array = ()
    """The same of the failures; empty without one."""
    along: Array = ()
    """(3, places): um along the dendrite, and both ions' differences in one trial."""
    across: Array = ()
    """(2, places): um across it, and resting light over that of the spine; the dendrite right."""
    places: Array = ()
    """(4, 2) y and x in `picture` of head, neck, dendrite and 3 um along it."""
    by_place: Array = ()
    """(2, 4, times) mean dF/F of each ion there."""
    film: Array = ()
    """(2, pictures, 25, 25) mean difference images of each ion, one per 4 ms from -4 ms."""


def measure_spine(trials: Trials) -> SpineMeasures:
    """Measure the spine of a run as the paper does: on the mean of a few successes."""
    trials.align()
    stimulated = trials.stimulated
    roi = trials.responding(stimulated, ROI_PX)
    onsets_s = trials.onsets_s
    bleaching = trials.bleaching(roi)
    shown = {k: trials.traces(k, roi, bleaching) for k in trials.showing(roi, stimulated)}
    which = {
        k: classify_trial(traces[0].time_s, traces[0].dff[0], onsets_s)
        for k, traces in shown.items()
    }
    counts: dict[str, Any] = {
        "first": sum(found.pulse == 0 for found in which.values()),
        "second": sum(found.pulse == 1 for found in which.values()),
        "failures": sum(found.kind == "failure" for found in which.values()),
    }
    pulses = {k: found.pulse for k, found in which.items() if found.pulse is not None}
    chosen = list(pulses)[:AVERAGED]
    if not chosen:
        return SpineMeasures(**counts)
    pulse_s = [onsets_s[pulses[k]] for k in chosen]
    sodium, calcium = _means(shown, chosen, pulse_s)
    # Calcium is slow and noisy: its peak is looked for on the smoothed trace.
    smooth = smooth_in_time(calcium, 2)
    na, ca = response_measures(GRID_S, sodium, 0.0), response_measures(GRID_S, smooth, 0.0)
    noise = [float(np.nanstd(trace[GRID_S < 0], ddof=1)) for trace in (sodium, smooth)]
    timed = [m.peak_dff > LEAST_SDS * sd for m, sd in zip((na, ca), noise, strict=True)]
    picture = trials.mean_image(0, "baseline", chosen)
    y, x = roi.y + (ROI_PX - 1) / 2, roi.x + (ROI_PX - 1) / 2
    angle, _ = dendrite_direction(picture, y, x)
    when_s = dict(zip(chosen, pulse_s, strict=True))
    profiles, widths_um = _clearest_lines(trials, shown, when_s, (y, x, angle))
    across = line_profile(picture, y, x, angle + math.pi / 2)
    places = places_about(picture, y, x, angle)
    failed = [k for k, found in which.items() if found.kind == "failure"]
    return SpineMeasures(
        sodium_rise_ms=na.rise_10_90_s * 1e3 if timed[0] else math.nan,
        sodium_half_decay_ms=na.half_decay_s * 1e3 if timed[0] else math.nan,
        sodium_peak=na.peak_dff,
        sodium_peak_ms=na.peak_time_s * 1e3 if timed[0] else math.nan,
        calcium_peak_ms=ca.peak_time_s * 1e3 if timed[1] else math.nan,
        sodium_width_um=widths_um[0] if timed[0] else math.nan,
        calcium_width_um=widths_um[1] if timed[1] else math.nan,
        background=background_fraction(across),
        noise=noise[0],
        pulses_ms=[1e3 * onset_s for onset_s in onsets_s],
        mean=[sodium, calcium],
        began_on=tuple(_code(found.kind, found.pulse) for found in which.values()),
        picture=around(picture, y, x, REACH_PX),
        success=[around(_change(trials, ion, list(pulses)), y, x, REACH_PX) for ion in range(2)],
        failure=[around(_change(trials, ion, failed), y, x, REACH_PX) for ion in range(2)]
        if failed
        else (),
        along=[PIXEL_UM * profiles[0].distance_px, profiles[0].values, profiles[1].values],
        across=_oriented(across.distance_px, across.values),
        places=[(py - y + REACH_PX, px - x + REACH_PX) for py, px in places],
        by_place=traces_at(trials, places, chosen, pulse_s, GRID_S),
        film=film_of(trials, y, x, chosen, pulse_s),
        **shown_trials(trials, shown),
        **counts,
    )


def _means(
    shown: dict[int, tuple], chosen: Sequence[int], pulse_s: Sequence[float]
) -> list[NDArray[np.float64]]:
    return [
        average_trials(
            [shown[k][ion].time_s for k in chosen],
            [shown[k][ion].dff[0] for k in chosen],
            pulse_s,
            GRID_S,
        ).dff
        for ion in range(2)
    ]


def _clearest_lines(
    trials: Trials,
    shown: dict[int, tuple],
    pulse_s: dict[int, float],
    line: tuple[float, float, float],
) -> tuple[list[LineProfile], list[float]]:
    """Return both ions' profiles along the dendrite, and their widths in um, of a single trial.

    It is the clearest in which the spine answered alone; `pulse_s` has the evoking pulse of each
    trial to choose from.
    """
    by_clarity = sorted(pulse_s, key=lambda k: -float(np.nanmax(shown[k][0].dff[0])))
    lines = [
        [line_profile(picture, *line, width_px=WIDTH_LINE_PX) for picture in pictures]
        for pictures in (_after_pulse(trials, k, pulse_s[k]) for k in by_clarity)
    ]
    widths_um = [
        [PIXEL_UM * width_at_half_maximum(profile).width_px for profile in profiles]
        for profiles in lines
    ]
    for profiles, (sodium_um, calcium_um) in zip(lines, widths_um, strict=True):
        if not calcium_um > TWO_SPINES_UM:
            return profiles, [sodium_um, calcium_um]
    return lines[0], [math.nan, math.nan]


def _after_pulse(trials: Trials, trial: int, pulse_s: float) -> list[NDArray[np.float64]]:
    """Difference image of each ion just after the peak, positive for more of it."""
    from_s, to_s = WIDTH_WINDOW_S
    strips = trials.film(trial, [(pulse_s + from_s, pulse_s + to_s)])
    parameters = trials.parameters
    return [
        parameters.sign[ion] * strip.delta[0]
        for ion, strip in zip(parameters.ions, strips, strict=True)
    ]


def _change(trials: Trials, ion: int, chosen: list[int]) -> NDArray[np.float64]:
    """Mean difference image of some trials, positive for more of the ion."""
    parameters = trials.parameters
    return parameters.sign[parameters.ions[ion]] * trials.mean_image(ion, "delta", chosen)


def _code(kind: str, pulse: int | None) -> int:
    if pulse is not None:
        return pulse
    return -1 if kind == "failure" else -2


def _oriented(
    distance_px: NDArray[np.float64], values: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Put the dendrite, where the light is, on the right."""
    near = (np.abs(distance_px) > 1) & (np.abs(distance_px) < 5)
    left = np.nanmean(values[near & (distance_px < 0)])
    right = np.nanmean(values[near & (distance_px > 0)])
    middle = np.interp(0.0, distance_px, values)
    shown = values if right >= left else values[::-1]
    return [PIXEL_UM * distance_px, shown / middle]
