"""What a drug leaves, failures and responses of simulated cells, against their truth."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks._measure import Row
from benchmarks._same_sizes import same_rows
from benchmarks._scaled_cells import BASELINE_S, RESPONSE_S, ScaledCell, TakenTrial
from benchmarks._scaled_responses import IONS

from blueslice.analysis import ResponseSize, condition_means, run_responses

__all__ = ["size_rows"]

FRACTIONS = (0.0, 0.1, 0.5, 1.0)
COMPARISONS = 520
# Of a control in the window, in truth: below it an ROI shows no response to speak of.
LEAST_DFF = 0.02
MOST_BIAS = 0.02
COVERED_PERCENT = (90.0, 98.0)

SINGLE_TRIALS = 1000
SINGLES_A_CELL = 8
RESPONSE_DFF = 0.05
FAILURES_PERCENT, RESPONSES_PERCENT = 95.0, 90.0

# A trial whose ROI left the picture is taken again, but not for ever.
_TRIES = 4
_ROI = "found"


@dataclass(frozen=True)
class _Compared:
    """What a drug left in one ROI and ion, measured and in truth."""

    cell: int
    ion: str
    aimed: float
    true: float
    found: float
    low: float
    high: float


def size_rows(seed: int) -> Iterator[Row]:
    """Measure fresh cells as users do; about seven minutes."""
    fractions, singles, runs = np.random.SeedSequence(seed).spawn(3)
    yield from fraction_rows(np.random.default_rng(fractions))
    yield from single_rows(np.random.default_rng(singles))
    yield from same_rows([int(n) for n in runs.generate_state(3) % 1000])


def fraction_rows(rng: np.random.Generator, comparisons: int = COMPARISONS) -> Iterator[Row]:
    """Compare control and drug in cells of a known fraction left."""
    found: list[_Compared] = []
    cells = weak = 0
    while len(found) < comparisons:
        aimed = FRACTIONS[cells % len(FRACTIONS)]
        of_cell = compare(rng, aimed, cells)
        weak += len(IONS) - len(of_cell)
        found += of_cell
        cells += 1
    told = f"true control at least {1e2 * LEAST_DFF:g} %, 3 to 10 trials"
    yield Row(f"fractions left compared ({told})", len(found), "", ">= 500", len(found) >= 500)
    yield Row("left out, their true control being smaller", weak, "")
    lost = sum(np.isnan(one.found) for one in found)
    yield Row("without a fraction, their control not being above the noise", lost, "")
    for aimed in FRACTIONS:
        chosen = [one for one in found if one.aimed == aimed]
        yield from _bias_rows(f"fraction left {aimed:g}", chosen)
        yield Row(f"fraction left {aimed:g}: intervals that hold it", _held(chosen), "%")
        # The dye bleaches from control to drug, and the light beside the cell does not: the
        # same change of an ion is then a smaller dF/F.
        for ion in IONS:
            true = float(np.mean([one.true for one in chosen if one.ion == ion]))
            yield Row(f"fraction left {aimed:g}: true one of {ion} dF/F, bleached", true, "")
    yield from _bias_rows("fraction left, all", found)
    held, (low, high) = _held(found), COVERED_PERCENT
    case = "fraction left, all: intervals that hold it"
    yield Row(case, held, "%", f"{low:g}-{high:g}", low <= held <= high)


def compare(rng: np.random.Generator, aimed: float, number: int) -> list[_Compared]:
    """Take control and drug trials of a new cell; return each ion's fraction left."""
    cell = ScaledCell(int(rng.integers(2**31)))
    counts = rng.integers((1, 3, 3), (4, 11, 11)).tolist()
    takes = (cell.take_blank, lambda: cell.take(1.0), lambda: cell.take(aimed))
    taken = [_take(take, count) for take, count in zip(takes, counts, strict=True)]
    if not all(taken):
        return []
    blanks, control, drug = taken
    sizes = _measure([*blanks, *control, *drug], len(blanks))
    drug_from = len(blanks) + len(control)
    conditions = {
        "control": range(len(blanks), drug_from),
        "drug": range(drug_from, drug_from + len(drug)),
    }
    found = []
    for mean in condition_means(sizes, conditions):
        before, after = (
            float(np.mean([trial.true_size_dff[mean.ion] for trial in trials]))
            for trials in (control, drug)
        )
        if mean.left is None or before < LEAST_DFF:
            continue
        left = mean.left
        limits = left.fraction, left.low, left.high
        found.append(_Compared(number, mean.ion, aimed, after / before, *limits))
    return found


def _take(take: Callable[[], TakenTrial | None], count: int) -> list[TakenTrial]:
    """Take trials whose ROI stayed in the picture; none where it hardly ever does."""
    found: list[TakenTrial] = []
    for _ in range(_TRIES * count):
        trial = take()
        if trial is not None:
            found.append(trial)
        if len(found) == count:
            return found
    return []


def _measure(trials: Sequence[TakenTrial], blanks: int) -> dict[tuple[int, str, str], ResponseSize]:
    traces = dict(enumerate(trial.traces for trial in trials))
    return run_responses(traces, range(blanks), [_ROI], BASELINE_S, RESPONSE_S)


def _bias_rows(case: str, found: Sequence[_Compared]) -> Iterator[Row]:
    known = [one for one in found if np.isfinite(one.found)]
    errors = np.array([one.found - one.true for one in known])
    bias = float(errors.mean())
    # The ions of one cell share its movement and blanks: only cells are independent.
    cells = np.unique([one.cell for one in known], return_inverse=True)[1]
    by_cell = np.bincount(cells, weights=errors - bias)
    se = float(np.sqrt(np.sum(by_cell**2))) / len(errors)
    yield Row(f"{case}: bias", bias, "", f"< {MOST_BIAS:g}", abs(bias) < MOST_BIAS)
    yield Row(f"{case}: its standard error", se, "")


def _held(found: Sequence[_Compared]) -> float:
    known = [one for one in found if np.isfinite(one.found)]
    return 1e2 * float(np.mean([one.low <= one.true <= one.high for one in known]))


def single_rows(rng: np.random.Generator, trials: int = SINGLE_TRIALS) -> Iterator[Row]:
    """Count failures and responses of 5 % that are told from each other in single trials."""
    told: dict[str, list[bool | None]] = {name: [] for name in _KINDS}
    sizes: dict[str, list[float]] = {name: [] for name in _KINDS}
    while len(told["failure"]) < trials:
        cell = ScaledCell(int(rng.integers(2**31)))
        if min(cell.first.true_size_dff.values()) < LEAST_DFF:
            continue
        blanks = _take(cell.take_blank, int(rng.integers(1, 4)))
        for name, scales in _KINDS.items():
            of_kind = _take(
                lambda cell=cell, scales=scales: cell.take(scales(cell)), SINGLES_A_CELL
            )
            measured = _measure([*blanks, *of_kind], len(blanks)) if blanks else {}
            for (place, _, ion), size in measured.items():
                if place >= len(blanks):
                    told[name].append(size.is_response)
                    sizes[name].append(of_kind[place - len(blanks)].true_size_dff[ion])
    yield from _told_rows("failure", told["failure"], False, FAILURES_PERCENT)
    name = f"response of {1e2 * RESPONSE_DFF:g} %"
    yield Row(f"{name}: true mean in the window", 1e2 * float(np.mean(sizes["size"])), "%")
    yield from _told_rows(name, told["size"], True, RESPONSES_PERCENT)
    name = f"response with a peak of {1e2 * RESPONSE_DFF:g} %"
    yield Row(f"{name}: true mean in the window", 1e2 * float(np.mean(sizes["peak"])), "%")
    yield from _told_rows(name, told["peak"], True, None)


_KINDS: Mapping[str, Callable[[ScaledCell], Mapping[str, float]]] = {
    "failure": lambda _: dict.fromkeys(IONS, 0.0),
    "size": lambda cell: cell.scales_for(RESPONSE_DFF),
    "peak": lambda cell: cell.scales_for(RESPONSE_DFF, of_peak=True),
}


def _told_rows(
    name: str, told: Sequence[bool | None], expected: bool, least: float | None
) -> Iterator[Row]:
    share = 1e2 * float(np.mean([one is expected for one in told]))
    case = f"{name}: reported as {'responses' if expected else 'failures'} (n = {len(told)})"
    if least is None:
        yield Row(case, share, "%")
    else:
        yield Row(case, share, "%", f">= {least:g} %", share >= least)
