"""Responses of several trials together: their mean with failures, and what a drug leaves of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.stats

from blueslice.analysis.response_size import ResponseSize
from blueslice.errors import BadInputError

__all__ = [
    "ConditionMean",
    "FractionLeft",
    "MeanResponse",
    "condition_means",
    "fraction_left",
    "mean_response",
]

# A fraction that is not below this many times the control has no upper limit.
_LARGEST_FRACTION = 1e3


@dataclass(frozen=True)
class MeanResponse:
    """The mean response of the stimulated trials of a condition; NaN for what is not known.

    Attributes
    ----------
    trials : int
        How many were measured: failures count.
    size_dff, se_dff : float
        Mean of their sizes as measured, also of those at or below 0, and its standard error: from
        their spread, and of a single trial from the noise of its samples.
    low_dff, high_dff : float
        Its interval.
    failures : int
        Trials with no response above the noise.
    potency_dff : float
        Mean of the others; NaN when all failed.
    confidence : float
        Of the interval.
    """

    trials: int
    size_dff: float
    se_dff: float
    low_dff: float
    high_dff: float
    failures: int
    potency_dff: float
    confidence: float

    @property
    def is_response(self) -> bool | None:
        """Whether the mean is above the noise: the interval above 0; None where unknown."""
        return None if math.isnan(self.low_dff) else self.low_dff > 0


@dataclass(frozen=True)
class FractionLeft:
    """What a drug leaves of the mean response of the control.

    Attributes
    ----------
    fraction : float
        0.22 is 22 %; below 0 when the treated mean is. Not exactly the quotient of the means, which
        is too far from 0. NaN when the control's own 95 % interval includes 0.
    low, high : float
        Its interval; infinite where so few trials exclude nothing.
    confidence : float
        Of the interval.
    """

    fraction: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class ConditionMean:
    """One condition of a run, for one ROI and one ion.

    Attributes
    ----------
    condition, roi, ion : str
        Which.
    mean : MeanResponse
        Of its stimulated trials.
    left : FractionLeft or None
        Against the first condition; None for that itself.
    """

    condition: str
    roi: str
    ion: str
    mean: MeanResponse
    left: FractionLeft | None

    def to_columns(self) -> dict[str, Any]:
        """Return it as the columns that tables have, with their names; unknown numbers are NaN."""
        left = self.left or FractionLeft(math.nan, math.nan, math.nan, self.mean.confidence)
        return {
            "condition": self.condition,
            "roi": self.roi,
            "ion": self.ion,
            **asdict(self.mean),
            "left": left.fraction,
            "left_low": left.low,
            "left_high": left.high,
        }


@dataclass(frozen=True)
class _Group:
    """A mean, the variance that is its own, and the error that its trials have in common."""

    trials: int
    mean: float
    variance: float
    degrees: float
    bleaching_se: float


def mean_response(sizes: Sequence[ResponseSize], *, confidence: float = 0.95) -> MeanResponse:
    """Average the stimulated trials of one condition.

    Parameters
    ----------
    sizes : sequence of ResponseSize
        Of one ROI and ion; those that are not known are left out. A trial on whose own response
        the ROI was found does not belong here: it was chosen for its noise too.
    confidence : float
        Of the interval.

    Returns
    -------
    MeanResponse

    Raises
    ------
    BadInputError
        When the confidence is not between 0 and 1.
    """
    _check(confidence)
    group = _group(sizes)
    known = [size for size in sizes if size.is_response is not None]
    responses = [size.size_dff for size in known if size.is_response]
    if group is None:
        return MeanResponse(0, math.nan, math.nan, math.nan, math.nan, 0, math.nan, confidence)
    bleaching = group.bleaching_se**2
    se = math.sqrt(group.variance + bleaching)
    reach = _quantile(confidence, [(group.variance, group.degrees), (bleaching, math.inf)]) * se
    return MeanResponse(
        trials=group.trials,
        size_dff=group.mean,
        se_dff=se,
        low_dff=group.mean - reach,
        high_dff=group.mean + reach,
        failures=len(known) - len(responses),
        potency_dff=float(np.mean(responses)) if responses else math.nan,
        confidence=confidence,
    )


def fraction_left(
    control: Sequence[ResponseSize],
    treated: Sequence[ResponseSize],
    *,
    same_blanks: bool = True,
    confidence: float = 0.95,
) -> FractionLeft:
    """Compare the mean response under a drug with that of the control, in the same window.

    The interval is that of Fieller (1954, J R Stat Soc B 16:175) with the degrees of freedom of
    Welch: the fractions f for which treated - f * control does not differ from 0. Blanks that
    both were corrected by are an error common to both. A ratio of means is too far from 0 by the
    control's relative variance, which is taken away to first order.

    Parameters
    ----------
    control, treated : sequence of ResponseSize
        Of the stimulated trials of one ROI and ion, in the same window; failures among them.
    same_blanks : bool
        Whether both were corrected by the same blanks, as trials of one run are.
    confidence : float
        Of the interval.

    Returns
    -------
    FractionLeft

    Raises
    ------
    BadInputError
        When the confidence is not between 0 and 1.
    """
    _check(confidence)
    unknown = FractionLeft(math.nan, math.nan, math.nan, confidence)
    before, after = _group(control), _group(treated)
    if before is None or after is None or not mean_response(control).is_response:
        return unknown
    bleaching_before, bleaching_after = before.bleaching_se, after.bleaching_se

    def variances(fraction: float) -> list[tuple[float, float]]:
        own = [
            (after.variance, after.degrees),
            (fraction**2 * before.variance, before.degrees),
        ]
        if same_blanks:
            return [*own, ((bleaching_after - fraction * bleaching_before) ** 2, math.inf)]
        return [*own, (bleaching_after**2 + (fraction * bleaching_before) ** 2, math.inf)]

    def excess(fraction: float) -> float:
        parts = variances(fraction)
        reach = _quantile(confidence, parts) * math.sqrt(sum(part for part, _ in parts))
        return abs(after.mean - fraction * before.mean) - reach

    ratio = after.mean / before.mean
    relative = (before.variance + bleaching_before**2) / before.mean**2
    together = bleaching_before * bleaching_after / before.mean**2 if same_blanks else 0.0
    return FractionLeft(
        ratio * (1 - relative) + together,
        _limit(excess, ratio, -1),
        _limit(excess, ratio, 1),
        confidence,
    )


def condition_means(
    sizes: Mapping[tuple[int, str, str], ResponseSize], conditions: Mapping[str, Sequence[int]]
) -> list[ConditionMean]:
    """Average the trials of each condition, and compare each with the first.

    Parameters
    ----------
    sizes : mapping of (int, str, str) to ResponseSize
        By trial, ROI and ion, from `run_responses`.
    conditions : mapping of str to sequence of int
        Stimulated trials by condition, in order of time; without the trial on whose own response
        the ROI was found.

    Returns
    -------
    list of ConditionMean
        By ROI, ion and condition; conditions without a trial are left out.
    """
    found: list[ConditionMean] = []
    for roi, ion in dict.fromkeys((roi, ion) for _, roi, ion in sizes):
        groups = {
            name: [sizes[number, roi, ion] for number in numbers if (number, roi, ion) in sizes]
            for name, numbers in conditions.items()
        }
        groups = {name: group for name, group in groups.items() if group}
        control = next(iter(groups.values()), [])
        for name, group in groups.items():
            left = None if group is control else fraction_left(control, group)
            found.append(ConditionMean(name, roi, ion, mean_response(group), left))
    return found


def _group(sizes: Sequence[ResponseSize]) -> _Group | None:
    known = [size for size in sizes if not math.isnan(size.size_dff)]
    if not known:
        return None
    values = np.array([size.size_dff for size in known])
    # Trials of one run share the blanks that they were corrected by. A trial that lost a frame is
    # corrected by a little more or less.
    bleaching_se = float(np.mean([size.bleaching_se_dff for size in known]))
    if len(known) > 1:
        variance, degrees = float(values.var(ddof=1)) / len(known), len(known) - 1.0
    else:
        one = known[0]
        variance, degrees = max(one.se_dff**2 - bleaching_se**2, 0.0), one.degrees
    return _Group(len(known), float(values.mean()), variance, degrees, bleaching_se)


def _quantile(confidence: float, parts: Sequence[tuple[float, float]]) -> float:
    """Return Student's t for a sum of variances, each with its degrees of freedom (Welch)."""
    total = sum(variance for variance, _ in parts)
    spread = sum(variance**2 / degrees for variance, degrees in parts if variance)
    degrees = total**2 / spread if spread > 0 else math.inf
    return float(scipy.stats.t.ppf(0.5 + confidence / 2, degrees))


def _limit(excess: Callable[[float], float], start: float, direction: int) -> float:
    """Return where the fractions that are not excluded end; infinite where they do not."""
    step, inside = 0.01, start
    while step < _LARGEST_FRACTION:
        outside = start + direction * step
        if excess(outside) > 0:
            root: Any = scipy.optimize.brentq(excess, inside, outside)
            return float(root)
        inside, step = outside, 2 * step
    return direction * math.inf


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise BadInputError(f"confidence = {confidence!r}: give a fraction, such as 0.95")
