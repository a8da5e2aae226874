"""The simulated cells against the figures of Miyazaki & Ross 2017, by the ordinary analysis."""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bluesky.plan_stubs as bps
import numpy as np
from benchmarks._experiment import (
    MM_PER_DFF,
    Preparation,
    SpineMeasures,
    Trials,
    find_spine,
    measure_spine,
    window_mean,
)
from benchmarks._measure import Row

from blueslice.analysis import Roi, response_measures
from blueslice.plans import trial_series, two_pulse
from blueslice.sim import SliceParameters
from blueslice.trial import Pulse, Trial

# The paper: 9 spines of 7 cells, 5-10 trials each.
SPINES = 16
TRIALS = 8
# Without a stimulus, first: what bleaching does is taken from them.
BLANKS = 2
DRUG_CELLS = 12
DRUG_TRIALS = 4
# Strong enough for several spines, which are looked at together: an area, as in Figs 6-8.
DRUG_AMPLITUDE_UA = 110.0
AREA_PX = 8
SPIKE_CELLS = 6
REST_S = 20.0
WASH_S = 600.0


@dataclass(frozen=True)
class Figure:
    """A figure of the paper: mean and SD; NaN where it gives none."""

    what: str
    unit: str
    mean: float
    sd: float


SINGLE_SPINES = {
    "sodium_rise_ms": Figure("sodium rise 10-90 %", "ms", 8.6, 2.7),
    "sodium_half_decay_ms": Figure("sodium half-decay", "ms", 16.6, 4.5),
    "calcium_peak_ms": Figure("calcium time to peak", "ms", 19.6, 4.9),
    "sodium_width_um": Figure("sodium width at half maximum", "um", 1.3, 0.2),
    "calcium_width_um": Figure("calcium width at half maximum", "um", 1.3, 0.4),
    "sodium_peak_percent": Figure("ANG-2 dF/F, raw", "%", 8.7, 3.0),
    "removed_percent": Figure("ANG-2 dF/F, background removed", "%", 24.1, 10.3),
    "sodium_mM": Figure("sodium, by the paper's 10 % = 2.3 mM", "mM", 5.7, 2.4),
    "background_percent": Figure("background under a spine", "%", 62.0, 11.0),
}


def run(seed: int) -> list[Row]:
    """Do the experiments on cells that nobody has seen."""
    seeds = iter(np.random.SeedSequence(seed).generate_state(1000).tolist())
    with warnings.catch_warnings():
        # Means of pixels that no trial shows.
        warnings.simplefilter("ignore", RuntimeWarning)
        rows = single_spines(seeds)
        rows += drugs(seeds)
        rows += action_potentials(seeds)
    return rows


def against(figure: Figure, values: list[float]) -> list[Row]:
    """Compare a mean and its SD with the paper's."""
    known = np.array([value for value in values if math.isfinite(value)])
    mean = float(known.mean()) if len(known) else math.nan
    sd = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    low, high = figure.mean - figure.sd, figure.mean + figure.sd
    return [
        Row(
            f"{figure.what} (paper {figure.mean:g} +- {figure.sd:g}; n = {len(known)})",
            mean,
            figure.unit,
            f"{low:.3g}-{high:.3g}",
            low <= mean <= high,
        ),
        Row(
            f"{figure.what}: SD against the paper's",
            sd / figure.sd,
            "x",
            "0.5-1.5",
            0.5 <= sd / figure.sd <= 1.5,
        ),
    ]


def single_spines(seeds: Iterator[int]) -> list[Row]:
    """Figures 2-4: one spine, a pair of pulses just strong enough."""
    measured: list[SpineMeasures] = []
    for _ in range(SPINES):
        with Preparation(next(seeds)) as cell:
            measured.append(
                measure_spine(cell.run(two_pulse, trials=TRIALS, blanks=BLANKS, rest_s=REST_S))
            )
    # A spine that answered less than twice would not have been published.
    good = [m for m in measured if m.first + m.second >= 2]
    values = {name: [getattr(m, name) for m in good] for name in SpineMeasures.__dataclass_fields__}
    values["sodium_peak_percent"] = [1e2 * m.sodium_peak for m in good]
    values["removed_percent"] = [1e2 * m.sodium_peak / (1 - m.background) for m in good]
    values["sodium_mM"] = [MM_PER_DFF * m.sodium_peak / (1 - m.background) for m in good]
    values["background_percent"] = [1e2 * m.background for m in good]
    rows = [row for name, figure in SINGLE_SPINES.items() for row in against(figure, values[name])]
    first, second = sum(m.first for m in measured), sum(m.second for m in measured)
    share = 1e2 * second / (first + second)
    error = 1e2 * math.sqrt(0.58 * 0.42 / 26)
    rows.append(
        Row(
            f"successes that began on the second pulse (paper 58, of 26; n = {first + second})",
            share,
            "%",
            f"{58 - error:.0f}-{58 + error:.0f}",
            abs(share - 58) <= error,
        )
    )
    return rows


def _wash(rig: Any, solution: str) -> Any:
    """Let a solution in and wait until the tissue is full of it."""
    yield from bps.abs_set(rig.perfusion, solution, wait=True)
    yield from bps.abs_set(rig.rest, WASH_S, wait=True)


@dataclass
class Answer:
    """Mean responses of one condition: sodium and calcium dF/F, the EPSP in mV."""

    sodium: float
    calcium: float
    epsp_mV: float
    late_sodium: float


def _answer(trials: Trials, roi: Roi, bleaching: tuple[Any, ...]) -> Answer:
    onset_s = trials.start["trial"]["pulses"][-1]["onset_s"]
    rate_Hz = 20_000.0
    chosen = [k for k, blank in enumerate(trials.blanks) if not blank]
    traces = [trials.traces(k, roi, bleaching) for k in chosen]
    voltage = trials.arrays["amplifier-voltage"].reshape(len(trials), -1)[chosen].mean(axis=0)
    rest = voltage[: int(0.03 * rate_Hz)].mean()
    peak = voltage[int((onset_s + 0.005) * rate_Hz) : int((onset_s + 0.04) * rate_Hz)].max()
    return Answer(
        float(np.mean([window_mean(t[0], onset_s + 0.004, onset_s + 0.024) for t in traces])),
        float(np.mean([window_mean(t[1], onset_s + 0.008, onset_s + 0.040) for t in traces])),
        float(peak - rest),
        float(np.mean([window_mean(t[0], onset_s + 0.060, onset_s + 0.120) for t in traces])),
    )


def _experiment(seed: int, first: str, second: str) -> tuple[Answer, Answer]:
    """Take trials in one solution, then in another, at the same ROI."""
    series = {"trials": DRUG_TRIALS, "rest_s": REST_S, "amplitude_uA": DRUG_AMPLITUDE_UA}
    with Preparation(seed) as cell:
        cell.engine(_wash(cell.rig, first))
        control = cell.run(two_pulse, blanks=BLANKS, **series)
        reference = control.align()
        stimulated = [k for k, blank in enumerate(control.blanks) if not blank]
        roi = find_spine(control, stimulated, AREA_PX)
        bleaching = control.bleaching(roi)
        cell.engine(_wash(cell.rig, second))
        treated = cell.run(two_pulse, **series)
        treated.align(reference)
        return _answer(control, roi, bleaching), _answer(treated, roi, bleaching)


def drugs(seeds: Iterator[int]) -> list[Row]:
    """Figures 6-8 and 10: what drugs leave of the responses, over all cells together."""
    rows: list[Row] = []

    def left(pairs: list[tuple[Answer, Answer]], name: str) -> float:
        before = sum(getattr(control, name) for control, _ in pairs)
        return 1e2 * sum(getattr(treated, name) for _, treated in pairs) / before

    def row(what: str, value: float, low: float, high: float) -> None:
        rows.append(Row(what, value, "%", f"{low:g}-{high:g}", low <= value <= high))

    def pairs_of(first: str, second: str) -> list[tuple[Answer, Answer]]:
        return [_experiment(next(seeds), first, second) for _ in range(DRUG_CELLS)]

    found = pairs_of("1 Mg ACSF", "1 Mg ACSF + 5 uM CNQX")
    row("CNQX 5 uM: sodium left (paper: almost abolished)", left(found, "sodium"), -5, 10)
    row("CNQX 5 uM: calcium left (paper: most blocked)", left(found, "calcium"), -5, 30)
    row("CNQX 5 uM: EPSP left (paper: blocked)", left(found, "epsp_mV"), -5, 30)
    found = pairs_of("1 Mg ACSF", "1 Mg ACSF + 10 uM CPP")
    row("CPP 10 uM: sodium left (paper: down about 20 %)", left(found, "sodium"), 70, 90)
    row("CPP 10 uM: calcium left (paper: down about 90 %)", left(found, "calcium"), 5, 20)
    row("CPP 10 uM: EPSP left (paper: little changed)", left(found, "epsp_mV"), 80, 110)
    found = pairs_of("ACSF", "0 Mg ACSF")
    row("0 Mg: sodium against 2 mM Mg (paper: large)", left(found, "sodium"), 120, 1000)
    row("0 Mg: sodium after 60-120 ms (paper: long)", left(found, "late_sodium"), 150, 10_000)
    found = pairs_of("0 Mg ACSF", "0 Mg ACSF + 5 uM CNQX")
    row("0 Mg, CNQX: sodium left (paper: weakly reduced)", left(found, "sodium"), 60, 110)
    found = pairs_of("ACSF", "ACSF + 1 uM TTX")
    row("TTX 1 uM: sodium left (paper: nothing)", left(found, "sodium"), -10, 10)
    row("TTX 1 uM: calcium left (paper: nothing)", left(found, "calcium"), -10, 10)
    row("TTX 1 uM: EPSP left (paper: nothing)", left(found, "epsp_mV"), -10, 10)
    blocked, free = [], []
    for parameters, answers in ((SliceParameters(spikes_blocked=True), blocked), (None, free)):
        for _ in range(DRUG_CELLS):
            with Preparation(next(seeds), parameters=parameters) as cell:
                trials = cell.run(two_pulse, trials=TRIALS, blanks=BLANKS, rest_s=REST_S)
                answers.append(measure_spine(trials).sodium_peak)
    ratio = 1e2 * float(np.nanmean(blocked) / np.nanmean(free))
    row("QX-314: sodium against without (paper 8.5 against 10.1 %)", ratio, 60, 130)
    return rows


def _pulses(count: int, interval_s: float) -> tuple[Pulse, ...]:
    """Return intrasomatic pulses that evoke a spike each."""
    return tuple(
        Pulse(onset_s=0.040 + k * interval_s, width_s=0.003, amplitude_pA=3000.0, target="soma")
        for k in range(count)
    )


def _on_dendrite(trials: Trials) -> Roi:
    """Choose the brightest place of the dendrite, away from the edges."""
    picture = trials.mean_image(0, "baseline", list(range(len(trials))))
    inner = np.nan_to_num(picture)[14:-14, 14:-14]
    y, x = np.unravel_index(int(np.argmax(inner)), inner.shape)
    return Roi(name="dendrite", y=int(y) + 10, x=int(x) + 10, height=9, width=9)


def action_potentials(seeds: Iterator[int]) -> list[Row]:
    """Figure 1E and the calibration: a single spike, and a train of ten."""
    sodium, calcium, train, per_spike = [], [], [], []
    for _ in range(SPIKE_CELLS):
        with Preparation(next(seeds)) as cell:
            spike = Trial(pulses=_pulses(1, 0.02))
            trials = [spike.with_blank()] * BLANKS + [spike] * TRIALS
            single = cell.run(trial_series, trials=trials, rest_s=REST_S)
            single.align()
            roi = _on_dendrite(single)
            bleaching = single.bleaching(roi)
            traces = [single.traces(k, roi, bleaching) for k in range(BLANKS, len(single))]
            for ion, found in ((0, sodium), (1, calcium)):
                mean = np.mean([t[ion].dff[0] for t in traces], axis=0)
                measures = response_measures(traces[0][ion].time_s, mean, 0.040)
                found.append(measures.rise_10_90_s * 1e3)
        with Preparation(next(seeds)) as cell:
            ten = Trial(frame_count=200, pulses=_pulses(10, 0.02))
            trials = [ten.with_blank()] * BLANKS + [ten] * 4
            many = cell.run(trial_series, trials=trials, rest_s=REST_S)
            many.align()
            roi = _on_dendrite(many)
            bleaching = many.bleaching(roi)
            rises = [
                window_mean(many.traces(k, roi, bleaching)[0], 0.25, 0.35)
                for k in range(BLANKS, len(many))
            ]
            train.append(1e2 * float(np.mean(rises)))
            background = 0.7
            per_spike.append(train[-1] / 1e2 / (1 - background) * MM_PER_DFF / 10)
    return [
        *against(Figure("single spike, sodium rise", "ms", 2.85, 1.0), sodium),
        *against(Figure("single spike, calcium rise", "ms", 4.6, 0.5), calcium),
        *against(Figure("ten spikes, ANG-2 dF/F, raw", "%", 1.53, 0.5), train),
        Row(
            "sodium per spike, by the paper's conversions (paper 0.13)",
            float(np.mean(per_spike)),
            "mM",
            "0.08-0.18",
            0.08 <= float(np.mean(per_spike)) <= 0.18,
        ),
    ]
