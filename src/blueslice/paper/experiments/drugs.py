"""Figures 6, 7, 8 and 10: what drugs, magnesium and a spike do to the responses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from blueslice.analysis import compare_paired
from blueslice.paper.experiments._answer import (
    Answer,
    Answers,
    answer_of,
    late_ratio,
    left_of,
    sizes_of,
    unseen_answers,
)
from blueslice.paper.experiments._protocol import AREA_PX, AREA_UA, BLANKS, REST_S
from blueslice.paper.laboratory import Laboratory
from blueslice.paper.trials import Trials
from blueslice.paper.values import Value, mean_of, p_value
from blueslice.plans import WashStep, drug_wash, trial_series
from blueslice.rig import SliceParameters
from blueslice.trial import Pulse, Trial, paired_pulses

__all__ = [
    "LOW_MG",
    "cnqx_values",
    "cpp_values",
    "epsp_spike_values",
    "in_solutions",
    "plateau_values",
    "spike_on_epsp",
]

# How many trials in each, by the number of solutions. With two blanks eight at most: of the 5 to
# 10 that the paper's cells bear, the last are already smaller by what light has done.
TRIALS = {1: (3,), 2: (3, 3), 3: (2, 2, 2)}
# How often as many cells as the paper had are drawn from ours.
_P_DRAWS = 199
WASH_S = 600.0
WASHOUT_S = 1800.0
STEPS = ("control", "treated", "washout")
LOW_MG = "1 Mg ACSF"


def in_solutions(
    laboratory: Laboratory,
    seed: int,
    *,
    solutions: Sequence[str],
    indicators: str = "bis-fura-2+ANG-2",
    amplitude_uA: float = AREA_UA,
    holding_pA: float = 0.0,
) -> Answers:
    """Take trials in one solution after the other, at the same ROI; a third is a washout."""
    steps = []
    for place, (solution, count) in enumerate(zip(solutions, TRIALS[len(solutions)], strict=True)):
        is_washout = place > 1 and solution == solutions[0]
        steps.append(
            WashStep(
                name=STEPS[place],
                solution=solution,
                wait=WASHOUT_S if is_washout else WASH_S,
                trials=count,
                blanks=0 if place else BLANKS,
                interval_s=REST_S,
            )
        )
    usual = SliceParameters()
    held = usual.replace(amplifier=usual.amplifier.replace(holding_pA=holding_pA))
    with laboratory.cell(seed, indicators=indicators, parameters=held) as cell:
        taken = cell.run(drug_wash, steps=steps, amplitude_uA=amplitude_uA)
    taken.align()
    of_step = list(taken.start["trial_table"]["step"])
    conditions = [
        [k for k in taken.stimulated if of_step[k] == number] for number in range(1, len(steps) + 1)
    ]
    answers = unseen_answers(taken, conditions)
    control = taken.only([k for k, step in enumerate(of_step) if step == 1])
    return _with_picture(answers, control, control.responding(control.stimulated, AREA_PX))


def spike_on_epsp(laboratory: Laboratory, seed: int, *, solution: str) -> Answers:
    """Take trials without and with a spike on the EPSP in turns: both see the same cell."""
    pulses = paired_pulses(interval_s=0.010, onset_s=0.036, amplitude_uA=AREA_UA)
    spike = Pulse(onset_s=0.054, width_s=0.003, amplitude_pA=3000.0, target="soma")
    kinds = (Trial(pulses=tuple(pulses)), Trial(pulses=(*pulses, spike)))
    with laboratory.cell(seed) as cell:
        cell.wash(solution, WASH_S)
        series = [kinds[0].with_blank()] * BLANKS + list(kinds) * TRIALS[2][0]
        taken = cell.run(trial_series, trials=series, rest_s=REST_S)
    taken.align()
    roi = taken.responding(taken.stimulated, AREA_PX)
    bleaching = taken.bleaching(roi)
    answers = [answer_of(taken.only(taken.stimulated[k::2]), roi, bleaching) for k in range(2)]
    return _with_picture(answers, taken, roi)


def _with_picture(answers: list[Answer], control: Trials, roi: Any) -> Answers:
    sign = control.parameters.sign[control.parameters.ions[0]]
    return Answers(
        answers=tuple(answers),
        pulses_ms=[1e3 * onset_s for onset_s in control.onsets_s],
        picture=control.mean_image(0, "baseline", control.stimulated),
        change=sign * control.mean_image(0, "delta", control.stimulated),
        box=(roi.y, roi.x, roi.height, roi.width),
    )


def _conditions(found: Sequence[Answers]) -> list[list[Answer]]:
    return [list(of) for of in zip(*(one.answers for one in found), strict=True)]


def _p(found: list[list[Answer]], name: str, cells: int, *, after: int = 1) -> Value:
    """Test as the paper did: a paired t test of the sizes of as many cells as it had.

    One draw of a few cells is luck: of many such draws from our cells the middle p is told, and
    between what 95 % of them lie.
    """
    sizes = sizes_of([found[0], found[after]], name)
    if len(sizes) < 2:
        return Value(float("nan"))
    rng = np.random.default_rng(cells)
    draws = [rng.choice(len(sizes), min(cells, len(sizes)), replace=False) for _ in range(_P_DRAWS)]
    tests = [compare_paired(*sizes[draw].T, unit="cell") for draw in draws]
    low, middle, high = np.quantile([test.p_value for test in tests], (0.025, 0.5, 0.975))
    taken = len(draws[0])
    # A few cells may not show what all of them do.
    everyone = compare_paired(*sizes.T, unit="cell")
    note = f"{tests[0].test}, middle of {_P_DRAWS} draws of {taken}; p {everyone.p_value:.1g} with "
    return replace(
        p_value(float(middle), taken, f"{note}all {len(sizes)} cells"),
        low=float(low),
        high=float(high),
    )


def cnqx_values(cnqx: Sequence[Answers], ttx: Sequence[Answers]) -> dict[str, Value]:
    """Give the numbers of Figure 6, and those of TTX."""
    values: dict[str, Value] = {}
    if ttx:
        before, after = _conditions(ttx)
        for what, name in (("sodium", "sodium"), ("calcium", "calcium"), ("epsp", "epsp_mV")):
            values[f"ttx-{what}"] = left_of(before, after, name)
    if cnqx:
        found = _conditions(cnqx)
        for what, name in (("sodium", "sodium"), ("calcium", "calcium"), ("epsp", "epsp_mV")):
            values[f"cnqx-{what}"] = left_of(found[0], found[1], name)
        for ion in ("sodium", "calcium"):
            values[f"cnqx-{ion}-p"] = _p(found, ion, 10)
            values[f"washout-{ion}"] = left_of(found[0], found[2], ion)
            # What came back, against what CNQX had left.
            values[f"washout-{ion}-p"] = _p([found[1], found[2]], ion, 3)
    return values


def cpp_values(cpp: Sequence[Answers], two_dyes: Sequence[Answers]) -> dict[str, Value]:
    """Give the numbers of Figure 7."""
    values: dict[str, Value] = {}
    if cpp:
        found = _conditions(cpp)
        for what, name in (("sodium", "sodium"), ("calcium", "calcium"), ("epsp", "epsp_mV")):
            values[f"cpp-{what}"] = left_of(found[0], found[1], name)
        values |= {f"cpp-{ion}-p": _p(found, ion, 5) for ion in ("sodium", "calcium")}
    if two_dyes:
        found = _conditions(two_dyes)
        # Both dyes see calcium: where sodium is otherwise is fluo-5F.
        for dye, name in (("fluo", "sodium"), ("bisfura", "calcium")):
            values[f"cpp-{dye}"] = left_of(found[0], found[1], name)
            values[f"cpp-{dye}-p"] = _p(found, name, 5)
    return values


def epsp_spike_values(measured: Sequence[Answers]) -> dict[str, Value]:
    """Give the numbers of Figure 8C."""
    if not measured:
        return {}
    found = _conditions(measured)
    values = {
        f"epsp-spike-{ion}": left_of(found[0], found[1], ion) for ion in ("sodium", "calcium")
    }
    return values | {f"epsp-spike-{ion}-p": _p(found, ion, 7) for ion in ("sodium", "calcium")}


def _rest_mV(answer: Answer) -> float:
    """Return the potential in the 30 ms before the stimulus."""
    return float(np.mean(np.asarray(answer.voltage_mV)[:120]))


def plateau_values(
    mg0: Sequence[Answers],
    mg0_cnqx: Sequence[Answers],
    weak: Sequence[Answers],
    strong: Sequence[Answers],
) -> dict[str, Value]:
    """Give the numbers of Figure 10; `weak` and `strong` are of the same cells."""
    values: dict[str, Value] = {}
    if mg0:
        before, after = _conditions(mg0)
        values["mg0-sodium"] = left_of(before, after, "sodium")
        values["mg0-late"] = late_ratio(before, after)
    if mg0_cnqx:
        found = _conditions(mg0_cnqx)
        values["mg0-cnqx-sodium"] = left_of(found[0], found[1], "sodium")
        values["mg0-cnqx-p"] = _p(found, "sodium", 5)
    if strong and len(weak) == len(strong):
        epsps, (spikes, blocked) = _conditions(weak)[0], _conditions(strong)
        for ion in ("sodium", "calcium"):
            values[f"plateau-{ion}"] = left_of(epsps, spikes, ion)
        values["plateau-late"] = late_ratio(epsps, spikes)
        values["plateau-cpp-late"] = late_ratio(spikes, blocked)
        values["plateau-cpp-calcium"] = left_of(spikes, blocked, "calcium")
        values["patch-holding"] = mean_of(
            [_rest_mV(held) - _rest_mV(free) for free, held in zip(epsps, spikes, strict=True)]
        )
    return values
