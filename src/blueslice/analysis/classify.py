"""Which pulse of a trial evoked its response: the first, the second, another, or none."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.optimize

from blueslice.errors import BadInputError

__all__ = ["TrialClass", "classify_trial"]

# Differences of two exponentials after a latency, the sodium of a spine: (rise, decay) in s.
_SHAPES_S = tuple(itertools.product((0.0015, 0.004, 0.008), (0.012, 0.025, 0.050)))
_LATENCIES_S = (0.001, 0.002, 0.003, 0.004, 0.005)
# How much later than the last pulse the trace is still looked at, in s.
_AFTER_S = 0.060
# Gains in chi-square (squares of standard errors): from the first on it is so, below the second
# it is not, between them it is unclear.
_CLEAR, _DOUBTFUL = 16.0, 9.0
# A part of the whole gain that may come from a shape that is not among the above.
_MISFIT = 0.04
_FEWEST_BASELINE = 4


@dataclass(frozen=True)
class TrialClass:
    """What a trial's trace says of its pulses.

    Attributes
    ----------
    kind : {"response", "failure", "unclear"}
        Unclear where the trace fits two answers about as well.
    pulse : int or None
        The pulse that the response began on, 0 for the first; None unless it is a response.
        Later pulses may have released as well.
    response_evidence : float
        By how many squared standard errors any response explains the trace better than none.
    """

    kind: Literal["response", "failure", "unclear"]
    pulse: int | None
    response_evidence: float

    @property
    def text(self) -> str:
        """In words: ``"response to pulse 1"``, ``"failure"`` or ``"unclear"``."""
        return self.kind if self.pulse is None else f"response to pulse {self.pulse + 1}"


def classify_trial(
    time_s: npt.ArrayLike,
    sodium_dff: npt.ArrayLike,
    onsets_s: Sequence[float],
    *,
    noise_dff: float | None = None,
) -> TrialClass:
    """Tell which pulse a trial's sodium response began on.

    For each pulse k the trace is fitted by a baseline and responses to pulse k and those after
    it, none of them negative, of the latency and shape (of 45) that fit best. Each such model
    holds the next one in it, so the response began on the first pulse that cannot be left out.
    Leaving a pulse out is forbidden where that costs 16 squared standard errors and 4 % of all
    that the responses explain (for shapes that are not among the 45), and allowed below 9 and
    2 %. Between them the trial is unclear, and also where a response to an earlier pulse alone
    explains the trace within 9 as well as one to the pulse found alone.

    Parameters
    ----------
    time_s : array_like, shape (samples,)
        Mid-exposure times in s.
    sodium_dff : array_like, shape (samples,)
        dF/F of one ROI, bleaching removed; NaN is skipped.
    onsets_s : sequence of float
        Onsets of the pulses, rising, on the same clock.
    noise_dff : float, optional
        SD of a sample. Default: of the samples before the first pulse; with fewer than about ten
        of them better give that of many trials.

    Returns
    -------
    TrialClass

    Raises
    ------
    BadInputError
        When shapes do not match, pulses do not rise, too few samples are known, or the noise is
        not positive.
    """
    times, values = np.asarray(time_s, np.float64), np.asarray(sodium_dff, np.float64)
    onsets = np.asarray(onsets_s, np.float64)
    if times.ndim != 1 or times.shape != values.shape:
        raise BadInputError(
            f"times and dF/F have shapes {times.shape} and {values.shape}; give one trace of each"
        )
    if onsets.ndim != 1 or not onsets.size or not (np.diff(onsets) > 0).all():
        raise BadInputError(f"onsets_s = {list(onsets_s)!r}: give one rising time for each pulse")
    known = np.isfinite(times) & np.isfinite(values) & (times < onsets[-1] + _AFTER_S)
    times, values = times[known], values[known]
    before = times < onsets[0]
    if before.sum() < _FEWEST_BASELINE or (times >= onsets[-1]).sum() < _FEWEST_BASELINE:
        raise BadInputError(
            f"{before.sum()} samples are known before the first pulse and "
            f"{(times >= onsets[-1]).sum()} in the {_AFTER_S:g} s after the last; "
            f"{_FEWEST_BASELINE} of each are needed"
        )
    if noise_dff is None:
        noise_dff = float(np.std(values[before], ddof=1))
    if not 0 < noise_dff < np.inf:
        raise BadInputError(f"the noise is {noise_dff!r}; give noise_dff above 0")
    from_pulse, alone = _misfits(times, values / noise_dff, onsets)
    evidence = float(from_pulse[-1] - from_pulse[0])
    for pulse, loss in enumerate(np.diff(from_pulse).tolist()):
        if loss >= max(_CLEAR, _MISFIT * evidence):
            if pulse and alone[:pulse].min() - alone[pulse] < _DOUBTFUL:
                break
            return TrialClass("response", pulse, evidence)
        if loss >= max(_DOUBTFUL, _MISFIT / 2 * evidence):
            break
    else:
        return TrialClass("failure", None, evidence)
    return TrialClass("unclear", None, evidence)


def _misfits(
    times: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    onsets: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return chi-square without the first 0, 1, ... and all pulses, and of each pulse alone."""
    count = len(onsets)
    from_pulse, alone = np.full(count + 1, np.inf), np.full(count, np.inf)
    from_pulse[-1] = float(np.sum((values - values.mean()) ** 2))
    level = np.ones_like(times)
    for (rise_s, decay_s), latency_s in itertools.product(_SHAPES_S, _LATENCIES_S):
        since_s = np.maximum(times - onsets[:, None] - latency_s, 0.0)
        responses = np.exp(-since_s / decay_s) - np.exp(-since_s / rise_s)
        for found, chosen in ((from_pulse, slice(None)), (alone, slice(1))):
            for pulse in range(count):
                # the baseline may be of either sign, which nnls takes as two columns
                columns = np.stack([level, -level, *responses[pulse:][chosen]], axis=1)
                _, distance = scipy.optimize.nnls(columns, values)
                found[pulse] = min(found[pulse], distance**2)
    # a larger model holds the smaller one: what a solver leaves undone must not say otherwise
    return np.minimum.accumulate(from_pulse[::-1])[::-1], alone
