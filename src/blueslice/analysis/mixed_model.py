"""Conditions compared on trials within cells, by a linear mixed model."""

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.analysis.comparison import Comparison
from blueslice.errors import BadInputError

__all__ = ["compare_mixed"]

# One after the other until one converges; the last asks for no slopes.
_OPTIMISERS = ("bfgs", "lbfgs", "powell")


def compare_mixed(
    values: npt.ArrayLike,
    is_second: npt.ArrayLike,
    cells: npt.ArrayLike,
    *,
    unit: str = "trial within cell",
    confidence: float = 0.95,
) -> Comparison:
    """Compare two conditions on single trials, each cell with a level of its own.

    ``value = level + effect * is_second + cell + noise``, with normal cells and noise, by
    restricted maximum likelihood (`statsmodels.MixedLM`). The effect over its standard error is
    held against Student's t: of trials - cells - 1 degrees of freedom where cells saw both
    conditions, of cells - 2 where each saw one (Pinheiro & Bates 2000, inner and outer), since
    statsmodels' normal distribution takes few cells for many.

    Parameters
    ----------
    values : array_like, shape (trials,)
        One number for each trial; NaN is left out.
    is_second : array_like of bool, shape (trials,)
        Whether the trial is of the second condition.
    cells : array_like, shape (trials,)
        Which cell it is of: any labels.
    unit : str
        What one number stands for.
    confidence : float
        Of the interval.

    Returns
    -------
    Comparison
        ``n`` is (trials, cells).

    Raises
    ------
    BadInputError
        When shapes do not match, a condition has no trial, there are fewer than 3 cells or no
        cell with several trials, or the model does not converge.
    """
    # a third of a second to import: only who asks for a test waits for it
    import scipy.stats

    if not 0 < confidence < 1:
        raise BadInputError(f"confidence = {confidence!r}: give a fraction, such as 0.95")
    numbers, second, labels = (
        np.asarray(values, np.float64),
        np.asarray(is_second),
        np.asarray(cells),
    )
    if numbers.ndim != 1 or not numbers.shape == second.shape == labels.shape:
        raise BadInputError(
            f"values, is_second and cells have shapes {numbers.shape}, {second.shape} and "
            f"{labels.shape}; give one of each for every trial"
        )
    if second.dtype != np.bool_:
        raise BadInputError(
            f"is_second is of type {second.dtype}; give bool, such as phase == 'drug'"
        )
    known = np.isfinite(numbers)
    numbers, second = numbers[known], second[known]
    names, cell = np.unique(labels[known], return_inverse=True)
    if not 0 < second.sum() < len(second):
        raise BadInputError(
            f"{int(second.sum())} of {len(second)} trials are of the second condition; give trials "
            "of both"
        )
    trials, count = len(numbers), len(names)
    if count < 3 or trials <= count + 1 or np.ptp(numbers) == 0:
        raise BadInputError(
            f"{trials} trials of {count} cells: a mixed model needs 3 cells or more with several "
            "trials that differ; compare the cells' means instead"
        )
    effect, error = _fit(numbers, second, cell)
    share = np.bincount(cell, weights=second) / np.bincount(cell)
    within = bool(np.any((share > 0) & (share < 1)))
    degrees = float(trials - count - 1 if within else count - 2)
    statistic = effect / error
    reach = float(scipy.stats.t.ppf((1 + confidence) / 2, degrees)) * error
    return Comparison(
        "linear mixed model, cells random",
        unit,
        (trials, count),
        "t",
        statistic,
        degrees,
        float(2 * scipy.stats.t.sf(abs(statistic), degrees)),
        effect,
        effect - reach,
        effect + reach,
        confidence,
    )


def _fit(
    numbers: npt.NDArray[np.float64], second: npt.NDArray[np.bool_], cell: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Return the effect and its standard error."""
    # statsmodels takes half a second to import: only who asks for a mixed model waits for it
    from statsmodels.regression.mixed_linear_model import MixedLM

    scale = float(numbers.std())
    design = np.stack([np.ones(len(numbers)), second.astype(np.float64)], axis=1)
    with warnings.catch_warnings():
        # it warns where cells do not differ, which is an answer, and before each new optimiser
        warnings.simplefilter("ignore")
        # in units of the spread, so that steps of dF/F are not taken for convergence
        fit: Any = MixedLM(numbers / scale, design, groups=cell).fit(
            reml=True, method=list(_OPTIMISERS)
        )
    effect, error = float(fit.fe_params[1]) * scale, float(fit.bse_fe[1]) * scale
    if not fit.converged or not (math.isfinite(error) and error > 0):
        raise BadInputError(
            "the mixed model does not converge on these trials; compare the cells' means instead"
        )
    return effect, error
