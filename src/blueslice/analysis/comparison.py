"""Is a difference more than chance: before and after, two groups, trials within cells."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from blueslice.analysis._rank_interval import shifts_not_rejected
from blueslice.errors import BadInputError

__all__ = ["Comparison", "compare_groups", "compare_paired"]


@dataclass(frozen=True)
class Comparison:
    """One statistical test, with all that is reported of it.

    Attributes
    ----------
    test : str
        Its name.
    unit : str
        What one number stands for: what `n` counts. Trials of one cell are no units of a test that
        takes its numbers for independent (`compare_mixed` is for them).
    n : tuple of int
        Units of each group; of pairs, their number once.
    statistic_name : str
        Such as ``"t"``.
    statistic : float
        Its value.
    degrees_of_freedom : float or None
        Where the test has them.
    p_value : float
        Two-sided.
    effect : float
        The second minus the first: of means for t and the mixed model, else Hodges and Lehmann's
        median of differences.
    low, high : float
        Confidence interval of the effect; infinite where so few units cannot exclude anything.
    confidence : float
        Such as 0.95.
    """

    test: str
    unit: str
    n: tuple[int, ...]
    statistic_name: str
    statistic: float
    degrees_of_freedom: float | None
    p_value: float
    effect: float
    low: float
    high: float
    confidence: float

    @property
    def text(self) -> str:
        """One line for a figure legend."""
        counts = " and ".join(str(count) for count in self.n)
        return (
            f"{self.test}, n = {counts} ({self.unit}), {self.statistic_name} = "
            f"{self.statistic:.3g}, p = {self.p_value:.2g}; effect {self.effect:.3g} "
            f"({100 * self.confidence:g} % {self.low:.3g} to {self.high:.3g})"
        )


def compare_paired(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    unit: str,
    test: Literal["t", "wilcoxon"] = "t",
    confidence: float = 0.95,
) -> Comparison:
    """Compare the same units before and after.

    Student's paired t, or Wilcoxon's signed ranks where differences are not normal; fewer than 6
    pairs cannot reach p 0.05 by the latter.

    Parameters
    ----------
    before, after : array_like, shape (units,)
        One number for each unit; a pair with a NaN is left out.
    unit : str
        What one number stands for, such as ``"cell"``.
    test : {"t", "wilcoxon"}
        Which.
    confidence : float
        Of the interval.

    Returns
    -------
    Comparison

    Raises
    ------
    BadInputError
        When shapes do not match, fewer than 2 pairs are known, or every pair differs alike.
    """
    # a third of a second to import: only who asks for a test waits for it
    import scipy.stats

    _check(unit, confidence)
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise BadInputError(
            f"before and after have shapes {first.shape} and {second.shape}; give one number each "
            "for every unit"
        )
    known = np.isfinite(first) & np.isfinite(second)
    change = second[known] - first[known]
    if len(change) < 2 or np.ptp(change) == 0:
        raise BadInputError(
            f"{len(change)} pairs, {len(np.unique(change))} different changes: nothing to test; "
            "give at least 2 pairs that do not all change alike"
        )
    if test == "t":
        t_test: Any = scipy.stats.ttest_1samp(change, 0.0)
        interval = t_test.confidence_interval(confidence)
        return Comparison(
            "paired t test",
            unit,
            (len(change),),
            "t",
            float(t_test.statistic),
            float(t_test.df),
            float(t_test.pvalue),
            float(change.mean()),
            float(interval.low),
            float(interval.high),
            confidence,
        )
    if test != "wilcoxon":
        raise BadInputError(f"test = {test!r}: give 't' or 'wilcoxon'")

    def p_of(shift: float) -> float:
        shifted: Any = scipy.stats.wilcoxon(change - shift)
        return float(shifted.pvalue)

    found: Any = scipy.stats.wilcoxon(change)
    upper = np.triu_indices(len(change))
    means = np.sort(((change[:, None] + change) / 2)[upper])
    low, high = shifts_not_rejected(means, p_of, confidence)
    return Comparison(
        "Wilcoxon signed-rank test",
        unit,
        (len(change),),
        "W",
        float(found.statistic),
        None,
        float(found.pvalue),
        float(np.median(means)),
        low,
        high,
        confidence,
    )


def compare_groups(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    unit: str,
    test: Literal["t", "mann-whitney"] = "t",
    confidence: float = 0.95,
) -> Comparison:
    """Compare two groups of different units.

    Welch's t, which does not ask for equal variances, or Mann and Whitney's U.

    Parameters
    ----------
    first, second : array_like, shape (units,)
        One number for each unit; NaN is left out.
    unit, confidence
        As for `compare_paired`.
    test : {"t", "mann-whitney"}
        Which.

    Returns
    -------
    Comparison

    Raises
    ------
    BadInputError
        When a group has fewer than 2 known numbers, or nothing varies.
    """
    # a third of a second to import: only who asks for a test waits for it
    import scipy.stats

    _check(unit, confidence)
    groups = [np.asarray(group, np.float64) for group in (first, second)]
    if any(group.ndim != 1 for group in groups):
        raise BadInputError(
            f"the groups have shapes {groups[0].shape} and {groups[1].shape}; give one number for "
            "each unit"
        )
    one, other = (group[np.isfinite(group)] for group in groups)
    if min(len(one), len(other)) < 2 or np.ptp(one) == np.ptp(other) == 0:
        raise BadInputError(
            f"groups of {len(one)} and {len(other)} known numbers: nothing to test; give at least "
            "2 of each that are not all alike"
        )
    if test == "t":
        t_test: Any = scipy.stats.ttest_ind(other, one, equal_var=False)
        interval = t_test.confidence_interval(confidence)
        return Comparison(
            "Welch's t test",
            unit,
            (len(one), len(other)),
            "t",
            float(t_test.statistic),
            float(t_test.df),
            float(t_test.pvalue),
            float(other.mean() - one.mean()),
            float(interval.low),
            float(interval.high),
            confidence,
        )
    if test != "mann-whitney":
        raise BadInputError(f"test = {test!r}: give 't' or 'mann-whitney'")

    def p_of(shift: float) -> float:
        return float(scipy.stats.mannwhitneyu(other - shift, one).pvalue)

    found: Any = scipy.stats.mannwhitneyu(other, one)
    differences = np.sort((other[:, None] - one).ravel())
    low, high = shifts_not_rejected(differences, p_of, confidence)
    return Comparison(
        "Mann-Whitney U test",
        unit,
        (len(one), len(other)),
        "U",
        float(found.statistic),
        None,
        float(found.pvalue),
        float(np.median(differences)),
        low,
        high,
        confidence,
    )


def _check(unit: str, confidence: float) -> None:
    if not isinstance(unit, str) or not unit.strip():
        raise BadInputError(f"unit = {unit!r}: say what one number stands for, such as 'cell'")
    if not 0 < confidence < 1:
        raise BadInputError(f"confidence = {confidence!r}: give a fraction, such as 0.95")
