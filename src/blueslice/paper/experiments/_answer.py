"""How a cell answers in one condition, and what a drug leaves of that."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import Bleaching, Roi, nan_mean
from blueslice.errors import BadInputError
from blueslice.paper.experiments._protocol import AREA_PX
from blueslice.paper.measures import Array, Measures
from blueslice.paper.trials import Trials
from blueslice.paper.values import Value, measure_of

__all__ = ["Answer", "Answers", "answer_of", "late_ratio", "left_of", "sizes_of", "unseen_answers"]

# What is kept of a trace: from 12 ms before the last pulse, 41 frames of each LED (164 ms).
BEFORE_S, SAMPLES = 0.012, 36
VOLTAGE_STEP_S = 0.00025
# Of these, where a response's size is read: 4 to 28 ms after the last pulse, in every condition.
WINDOW = slice(4, 10)


class Answer(Measures):
    """What one cell showed in one condition.

    Attributes
    ----------
    sodium, calcium : (36,) arrays
        Mean dF/F over the trials, one value per 4 ms from 12 ms before the last pulse.
    epsp_mV : float
        Height of the mean response at the soma.
    voltage_mV : (samples,) array
        The mean potential, each 0.25 ms from the trial's start.
    """

    sodium: Array
    calcium: Array
    epsp_mV: float
    voltage_mV: Array


class Answers(Measures):
    """What one cell showed in all conditions, with its picture.

    Attributes
    ----------
    answers : tuple of Answer
        In the order of the conditions.
    pulses_ms : (pulses,) array
        From the trial's start.
    picture, change : (80, 80) arrays
        Resting light and the mean difference image of the first dye, in the first condition.
    box : (y, x, height, width)
        Where was measured, in pixels.
    """

    answers: tuple[Answer, ...]
    pulses_ms: Array
    picture: Array
    change: Array
    box: tuple[int, int, int, int]


def _last_synaptic_s(trials: Trials) -> float:
    pulses = trials.start["trial"]["pulses"]
    return max(pulse["onset_s"] for pulse in pulses if pulse["amplitude_uA"])


def answer_of(trials: Trials, roi: Roi, bleaching: tuple[Bleaching | None, ...]) -> Answer:
    """Average the stimulated trials that show the ROI."""
    onset_s = _last_synaptic_s(trials)
    rate_Hz = trials.sample_rate_Hz
    voltage = np.mean([trials.voltage(k) for k in trials.stimulated], axis=0)
    rest = voltage[: int(0.03 * rate_Hz)].mean()
    peak = voltage[int((onset_s + 0.005) * rate_Hz) : int((onset_s + 0.04) * rate_Hz)].max()
    traces = [trials.traces(k, roi, bleaching) for k in trials.showing(roi, trials.stimulated)]
    means = []
    for ion in range(2):
        time_s = traces[0][ion].time_s
        mean = nan_mean([t[ion].dff[0] for t in traces])
        means.append(mean[time_s >= onset_s - BEFORE_S][:SAMPLES])
    step = round(VOLTAGE_STEP_S * rate_Hz)
    return Answer(
        sodium=means[0],
        calcium=means[1],
        epsp_mV=float(peak - rest),
        voltage_mV=voltage[::step],
    )


def unseen_answers(trials: Trials, conditions: Sequence[Sequence[int]]) -> list[Answer]:
    """Average the trials of each condition, each read at a place that it had no part in.

    Where a trial itself answered most, chance has a part in it: a place found on the control's
    trials shows the control too large, and what is left of it too small. So each trial, of
    whatever condition, is read where all the others answered.

    Parameters
    ----------
    trials : Trials
        All of them, placed.
    conditions : sequence of sequence of int
        The places in `trials` of each condition's stimulated ones.
    """
    together = [k for condition in conditions for k in condition]
    alone: dict[int, Answer] = {}
    for k in together:
        roi = trials.responding([other for other in together if other != k], AREA_PX)
        if trials.showing(roi, [k]):
            alone[k] = answer_of(trials.only([k]), roi, trials.bleaching(roi))
    answers = [[alone[k] for k in condition if k in alone] for condition in conditions]
    if not all(answers):
        raise BadInputError("the slice moved so far that a condition does not show the place")
    return [_mean(of_one) for of_one in answers]


def _mean(answers: Sequence[Answer]) -> Answer:
    return Answer(
        sodium=np.mean([a.sodium for a in answers], axis=0),
        calcium=np.mean([a.calcium for a in answers], axis=0),
        epsp_mV=float(np.mean([a.epsp_mV for a in answers])),
        voltage_mV=np.mean([a.voltage_mV for a in answers], axis=0),
    )


def left_of(before: Sequence[Answer], after: Sequence[Answer], name: str) -> Value:
    """Return what is left, in percent, of the mean size over all cells.

    Both are read in the same window, fixed beforehand: where a trace itself is highest its noise
    has a part in it, and where the control is highest that of the control.
    """
    pairs = [[getattr(b, name), getattr(a, name)] for b, a in zip(before, after, strict=True)]

    def left(mean: NDArray[np.float64]) -> float:
        control, treated = (_size(trace) for trace in mean)
        return 1e2 * treated / control

    return measure_of(pairs, left)


def _size(trace: NDArray[np.float64]) -> float:
    """Return the size of a response; of what is a number that itself."""
    return float(trace if np.ndim(trace) == 0 else np.mean(trace[WINDOW]))


def late_ratio(before: Sequence[Answer], after: Sequence[Answer]) -> Value:
    """Compare mean sodium 60-120 ms after the last pulse: the second over the first, in percent."""
    pairs = [
        [np.mean(np.asarray(a.sodium)[18:33]) for a in pair]
        for pair in zip(before, after, strict=True)
    ]
    return measure_of(pairs, lambda mean: 1e2 * float(mean[1] / mean[0]))


def sizes_of(conditions: Sequence[Sequence[Answer]], name: str) -> NDArray[np.float64]:
    """Return the size of each cell's response in each condition: (cells, conditions)."""
    return np.array(
        [[_size(np.asarray(getattr(a, name))) for a in answers] for answers in conditions]
    ).T
