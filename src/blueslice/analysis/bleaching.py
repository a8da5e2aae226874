"""What bleaching does to dF/F, from trials without a stimulus."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.optimize

from blueslice.analysis._nan_mean import nan_mean
from blueslice.errors import BadInputError

__all__ = ["Bleaching", "fit_bleaching"]

Shape = Literal["polynomial", "exponential"]


@dataclass(frozen=True, eq=False)
class Bleaching:
    """The smooth course of dF/F that trials without a stimulus show.

    Attributes
    ----------
    shape : {"polynomial", "exponential"}
        What was fitted to each ROI.
    coefficients : ndarray of float64, shape (rois, terms)
        Of a polynomial those of 1, t, t^2, ...; of an exponential level, size and rate in 1/s of
        ``level + size * exp(-rate * t)``. NaN where a ROI had too few samples.
    noise : ndarray of float64, shape (rois,)
        SD of the mean blank trace about its fit.
    """

    shape: Shape
    coefficients: npt.NDArray[np.float64]
    noise: npt.NDArray[np.float64]

    def at(self, time_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Give dF/F by bleaching alone: (rois, samples) for times of shape (samples,)."""
        times = np.asarray(time_s, np.float64)
        if self.shape == "polynomial":
            course = np.polynomial.polynomial.polyval(times, self.coefficients.T)
            return np.asarray(course, np.float64)
        return np.stack([_exponential(times, *values) for values in self.coefficients])

    def subtract(self, time_s: npt.ArrayLike, dff: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Take the course from traces (..., rois, samples): right for light beside the response."""
        return np.asarray(dff, np.float64) - self._fitting(time_s, dff)

    def divide(
        self, time_s: npt.ArrayLike, dff: npt.ArrayLike, *, sign: int = 1
    ) -> npt.NDArray[np.float64]:
        """Divide the fluorescence by its course in the blanks, as the paper does.

        ``F / F0 = 1 + sign * dF/F``, so this gives ``sign * ((1 + sign * dF/F) / (1 + sign *
        bleaching) - 1)``. Right where the dye itself bleaches: what is left of it answers in
        proportion. It differs from `subtract` by dF/F times the bleaching: by 0.001 where 1 % has
        bleached under a response of 10 %.

        Parameters
        ----------
        time_s : array_like, shape (samples,)
            Mid-exposure times in s.
        dff : array_like, shape (..., rois, samples)
            Positive for more ion.
        sign : {+1, -1}
            +1 where the dye brightens with its ion, -1 where it darkens.

        Raises
        ------
        BadInputError
            When the sign is neither, shapes do not match, or the blanks fell to no light.
        """
        if sign not in (1, -1):
            raise BadInputError(f"sign = {sign!r}: give +1 for a dye that brightens, -1 otherwise")
        remaining = 1 + sign * self._fitting(time_s, dff)
        if np.any(remaining <= 0):
            raise BadInputError(
                "the blanks bleach to no light within the trial, so nothing can be divided by "
                "them; look at the blanks, or subtract"
            )
        return sign * ((1 + sign * np.asarray(dff, np.float64)) / remaining - 1)

    def _fitting(self, time_s: npt.ArrayLike, dff: npt.ArrayLike) -> npt.NDArray[np.float64]:
        expected = (len(self.coefficients), np.size(time_s))
        if np.ndim(time_s) != 1 or np.shape(dff)[-2:] != expected:
            raise BadInputError(
                f"dF/F of shape {np.shape(dff)} does not fit {expected[0]} ROIs and times of shape "
                f"{np.shape(time_s)}; give (..., rois, samples)"
            )
        return self.at(time_s)


def fit_bleaching(
    time_s: npt.ArrayLike,
    blanks: npt.ArrayLike,
    *,
    shape: Shape = "polynomial",
    order: int = 2,
) -> Bleaching:
    """Fit a smooth course to the mean of one ion's blank trials.

    The blanks themselves, divided out sample by sample, would add their own noise: of two blanks
    it makes that of a trial 1.22 times as large, where a parabola through their 50 samples makes
    it 1.015 times as large. A trial of 0.2 s sees so little of an exponential that the parabola
    is as good and always solvable: it is the default. Take the exponential for trials of seconds,
    in which the bleaching levels off.

    Parameters
    ----------
    time_s : array_like, shape (samples,)
        Mid-exposure times of the ion, in s.
    blanks : array_like, shape (trials, rois, samples)
        dF/F of the trials without a stimulus; NaN is skipped.
    shape : {"polynomial", "exponential"}
        Of the course.
    order : int
        Of the polynomial, from 0 to 5.

    Returns
    -------
    Bleaching

    Raises
    ------
    BadInputError
        When shapes do not match, there is no blank, the order is not allowed, or a course
        cannot be fitted.
    """
    times, values = np.asarray(time_s, np.float64), np.asarray(blanks, np.float64)
    if values.ndim != 3 or times.shape != values.shape[2:] or not len(values):
        raise BadInputError(
            f"blanks have shape {values.shape} and times {times.shape}; give at least one trial, "
            "as (trials, rois, samples) and (samples,)"
        )
    if shape not in ("polynomial", "exponential"):
        raise BadInputError(f"shape = {shape!r}: give 'polynomial' or 'exponential'")
    if isinstance(order, bool) or order not in range(6):
        raise BadInputError(f"order = {order!r}: give a whole number from 0 to 5")
    terms = order + 1 if shape == "polynomial" else 3
    means = nan_mean(values)
    weights = np.sqrt(np.isfinite(values).sum(axis=0))
    coefficients = np.full((len(means), terms), np.nan)
    noise = np.full(len(means), np.nan)
    for roi, (mean, weight) in enumerate(zip(means, weights, strict=True)):
        known = np.isfinite(mean) & np.isfinite(times)
        if known.sum() <= terms:
            continue
        t, y, w = times[known], mean[known], weight[known]
        if shape == "polynomial":
            coefficients[roi] = np.polynomial.polynomial.polyfit(t, y, order, w=w)
            fitted = np.polynomial.polynomial.polyval(t, coefficients[roi])
        else:
            coefficients[roi] = _fit_exponential(t, y, w)
            fitted = _exponential(t, *coefficients[roi])
        noise[roi] = np.sqrt(np.sum((y - fitted) ** 2) / (known.sum() - terms))
    return Bleaching(shape, coefficients, noise)


def _exponential(
    times: npt.NDArray[np.float64], level: float, size: float, rate_Hz: float
) -> npt.NDArray[np.float64]:
    return level + size * np.exp(-rate_Hz * times)


def _fit_exponential(
    times: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    length_s = float(np.ptp(times))
    end = max(len(values) // 5, 1)
    size = float(values[:end].mean() - values[-end:].mean())
    # slower than ten trials looks like a straight line, faster than ten samples like noise
    slowest_Hz, fastest_Hz = 0.1 / length_s, max(len(times) / 10, 1.0) / length_s
    bounds = ([-np.inf, -np.inf, slowest_Hz], [np.inf, np.inf, fastest_Hz])
    start = [float(values[-1]), size, np.sqrt(slowest_Hz * fastest_Hz)]
    try:
        found, _ = scipy.optimize.curve_fit(
            _exponential,
            times,
            values,
            p0=start,
            sigma=1 / weights,
            bounds=bounds,
        )
    except (RuntimeError, ValueError) as error:
        raise BadInputError(
            f"no exponential fits the blanks ({error}); take shape='polynomial', or more blanks"
        ) from None
    return found
