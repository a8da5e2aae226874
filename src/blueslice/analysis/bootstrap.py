"""Confidence intervals of what is measured on the average of a few trials."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from blueslice.analysis._nan_mean import nan_mean
from blueslice.analysis.fitted_kinetics import fit_response
from blueslice.analysis.kinetics import ResponseMeasures
from blueslice.errors import BadInputError

__all__ = ["Interval", "bootstrap_response", "bootstrap_trials"]

# Where fewer of the resamples show a measure, what they say of it is not an interval.
SHOWN = 0.95


@dataclass(frozen=True)
class Interval:
    """A measured value and the interval that holds the true one.

    Attributes
    ----------
    value : float
        As measured.
    low, high : float
        Ends of the interval; NaN where too few resamples show the measure.
    confidence : float
        How often such intervals hold the truth, such as 0.95.
    resamples : int
        Artificial data sets it rests on.
    """

    value: float
    low: float
    high: float
    confidence: float
    resamples: int


def bootstrap_response(
    time_s: npt.ArrayLike,
    trials: npt.ArrayLike,
    stimulus_s: npt.ArrayLike,
    *,
    exposure_s: float,
    rng: np.random.Generator,
    resamples: int = 399,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Give each measure of the mean response of some trials its interval.

    The curve of `fit_response` is fitted to all trials together. Its residuals, drawn with
    replacement and put back on the curve, make new trials at the same times, which are fitted
    again. The interval spans both the percentile and the reflected ("basic") one: on simulated
    averages of four trials, of shapes the curve has and has not, either alone held the true rise
    in 84-86 % of the cases where 95 % were asked for, and both together in 93-96 %.

    It speaks of the mean of these very trials: that others would release more or less is not in
    it. That is what `bootstrap_trials` is for.

    Parameters
    ----------
    time_s : array_like, shape (samples,) or (trials, samples)
        Mid-exposure times in s, common or of each trial.
    trials : array_like, shape (trials, samples)
        dF/F; NaN is skipped.
    stimulus_s : float or array_like of shape (trials,)
        The stimulus that evoked the response, in each trial.
    exposure_s : float
        Exposure of a frame in s.
    rng : numpy.random.Generator
        Decides the resamples.
    resamples : int
        How many.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    dict of str to Interval
        For each field of `ResponseMeasures`.

    Raises
    ------
    BadInputError
        When shapes do not match, numbers are not allowed, or see `fit_response`.
    """
    _check(resamples, confidence)
    dff = np.asarray(trials, np.float64)
    if dff.ndim != 2:
        raise BadInputError(f"the trials have shape {dff.shape}; give (trials, samples)")
    since_s = _since_stimulus(np.asarray(time_s, np.float64), dff, stimulus_s)
    fit = fit_response(since_s, dff, 0.0, exposure_s=exposure_s)
    expected = fit.at(since_s)
    known = np.isfinite(dff) & np.isfinite(since_s)
    residuals = (dff - expected)[known]
    # a fit takes some of the noise with it
    residuals *= fit.noise_dff / np.sqrt(np.mean(residuals**2))
    names = [field.name for field in fields(ResponseMeasures)]
    found = np.empty((resamples, len(names)))
    for k in range(resamples):
        again = np.full(dff.shape, np.nan)
        again[known] = expected[known] + rng.choice(residuals, residuals.size)
        refit = fit_response(since_s, again, 0.0, exposure_s=exposure_s, near=fit)
        found[k] = [getattr(refit.measures, name) for name in names]
    intervals = {}
    for name, values in zip(names, found.T, strict=True):
        value = getattr(fit.measures, name)
        low, high = _both_ways(value, values, confidence)
        intervals[name] = Interval(value, low, high, confidence, resamples)
    return intervals


def bootstrap_trials(
    trials: npt.ArrayLike,
    measure: Callable[[npt.NDArray[np.float64]], float],
    *,
    rng: np.random.Generator,
    resamples: int = 999,
    confidence: float = 0.95,
) -> Interval:
    """Give any measure of the averaged trace its interval, by drawing whole trials.

    The percentile interval of `scipy.stats.bootstrap`. It holds what differs from trial to
    trial, release included, and asks nothing of the noise; but n trials have few different
    means: of four (35 means) 95 % intervals of the peak held the truth in 78 % of simulated
    cases, of twelve in 92 %. For four use `bootstrap_response`.

    Parameters
    ----------
    trials : array_like, shape (trials, ...)
        One array a trial, such as its dF/F; aligned (see `average_trials`). NaN is skipped in
        the mean.
    measure : callable
        Takes the mean over trials, of shape (...), gives a number.
    rng, resamples, confidence
        As for `bootstrap_response`.

    Returns
    -------
    Interval
        NaN ends where more than one resample in 20 does not show the measure.

    Raises
    ------
    BadInputError
        When there are fewer than 2 trials, or numbers are not allowed.
    """
    # a third of a second to import: only who asks for an interval waits for it
    import scipy.stats

    _check(resamples, confidence)
    values = np.asarray(trials, np.float64)
    if values.ndim < 1 or len(values) < 2:
        raise BadInputError(
            f"the trials have shape {values.shape}; give (trials, ...) with 2 trials or more"
        )

    def of_chosen(chosen: npt.NDArray[np.int64]) -> float:
        return float(measure(nan_mean(values[chosen])))

    with warnings.catch_warnings():
        # of resamples that do not show the measure, which are counted below
        warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)
        result = scipy.stats.bootstrap(
            (np.arange(len(values)),),
            of_chosen,
            n_resamples=resamples,
            vectorized=False,
            method="percentile",
            confidence_level=confidence,
            rng=rng,
        )
    low, high = _percentiles(result.bootstrap_distribution, confidence)
    return Interval(of_chosen(np.arange(len(values))), low, high, confidence, resamples)


def _check(resamples: int, confidence: float) -> None:
    if isinstance(resamples, bool) or not 20 <= resamples <= 1_000_000:
        raise BadInputError(f"resamples = {resamples!r}: give a whole number from 20 to 1000000")
    if not 0 < confidence < 1:
        raise BadInputError(f"confidence = {confidence!r}: give a fraction, such as 0.95")


def _since_stimulus(
    time_s: npt.NDArray[np.float64], dff: npt.NDArray[np.float64], stimulus_s: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    onsets_s = np.asarray(stimulus_s, np.float64)
    if time_s.shape not in (dff.shape, dff.shape[1:]) or onsets_s.shape not in ((), dff.shape[:1]):
        raise BadInputError(
            f"times of shape {time_s.shape} and stimuli of shape {onsets_s.shape} do not fit "
            f"trials of shape {dff.shape}; give (samples,) or (trials, samples), and one stimulus "
            "or one a trial"
        )
    return np.broadcast_to(time_s, dff.shape) - onsets_s.reshape(-1, 1)


def _percentiles(values: npt.NDArray[np.float64], confidence: float) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if len(known) < SHOWN * len(values):
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _both_ways(
    value: float, values: npt.NDArray[np.float64], confidence: float
) -> tuple[float, float]:
    low, high = _percentiles(values, confidence)
    return min(low, 2 * value - high), max(high, 2 * value - low)
