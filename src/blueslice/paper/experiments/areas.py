"""Figure 1: larger areas, where several spines of a dendrite answer."""

from collections.abc import Sequence

import numpy as np

from blueslice.analysis import response_measures, smooth_in_time
from blueslice.paper.experiments._protocol import AREA_PX, AREA_UA, BLANKS, REST_S, TRIALS
from blueslice.paper.laboratory import Laboratory
from blueslice.paper.measures import Array, Measures
from blueslice.paper.values import Value, mean_of, measure_of
from blueslice.plans import trial_series
from blueslice.trial import Pulse, Trial

__all__ = ["AreaMeasures", "area_values", "best_area", "larger_area"]

# A trace whose peak is not so many SDs of its own baseline shows nothing that can be timed.
LEAST_SDS = 5.0
# What is higher later, in a long response, is noise on its tail.
PEAK_WITHIN_S = 0.060
ONSET_S, INTERVAL_S = 0.036, 0.010


class AreaMeasures(Measures):
    """What an area's trials show; NaN where a trace does not.

    Attributes
    ----------
    pulses_ms : (pulses,) array
        One or two.
    events : (trials, 2, 3) array
        Of sodium and calcium: rise, half-decay and onset, in ms.
    trial_ms : (2, samples) array
        Of the example, the trial with most sodium: times of both ions.
    trial : (2, samples) array
        Its dF/F.
    voltage_mV : (samples,) array
        Its potential, each 0.25 ms.
    sodium_peak : float
        Its sodium over its noise.
    picture, change : (80, 80) and (2, 80, 80) arrays
        Resting light and the mean difference images of both ions.
    box : (y, x, height, width)
        Where was measured, in pixels.
    """

    pulses_ms: Array = ()
    events: Array = ()
    trial_ms: Array = ()
    trial: Array = ()
    voltage_mV: Array = ()
    sodium_peak: float = 0.0
    picture: Array = ()
    change: Array = ()
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


def larger_area(laboratory: Laboratory, seed: int) -> AreaMeasures:
    """Take one cell's trials with a strong stimulus and measure where it answered.

    As in the paper there are one or two pulses: here chance decides, by the cell's seed.
    """
    first = Pulse(onset_s=ONSET_S, amplitude_uA=AREA_UA)
    second = first.replace(onset_s=ONSET_S + INTERVAL_S)
    trial = Trial(pulses=(first, second) if seed % 2 else (first,))
    with laboratory.cell(seed) as cell:
        series = [trial.with_blank()] * BLANKS + [trial] * TRIALS
        trials = cell.run(trial_series, trials=series, rest_s=REST_S)
    trials.align()
    stimulated = trials.stimulated
    roi = trials.responding(stimulated, AREA_PX)
    bleaching = trials.bleaching(roi)
    events, best = [], (0.0, 0)
    shown = {k: trials.traces(k, roi, bleaching) for k in trials.showing(roi, stimulated)}
    for k, traces in shown.items():
        found = np.full((2, 3), np.nan)
        for ion, trace in enumerate(traces):
            noise = float(np.nanstd(trace.dff[0][trace.time_s < ONSET_S], ddof=1))
            measures = response_measures(
                trace.time_s,
                smooth_in_time(trace.dff[0]),
                ONSET_S,
                peak_within_s=PEAK_WITHIN_S,
            )
            if measures.peak_dff > LEAST_SDS * noise:
                # Smoothing would begin the response before its stimulus.
                onset_s = response_measures(
                    trace.time_s, trace.dff[0], ONSET_S, peak_within_s=PEAK_WITHIN_S
                ).onset_s
                found[ion] = measures.rise_10_90_s, measures.half_decay_s, onset_s
            if ion == 0:
                best = max(best, (measures.peak_dff / noise, k))
        events.append(1e3 * found)
    parameters = trials.parameters
    change = [
        parameters.sign[name] * trials.mean_image(ion, "delta", stimulated)
        for ion, name in enumerate(parameters.ions)
    ]
    step = round(0.00025 * trials.sample_rate_Hz)
    example = shown[best[1]] if best[1] in shown else next(iter(shown.values()))
    samples = min(len(trace.time_s) for trace in example)
    return AreaMeasures(
        pulses_ms=[1e3 * onset_s for onset_s in trials.onsets_s],
        events=events,
        trial_ms=[1e3 * trace.time_s[:samples] for trace in example],
        trial=[trace.dff[0][:samples] for trace in example],
        voltage_mV=trials.voltage(best[1] or stimulated[0])[::step],
        sodium_peak=best[0],
        picture=trials.mean_image(0, "baseline", stimulated),
        change=change,
        box=(roi.y, roi.x, roi.height, roi.width),
    )


def best_area(measured: Sequence[AreaMeasures]) -> AreaMeasures | None:
    """Choose the example: two pulses, and the most sodium over its noise."""
    if not measured:
        return None
    return max(measured, key=lambda m: (len(m.pulses_ms) == 2, m.sodium_peak))


def area_values(measured: Sequence[AreaMeasures]) -> dict[str, Value]:
    """Give the paper's numbers of Figure 1's areas: each event of each trial, as there."""
    events = [np.asarray(m.events).reshape(-1, 2, 3) for m in measured]
    if not events:
        return {}
    every = np.concatenate(events)
    decays = every[:, 0, 1][np.isfinite(every[:, 0, 1])]
    below = np.array(
        [(np.sum(e[:, 0, 1] < 50), np.isfinite(e[:, 0, 1]).sum()) for e in events], np.float64
    )
    alone = [m.events for m in measured if len(m.pulses_ms) == 1]
    onsets = np.concatenate([np.asarray(e).reshape(-1, 2, 3)[:, 0, 2] for e in alone or [[]]])
    return {
        "area-sodium-rise": mean_of(every[:, 0, 0]),
        "area-calcium-rise": mean_of(every[:, 1, 0]),
        "area-decay-below-50": measure_of(below, lambda mean: 1e2 * mean[0] / mean[1]),
        "area-decay-middle": _median(decays),
        "area-onset": mean_of(onsets, note="trials with one pulse"),
    }


def _median(values: np.ndarray) -> Value:
    if len(values) < 2:
        return Value(float(values.mean()) if len(values) else np.nan, n=len(values))
    rng = np.random.default_rng(len(values))
    medians = np.median(rng.choice(values, (499, len(values))), axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return Value(float(np.median(values)), float(low), float(high), n=len(values))
