"""The curve of one response: a rise, a decay and a slow tail, and its slopes for a fit."""

from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.special

__all__ = ["Curve", "curve_with_slopes"]

# An exposure is averaged over by Gauss's rule of two points: exact for what bends no more than
# a cubic within it.
_PLACES, _WEIGHTS = np.polynomial.legendre.leggauss(2) * np.array([[1.0], [0.5]])
# exp() of more than this is no time constant of anything
_FARTHEST = 30.0


@dataclass(frozen=True)
class Curve:
    """A response and the baseline under it.

    With u the time since the onset (0 before it)::

        offset + amplitude (1 - exp(-u / rise))^bend
                 ((1 - tail) exp(-u / decay) + tail exp(-u / tail_s))

    With ``bend`` 1 and ``tail`` 0 this is the difference of two exponentials; a larger bend begins
    more gently, as where trials of different latency are averaged.

    Attributes
    ----------
    offset, amplitude : float
        In dF/F.
    onset_s : float
        From the stimulus to the first rise, in s.
    rise_s, decay_s, tail_s : float
        Time constants in s, above 0.
    bend : float
        Exponent of the rise, above 1.
    tail : float
        Part that decays slowly, between 0 and 1.
    """

    offset: float
    amplitude: float
    onset_s: float
    rise_s: float
    bend: float
    decay_s: float
    tail: float
    tail_s: float

    def replace(self, **changes: float) -> Self:
        """Return a copy with some values changed."""
        return dataclass_replace(self, **changes)

    def at(self, since_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Give the curve at instants after the stimulus, in s."""
        u = np.maximum(since_s - self.onset_s, 0.0)
        fall = (1 - self.tail) * np.exp(-u / self.decay_s) + self.tail * np.exp(-u / self.tail_s)
        return self.offset + self.amplitude * (-np.expm1(-u / self.rise_s)) ** self.bend * fall

    def to_vector(self) -> npt.NDArray[np.float64]:
        """Give the eight values as a fit moves them, without limits: logarithms where positive."""
        return np.array(
            [
                self.offset,
                self.amplitude,
                self.onset_s,
                np.log(self.rise_s),
                np.log(self.bend - 1),
                np.log(self.decay_s),
                scipy.special.logit(self.tail),
                np.log(self.tail_s),
            ]
        )

    @classmethod
    def from_vector(cls, vector: npt.NDArray[np.float64]) -> Self:
        """Read what `to_vector` gave."""
        offset, amplitude, onset_s, *logs = vector
        rise_s, bend, decay_s, _, tail_s = np.exp(np.clip(logs, -_FARTHEST, _FARTHEST)).tolist()
        tail = float(scipy.special.expit(logs[3]))
        return cls(
            float(offset), float(amplitude), float(onset_s), rise_s, 1 + bend, decay_s, tail, tail_s
        )


def curve_with_slopes(
    vector: npt.NDArray[np.float64], since_s: npt.NDArray[np.float64], exposure_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Average the curve over exposures, and its derivative by each value of the vector.

    Parameters
    ----------
    vector : ndarray of float64, shape (8,)
        From `Curve.to_vector`.
    since_s : ndarray of float64, shape (samples,)
        Mid-exposure times after the stimulus in s.
    exposure_s : float
        Length of an exposure in s.

    Returns
    -------
    ndarray of float64, shape (samples,); ndarray of float64, shape (8, samples)
    """
    curve = Curve.from_vector(vector)
    u = np.maximum(since_s + _PLACES[:, None] * (exposure_s / 2) - curve.onset_s, 0.0)
    after = u > 0
    falling, risen = np.exp(-u / curve.rise_s), -np.expm1(-u / curve.rise_s)
    log_risen = np.log(np.where(after, risen, 1.0))
    # an exponential of what is known anyway takes half the time of a power
    less = np.where(after, np.exp((curve.bend - 1) * log_risen), 0.0)
    rise = less * risen
    rise_slope = curve.bend * less * falling / curve.rise_s
    fast, slow = (1 - curve.tail) * np.exp(-u / curve.decay_s), np.exp(-u / curve.tail_s)
    fall = fast + curve.tail * slow
    fall_slope = -fast / curve.decay_s - curve.tail * slow / curve.tail_s
    whole = rise * fall
    parts = (
        np.where(after, -(rise_slope * fall + rise * fall_slope), 0.0),
        -rise_slope * u * fall,
        (curve.bend - 1) * log_risen * whole,
        rise * fast * (u / curve.decay_s),
        rise * (slow * (1 - curve.tail) - fast) * curve.tail,
        rise * slow * u * (curve.tail / curve.tail_s),
    )
    slopes = np.empty((2 + len(parts), len(since_s)))
    slopes[0] = 1.0
    slopes[1] = _WEIGHTS @ whole
    for row, part in zip(slopes[2:], parts, strict=True):
        row[:] = curve.amplitude * (_WEIGHTS @ part)
    return curve.offset + curve.amplitude * slopes[1], slopes
