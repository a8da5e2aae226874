"""The size of a response: a signed mean in a window that was fixed beforehand, with its error."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy.stats

from blueslice.analysis.kinetics import ResponseMeasures, response_measures
from blueslice.errors import BadInputError

__all__ = ["ResponseSize", "TrialTrace", "response_sizes", "run_responses"]

# One trial in 40 without a response is taken for one with.
CONFIDENCE = 0.975
# Of the course of bleaching within a trial: a line and a bend, as `fit_bleaching` has them.
_POWERS = (1, 2)
_FEWEST_OF_BLANK = 4

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrialTrace:
    """The dF/F of one ROI and one ion in one trial.

    Attributes
    ----------
    time_s : ndarray of float64, shape (samples,)
        Mid-exposure times after the trial's start; NaN is padding.
    dff : ndarray of float64, shape (samples,)
        Fractions, positive for more ion; NaN where it is not known.
    blank : bool
        Whether the trial had no stimulus.
    """

    time_s: Values
    dff: Values
    blank: bool = False


@dataclass(frozen=True)
class ResponseSize:
    """The response of one trial; NaN for what is not known.

    Attributes
    ----------
    size_dff : float
        Mean dF/F in the window, less bleaching where blanks tell it. Signed: of a failure as
        often below 0 as above.
    se_dff : float
        Its standard error, from the noise of the samples and of the blanks.
    noise_dff : float
        SD of one sample of the baseline.
    least_dff : float
        A size above it is a response: of failures one in 40 is.
    bleaching_dff : float
        What was subtracted, from the blank trials; NaN without any, when nothing was.
    bleaching_se_dff : float
        Its standard error: common to all trials of the run.
    samples : int
        Samples in the window.
    degrees : int
        Degrees of freedom of the noise: samples of the baseline less one.
    shape : ResponseMeasures
        Highest sample and times, of a response; of a failure all NaN.
    """

    size_dff: float
    se_dff: float
    noise_dff: float
    least_dff: float
    bleaching_dff: float
    bleaching_se_dff: float
    samples: int
    degrees: int
    shape: ResponseMeasures

    @property
    def is_response(self) -> bool | None:
        """Whether it is above the noise; None where that cannot be told."""
        if math.isnan(self.size_dff) or math.isnan(self.least_dff):
            return None
        return self.size_dff > self.least_dff

    def to_columns(self) -> dict[str, float | bool | None]:
        """Return it as the columns that tables and files have, with their names.

        ``response`` is None where it cannot be told, and a number NaN.
        """
        return {
            "size_dff": self.size_dff,
            "size_se_dff": self.se_dff,
            "response": self.is_response,
            "least_dff": self.least_dff,
            "noise_dff": self.noise_dff,
            "bleaching_dff": self.bleaching_dff,
            **asdict(self.shape),
        }


@dataclass(frozen=True, eq=False)
class _Course:
    """What bleaching adds to dF/F, as a polynomial without a constant, and its covariance."""

    coefficients: Values
    covariance: Values

    def rise(self, to_s: Values, from_s: Values) -> tuple[float, float]:
        """Return how much it rises from the mean of some times to that of others, and the SE."""
        step = _terms(to_s).mean(axis=0) - _terms(from_s).mean(axis=0)
        variance = float(step @ self.covariance @ step)
        return float(step @ self.coefficients), math.sqrt(max(variance, 0.0))


def response_sizes(
    trials: Sequence[TrialTrace],
    baseline_s: tuple[float, float],
    response_s: tuple[float, float] | None,
) -> list[ResponseSize]:
    """Measure one ROI and one ion in all trials of a run, in one window.

    The window is the same for control and drug, and was chosen before any of the trials was
    looked at (or on others): the highest sample of a trial, or the mean where the trial itself is
    highest, would be that of the noise. The highest sample, as the time of the peak, is sought
    from the baseline's end to the window's, and only in a trial whose size is above its noise.

    With n baseline and m window samples of SD s, the size has the standard error
    ``s * sqrt(1 / n + 1 / m)``, and is a response above ``t * se`` with Student's t of n - 1
    degrees of freedom at 97.5 %. Bleaching is a parabola through all blanks of the run.

    Parameters
    ----------
    trials : sequence of TrialTrace
        All of the run that were analysed alike, blanks among them.
    baseline_s : (float, float)
        Of the analysis: [from, to) after the trial's start, in s.
    response_s : (float, float) or None
        The window, likewise; None where no stimulus was planned.

    Returns
    -------
    list of ResponseSize
        One for each trial, in their order.

    Raises
    ------
    BadInputError
        When times and dF/F of a trial do not match.
    """
    for trial in trials:
        if trial.time_s.ndim != 1 or trial.time_s.shape != trial.dff.shape:
            raise BadInputError(
                f"times and dF/F have shapes {trial.time_s.shape} and {trial.dff.shape}; give "
                "one trace of each"
            )
    if response_s is None:
        return [_UNKNOWN for _ in trials]
    course = _fit_course([trial for trial in trials if trial.blank])
    return [_size_of(trial, baseline_s, response_s, course) for trial in trials]


def run_responses(
    traces: Mapping[int, Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]],
    blanks: Collection[int],
    rois: Sequence[str],
    baseline_s: tuple[float, float],
    response_s: tuple[float, float] | None,
) -> dict[tuple[int, str, str], ResponseSize]:
    """Measure all ROIs and ions of a run: what every table, page, figure and file shows.

    Parameters
    ----------
    traces : mapping of int to mapping
        By trial and ion the times in s, (samples,), and dF/F, (rois, samples): of the trials that
        were analysed with the same ROIs.
    blanks : collection of int
        The trials without a stimulus.
    rois : sequence of str
        Names, in the order of dF/F.
    baseline_s, response_s
        See `response_sizes`.

    Returns
    -------
    dict of (int, str, str) to ResponseSize
        By trial, ROI and ion.
    """
    found: dict[tuple[int, str, str], ResponseSize] = {}
    for ion in dict.fromkeys(ion for of_trial in traces.values() for ion in of_trial):
        numbers = sorted(number for number, of_trial in traces.items() if ion in of_trial)
        for place, roi in enumerate(rois):
            of_roi = [
                TrialTrace(
                    np.asarray(traces[number][ion][0], np.float64),
                    np.asarray(traces[number][ion][1], np.float64)[place],
                    number in blanks,
                )
                for number in numbers
            ]
            sizes = response_sizes(of_roi, baseline_s, response_s)
            found.update({(n, roi, ion): size for n, size in zip(numbers, sizes, strict=True)})
    return found


_UNKNOWN = ResponseSize(
    *[math.nan] * 6, samples=0, degrees=0, shape=ResponseMeasures(*[math.nan] * 5)
)


def _size_of(
    trial: TrialTrace,
    baseline_s: tuple[float, float],
    response_s: tuple[float, float],
    course: _Course | None,
) -> ResponseSize:
    known = np.isfinite(trial.time_s) & np.isfinite(trial.dff)
    time_s, dff = trial.time_s[known], trial.dff[known]
    before = (time_s >= baseline_s[0]) & (time_s < baseline_s[1])
    during = (time_s >= response_s[0]) & (time_s < response_s[1])
    n, m = int(before.sum()), int(during.sum())
    if not n or not m:
        return _UNKNOWN
    bleaching, bleaching_se = math.nan, 0.0
    if course is not None:
        bleaching, bleaching_se = course.rise(time_s[during], time_s[before])
        dff = dff - _terms(time_s) @ course.coefficients
    level = dff[before].mean()
    size = float(dff[during].mean() - level)
    noise = float(dff[before].std(ddof=1)) if n > 1 else math.nan
    se = math.sqrt(noise**2 * (1 / n + 1 / m) + bleaching_se**2)
    least = _times_se(n - 1) * se if n > 1 else math.nan
    shape = _UNKNOWN.shape
    if size > least:
        # Like the mean, the peak leaves out a sample at the window's very end.
        reach_s = float(np.nextafter(response_s[1], -np.inf)) - baseline_s[1]
        shape = response_measures(time_s, dff - level, baseline_s[1], peak_within_s=reach_s)
    return ResponseSize(size, se, noise, least, bleaching, bleaching_se, m, n - 1, shape)


@lru_cache(maxsize=256)
def _times_se(degrees: int) -> float:
    return float(scipy.stats.t.ppf(CONFIDENCE, degrees))


def _fit_course(blanks: Sequence[TrialTrace]) -> _Course | None:
    """Fit the course of bleaching to the blanks, each about its own mean; None without any."""
    rows: list[Values] = []
    values: list[Values] = []
    used = 0
    for blank in blanks:
        known = np.isfinite(blank.time_s) & np.isfinite(blank.dff)
        if known.sum() < _FEWEST_OF_BLANK:
            continue
        terms, dff = _terms(blank.time_s[known]), blank.dff[known]
        rows.append(terms - terms.mean(axis=0))
        values.append(dff - dff.mean())
        used += 1
    if not rows:
        return None
    design, seen = np.concatenate(rows), np.concatenate(values)
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ (design.T @ seen)
    left = seen - design @ coefficients
    degrees = max(len(seen) - len(_POWERS) - used, 1)
    return _Course(coefficients, inverse * float(left @ left) / degrees)


def _terms(time_s: Values) -> Values:
    return np.stack([time_s**power for power in _POWERS], axis=1)
