"""Figures 6-8 and 10 of the paper: what drugs, magnesium and spikes do to the responses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bluesky.plan_stubs as bps
import numpy as np
from benchmarks._areas import AREA_UA
from benchmarks._cells import Cells
from benchmarks._figures import within
from benchmarks._measure import Row
from benchmarks._preparation import Preparation
from benchmarks._single_spines import BLANKS, REST_S, one_spine
from benchmarks._trials import Trials
from numpy.typing import NDArray

from blueslice.analysis import Bleaching, Roi, smooth_in_time
from blueslice.plans import trial_series, two_pulse
from blueslice.sim import SliceParameters
from blueslice.trial import Pulse, Trial, paired_pulses

__all__ = ["drugs", "plateaus", "spikes_on_epsps"]

CELLS = 32
# Few trials in each solution: the paper's cells bear 5 to 10 before light has damaged them.
TRIALS = 3
WASH_S = 600.0
WASHOUT_S = 1800.0
# Strong enough for an NMDA spike.
PLATEAU_UA = 400.0
# The paper looks at "an ROI that might include several spines".
AREA_PX = 10
LOW_MG = "1 Mg ACSF"


@dataclass(frozen=True)
class Answer:
    """What one cell showed in one condition.

    Attributes
    ----------
    sodium, calcium : (samples,) arrays
        Mean dF/F over the trials, the baseline 0, from 12 ms before the last pulse.
    epsp_mV : float
        Height of the mean response at the soma.
    """

    sodium: NDArray[np.float64]
    calcium: NDArray[np.float64]
    epsp_mV: float


def _answer(trials: Trials, roi: Roi, bleaching: tuple[Bleaching | None, ...]) -> Answer:
    onset_s = max(p["onset_s"] for p in trials.start["trial"]["pulses"] if p["amplitude_uA"])
    chosen = [k for k, blank in enumerate(trials.blanks) if not blank]
    voltage = trials.arrays["amplifier-voltage"].reshape(len(trials), -1)[chosen].mean(axis=0)
    rate_Hz = len(voltage) / (trials.start["trial"]["frame_count"] / 500.0)
    rest = voltage[: int(0.03 * rate_Hz)].mean()
    peak = voltage[int((onset_s + 0.005) * rate_Hz) : int((onset_s + 0.04) * rate_Hz)].max()
    traces = [trials.traces(k, roi, bleaching) for k in trials.showing(roi, chosen)]
    means = []
    for ion in range(2):
        time_s = traces[0][ion].time_s
        mean = np.nanmean([t[ion].dff[0] for t in traces], axis=0)
        means.append(mean[time_s >= onset_s - 0.012])
    return Answer(means[0], means[1], float(peak - rest))


def _unseen(trials: Trials, stimulated: list[int]) -> Answer:
    """Answer of trials, each where the others answered.

    Where a trial itself answered most, chance had a part in it that treated trials have not.
    """
    answers = []
    for k in stimulated:
        roi = trials.responding([other for other in stimulated if other != k], AREA_PX)
        if trials.showing(roi, [k]):
            answers.append(_answer(trials.only([k]), roi, trials.bleaching(roi)))
    return Answer(
        np.mean([a.sodium for a in answers], axis=0),
        np.mean([a.calcium for a in answers], axis=0),
        float(np.mean([a.epsp_mV for a in answers])),
    )


def _wash(rig: Any, solution: str, seconds: float) -> Any:
    """Let a solution in and wait until the tissue is full of it."""
    yield from bps.abs_set(rig.perfusion, solution, wait=True)
    yield from bps.abs_set(rig.rest, seconds, wait=True)


def in_solutions(
    seed: int,
    solutions: Sequence[str],
    indicators: str = "bis-fura-2+ANG-2",
    amplitude_uA: float = AREA_UA,
) -> list[Answer]:
    """Take trials in one solution after the other, at the same ROI; the last is a washout."""
    series = {"trials": TRIALS, "rest_s": REST_S, "amplitude_uA": amplitude_uA}
    series["trials"] = TRIALS if len(solutions) < 3 else TRIALS - 1
    answers = []
    with Preparation(seed, indicators=indicators) as cell:
        cell.engine(_wash(cell.rig, solutions[0], WASH_S))
        control = cell.run(two_pulse, blanks=BLANKS, **series)
        reference = control.align()
        stimulated = [k for k, blank in enumerate(control.blanks) if not blank]
        answers.append(_unseen(control, stimulated))
        roi = control.responding(stimulated, AREA_PX)
        bleaching = control.bleaching(roi)
        for place, solution in enumerate(solutions[1:], 1):
            is_washout = place > 1 and solution == solutions[0]
            cell.engine(_wash(cell.rig, solution, WASHOUT_S if is_washout else WASH_S))
            treated = cell.run(two_pulse, **series)
            treated.align(reference)
            answers.append(_answer(treated, roi, bleaching))
    return answers


def trials_of_two_kinds(seed: int, kinds: tuple[Trial, Trial], solution: str) -> list[Answer]:
    """Take trials of two kinds in turns, so that both see the same cell."""
    with Preparation(seed) as cell:
        cell.engine(_wash(cell.rig, solution, WASH_S))
        trials = [kinds[0].with_blank()] * BLANKS + list(kinds) * TRIALS
        taken = cell.run(trial_series, trials=trials, rest_s=REST_S)
        taken.align()
        stimulated = list(range(BLANKS, len(taken)))
        roi = taken.responding(stimulated, AREA_PX)
        bleaching = taken.bleaching(roi)
        return [_answer(taken.only(stimulated[k::2]), roi, bleaching) for k in range(2)]


def _left(found: list[list[Answer]], name: str, *, after: int = 1, own_peak: bool = False) -> float:
    """Return what is left, in percent, of the peak of the mean over all cells.

    The treated trace is read where the control has its peak: the highest of many samples of a
    trace without a response would be one of noise. With `own_peak` each is read at its own.
    """
    before, treated = (
        np.mean([getattr(answers[which], name) for answers in found], axis=0)
        for which in (0, after)
    )
    if not before.ndim:
        return 1e2 * float(treated / before)

    def at_peak(trace: NDArray[np.float64], of: NDArray[np.float64]) -> float:
        peak = int(np.argmax(smooth_in_time(of, 2)))
        return float(trace[max(peak - 2, 0) : peak + 3].mean())

    own = treated if own_peak else before
    return 1e2 * at_peak(treated, own) / at_peak(before, before)


def _late(found: list[list[Answer]], which: int) -> float:
    """Return mean sodium 60-120 ms after the last pulse, over all cells."""
    return float(np.mean([answers[which].sodium[18:33].mean() for answers in found]))


def drugs(cells: Cells) -> list[Row]:
    """Compare what drugs and magnesium leave with the paper."""
    rows: list[Row] = []

    def take(*solutions: str, **arguments: Any) -> list[list[Answer]]:
        return cells.each(in_solutions, cells.take(CELLS), solutions=solutions, **arguments)

    def row(what: str, value: float, low: float, high: float) -> None:
        rows.append(within(what, value, "%", low, high))

    found = take(LOW_MG, f"{LOW_MG} + 5 uM CNQX", LOW_MG)
    row("CNQX 5 uM: sodium left (paper: almost abolished)", _left(found, "sodium"), -5, 10)
    row("CNQX 5 uM: calcium left (paper: most blocked)", _left(found, "calcium"), -5, 30)
    row("CNQX 5 uM: EPSP left (paper: blocked)", _left(found, "epsp_mV"), -5, 30)
    row("CNQX washed out: sodium (paper: restored)", _left(found, "sodium", after=2), 50, 110)
    row("CNQX washed out: calcium (paper: less so)", _left(found, "calcium", after=2), 30, 110)
    found = take(LOW_MG, f"{LOW_MG} + 10 uM CPP")
    row("CPP 10 uM: sodium left (paper: down about 20 %)", _left(found, "sodium"), 70, 90)
    row("CPP 10 uM: calcium left (paper: down about 90 %)", _left(found, "calcium"), 5, 20)
    row("CPP 10 uM: EPSP left (paper: little changed)", _left(found, "epsp_mV"), 80, 110)
    found = take(LOW_MG, f"{LOW_MG} + 10 uM CPP", indicators="bis-fura-2+fluo-5F")
    # Both dyes see calcium: where sodium is otherwise is fluo-5F.
    row("CPP, two calcium dyes: calcium left, by fluo-5F", _left(found, "sodium"), 5, 20)
    row("CPP, two calcium dyes: calcium left, by bis-fura-2", _left(found, "calcium"), 5, 20)
    found = take("ACSF", "0 Mg ACSF")
    row(
        "0 Mg: sodium against 2 mM Mg (paper: large)",
        _left(found, "sodium", own_peak=True),
        120,
        1000,
    )
    long = 1e2 * _late(found, 1) / _late(found, 0)
    row("0 Mg: sodium after 60-120 ms (paper: long)", long, 150, 10_000)
    found = take("0 Mg ACSF", "0 Mg ACSF + 5 uM CNQX")
    left = _left(found, "sodium", own_peak=True)
    row("0 Mg, CNQX: sodium left (paper: weakly reduced)", left, 60, 100)
    found = take("ACSF", "ACSF + 1 uM TTX")
    row("TTX 1 uM: sodium left (paper: nothing)", _left(found, "sodium"), -10, 10)
    row("TTX 1 uM: calcium left (paper: nothing)", _left(found, "calcium"), -10, 10)
    row("TTX 1 uM: EPSP left (paper: nothing)", _left(found, "epsp_mV"), -10, 10)
    # The same cells with and without, which no laboratory can do: what differs is QX-314.
    seeds = cells.take(CELLS)
    with_qx = cells.each(one_spine, seeds, parameters=SliceParameters(spikes_blocked=True))
    without = cells.each(one_spine, seeds)
    ratio = np.nanmean([m.sodium_peak for m in with_qx]) / np.nanmean(
        [m.sodium_peak for m in without]
    )
    row("QX-314: sodium against without (paper 8.5 against 10.1 %)", 1e2 * float(ratio), 60, 130)
    return rows


def spikes_on_epsps(cells: Cells) -> list[Row]:
    """Figure 8C: a spike on the EPSP leaves sodium as it is and raises calcium."""
    pulses = paired_pulses(interval_s=0.010, onset_s=0.036, amplitude_uA=AREA_UA)
    spike = Pulse(onset_s=0.054, width_s=0.003, amplitude_pA=3000.0, target="soma")
    kinds = (Trial(pulses=tuple(pulses)), Trial(pulses=(*pulses, spike)))
    found = cells.each(trials_of_two_kinds, cells.take(CELLS), kinds=kinds, solution=LOW_MG)
    return [
        within("spike on the EPSP: sodium (paper: the same)", _left(found, "sodium"), "%", 80, 120),
        within(
            "spike on the EPSP: calcium (paper: larger)", _left(found, "calcium"), "%", 110, 1e3
        ),
    ]


def plateaus(cells: Cells) -> list[Row]:
    """Figure 10A, B: an NMDA spike is long and large in both ions, and CPP blocks it."""
    solutions = (LOW_MG, f"{LOW_MG} + 10 uM CPP")
    seeds = cells.take(CELLS)
    weak = cells.each(in_solutions, seeds, solutions=solutions[:1])
    strong = cells.each(in_solutions, seeds, solutions=solutions, amplitude_uA=PLATEAU_UA)

    def against_weak(name: str) -> float:
        return _left([[w[0], s[0]] for w, s in zip(weak, strong, strict=True)], name, own_peak=True)

    late = 1e2 * _late(strong, 1) / _late(strong, 0)
    long = 1e2 * _late(strong, 0) / _late(weak, 0)
    return [
        within("NMDA spike: sodium against an EPSP's (paper: large)", against_weak("sodium"),
               "%", 130, 2000),
        within("NMDA spike: calcium against an EPSP's (paper: large)", against_weak("calcium"),
               "%", 130, 2000),
        within("NMDA spike: sodium after 60-120 ms (paper: long)", long, "%", 200, 10_000),
        within("NMDA spike, CPP: late sodium left (paper: blocked)", late, "%", -10, 30),
        within("NMDA spike, CPP: calcium left (paper: blocked)", _left(strong, "calcium"),
               "%", -5, 30),
    ]  # fmt: skip
