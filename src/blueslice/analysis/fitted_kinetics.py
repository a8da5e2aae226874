"""Size and speed of one response from a curve fitted to its samples, for sparse noisy traces."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.optimize

from blueslice.analysis._response_curve import Curve, curve_with_slopes
from blueslice.analysis.kinetics import ResponseMeasures, response_measures
from blueslice.errors import BadInputError

__all__ = ["FittedResponse", "fit_response"]

FEWEST_BEFORE = 4
FEWEST_AFTER = 8
# The rise is searched from both: from one alone, one fit in seventy ended elsewhere.
RISES_TRIED_S = (0.002, 0.008)
# The fit's own curve is measured on this grid.
FINE_S = 1e-4
MOST_STEPS = 100
# Samples closer than this are of one time: they are averaged before the fit.
SAME_TIME_S = 1e-6


class _Data(NamedTuple):
    """Means of the samples at each time after the stimulus, and their standard errors."""

    since_s: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    errors: npt.NDArray[np.float64]
    exposure_s: float


class _Expectation(NamedTuple):
    """What responses are like: centre and SD of each of the curve's free parameters.

    In order of `Curve.to_vector`: offset and amplitude are wholly free, the others loosely held
    around these, so that what the samples cannot tell (a tail in the noise, the bend of a rise
    between two samples) does not run away.
    """

    centre: npt.NDArray[np.float64]
    sd: npt.NDArray[np.float64]


_EXPECTED = _Expectation(
    Curve(
        offset=0.0,
        amplitude=0.0,
        onset_s=0.003,
        rise_s=0.005,
        bend=1.3,
        decay_s=0.015,
        tail=0.0067,
        tail_s=0.080,
    ).to_vector(),
    np.array([np.inf, np.inf, 0.002, 1.5, 1.5, 1.0, 3.0, 0.3]),
)


@dataclass(frozen=True, eq=False)
class FittedResponse:
    """A response as the curve that fits its samples best.

    Attributes
    ----------
    measures : ResponseMeasures
        Of the curve, above its baseline: not of the samples, so neither the camera's interval nor
        the exposure stretches them, and the highest noise is no peak.
    curve : Curve
        The curve; its times count from the stimulus.
    stimulus_s : float
        Time of the stimulus.
    exposure_s : float
        Exposure that a sample averages over.
    noise_dff : float
        SD of a sample about the curve.
    """

    measures: ResponseMeasures
    curve: Curve
    stimulus_s: float
    exposure_s: float
    noise_dff: float

    def at(self, time_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Give what a camera sample at mid-exposure times would show, without noise."""
        since_s = np.asarray(time_s, np.float64) - self.stimulus_s
        flat, _ = curve_with_slopes(self.curve.to_vector(), since_s.ravel(), self.exposure_s)
        return flat.reshape(since_s.shape)


def fit_response(
    time_s: npt.ArrayLike,
    dff: npt.ArrayLike,
    stimulus_s: float,
    *,
    exposure_s: float,
    near: FittedResponse | None = None,
) -> FittedResponse:
    """Fit a rise and a decay with a tail to one response, or to several trials at once.

    The curve of `Curve`, averaged over each exposure, is fitted by least squares with loose
    expectations of its shape (`_EXPECTED`; Levenberg-Marquardt, scipy). Trials whose samples fall
    on different times after the stimulus are best given as they are: averaging them on one grid
    first would blur the rise.

    Linear interpolation between 4-ms samples makes a rise of 3 ms look 3.4 ms longer
    (`response_measures`); this is for such traces. It tells one response, not two in a row.

    Parameters
    ----------
    time_s, dff : array_like, both of one shape
        Mid-exposure times in s and dF/F, positive for a response; samples in any order, of any
        number of trials. NaN is skipped.
    stimulus_s : float
        The stimulus that evoked the response, on the same clock.
    exposure_s : float
        Exposure of a frame in s; 0 for samples of an instant.
    near : FittedResponse, optional
        A fit of similar data to begin at, for many fits in a row.

    Returns
    -------
    FittedResponse

    Raises
    ------
    BadInputError
        When the arrays do not match, the exposure is negative, or there are fewer than 4
        samples before the stimulus or 8 after it.
    """
    times, values = np.asarray(time_s, np.float64), np.asarray(dff, np.float64)
    if times.shape != values.shape:
        raise BadInputError(
            f"times and dF/F have shapes {times.shape} and {values.shape}; give one time a sample"
        )
    if not 0 <= exposure_s < np.inf:
        raise BadInputError(f"exposure_s = {exposure_s!r}: give 0 or more, in s")
    known = np.isfinite(times) & np.isfinite(values)
    since_s, samples = times[known] - stimulus_s, values[known]
    before = since_s < -exposure_s / 2
    if before.sum() < FEWEST_BEFORE or (~before).sum() < FEWEST_AFTER:
        raise BadInputError(
            f"{before.sum()} samples are before the stimulus at {stimulus_s:g} s and "
            f"{(~before).sum()} after it; a fit needs {FEWEST_BEFORE} and {FEWEST_AFTER}"
        )
    noise = float(np.std(samples[before], ddof=1))
    # without any noise the expectations are to have no say, yet the weights stay finite
    noise = max(noise, 1e-6 * float(np.ptp(samples)), 1e-12)
    places_s, which, counts = np.unique(
        np.rint(since_s / SAME_TIME_S), return_inverse=True, return_counts=True
    )
    means = np.bincount(which, weights=samples) / counts
    data = _Data(places_s * SAME_TIME_S, means, noise / np.sqrt(counts), exposure_s)
    fits = [_solve(start, data) for start in _starts(means, near)]
    best, _ = min(fits, key=lambda fit: fit[1])
    curve = Curve.from_vector(best)
    seen, _ = curve_with_slopes(best, data.since_s, exposure_s)
    degrees = max(len(samples) - len(best), 1)
    last_s = max(float(since_s.max()), 10 * FINE_S)
    return FittedResponse(
        measures=_measure(curve, last_s),
        curve=curve,
        stimulus_s=stimulus_s,
        exposure_s=exposure_s,
        noise_dff=float(np.sqrt(np.sum((samples - seen[which]) ** 2) / degrees)),
    )


def _starts(
    samples: npt.NDArray[np.float64], near: FittedResponse | None
) -> list[npt.NDArray[np.float64]]:
    if near is not None:
        return [near.curve.to_vector()]
    expected = Curve.from_vector(_EXPECTED.centre)
    size = 1.3 * float(np.sort(samples)[-4:].mean())
    return [
        expected.replace(amplitude=size, rise_s=rise_s, tail=0.1).to_vector()
        for rise_s in RISES_TRIED_S
    ]


def _solve(start: npt.NDArray[np.float64], data: _Data) -> tuple[npt.NDArray[np.float64], float]:
    """Minimise the squared distances from samples and expectations, in their SDs."""
    centre, weight = _EXPECTED.centre, 1 / _EXPECTED.sd
    held = np.diag(weight)

    @lru_cache(maxsize=1)
    def evaluate(vector: bytes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        return curve_with_slopes(np.frombuffer(vector), data.since_s, data.exposure_s)

    def distances(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        curve, _ = evaluate(vector.tobytes())
        return np.concatenate([(curve - data.means) / data.errors, (vector - centre) * weight])

    def slopes(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        _, by_parameter = evaluate(vector.tobytes())
        return np.concatenate([by_parameter / data.errors, held], axis=1)

    found: Any = scipy.optimize.leastsq(
        distances,
        start,
        Dfun=slopes,
        col_deriv=True,
        full_output=True,
        maxfev=MOST_STEPS,
        ftol=1e-5,
        xtol=1e-4,
    )
    return found[0], float(np.sum(found[2]["fvec"] ** 2))


def _measure(curve: Curve, last_s: float) -> ResponseMeasures:
    fine_s = np.arange(0.0, last_s, FINE_S)
    return response_measures(fine_s, curve.replace(offset=0.0).at(fine_s), 0.0)
