"""A measured number with its interval, by drawing whole cells."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from blueslice.analysis import bootstrap_trials

__all__ = ["Value", "alone", "mean_of", "measure_of", "p_value", "scaled"]

_RESAMPLES = 499


@dataclass(frozen=True)
class Value:
    """Our number for one of the paper's.

    Attributes
    ----------
    value : float
        As measured; NaN where nothing shows it.
    low, high : float
        Its 95 % interval; NaN where there is none.
    sd : float
        SD over the `n` measured; NaN where it is no mean of such.
    n : int
        Cells (or trials) it rests on.
    note : str
        What a reader has to know of it.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    sd: float = math.nan
    n: int = 0
    note: str = ""


def mean_of(values: npt.ArrayLike, factor: float = 1.0, note: str = "") -> Value:
    """Average over cells; those that do not show it (NaN) are left out.

    Parameters
    ----------
    values : array_like, shape (cells,)
        One number a cell.
    factor : float
        To the unit of the report.
    note : str
        See `Value`.
    """
    known = factor * np.asarray(values, np.float64).ravel()
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return Value(float(known[0]) if len(known) else math.nan, n=len(known), note=note)
    interval = bootstrap_trials(
        known, float, rng=np.random.default_rng(len(known)), resamples=_RESAMPLES
    )
    sd = float(known.std(ddof=1))
    return Value(interval.value, interval.low, interval.high, sd, len(known), note)


def measure_of(
    cells: npt.ArrayLike, measure: Callable[[npt.NDArray[np.float64]], float], note: str = ""
) -> Value:
    """Measure the mean over cells, such as a ratio of two mean traces.

    Parameters
    ----------
    cells : array_like, shape (cells, ...)
        One array a cell.
    measure : callable
        Takes their mean, of shape (...).
    note : str
        See `Value`.
    """
    stack = np.asarray(cells, np.float64)
    if len(stack) < 2:
        value = float(measure(stack[0])) if len(stack) else math.nan
        return Value(value, n=len(stack), note=note)
    rng = np.random.default_rng(len(stack))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = bootstrap_trials(stack, measure, rng=rng, resamples=_RESAMPLES)
    return Value(found.value, found.low, found.high, n=len(stack), note=note)


def scaled(value: Value, factor: float) -> Value:
    """Bring a value to another unit."""
    return replace(
        value,
        value=factor * value.value,
        low=factor * value.low,
        high=factor * value.high,
        sd=factor * value.sd,
    )


def alone(value: float, note: str = "") -> Value:
    """Take a number that has no interval: computed, or told by the rig."""
    return Value(float(value), note=note)


def p_value(p: float, n: int, test: str) -> Value:
    """Take a p value of a test over `n` cells."""
    return Value(p, n=n, note=test)
