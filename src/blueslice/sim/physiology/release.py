"""Whether a stimulus releases transmitter at a spine, and how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["Release", "ReleaseParameters", "draw_releases"]


class ReleaseParameters(Data):
    """A synapse's readiness to release.

    The values at 10 ms give the paper's share of successes that begin on the second pulse of a
    pair: 0.75 x 0.46 against 0.25 is 58 % (Miyazaki & Ross 2017, of 26 unambiguous ones).

    Parameters
    ----------
    probability : float
        Of a release by a pulse that comes alone.
    facilitation : float
        How much the probability is raised right after a pulse that released nothing, relative.
    facilitation_decay_s : float
        Time constant at which that fades, in s.
    probability_after_release : float
        Factor of the probability right after a release.
    amplitude_after_release : float
        Size of a release right after another, relative to the first.
    recovery_s : float
        Time constant at which both recover, in s.
    latency_s, latency_sd_s : float
        From the stimulus to the release: the least, and the SD of the half-normal delay on it.
    """

    probability: Real = Field(default=0.25, ge=0, le=1)
    facilitation: Real = Field(default=0.93, ge=0, le=10)
    facilitation_decay_s: Real = Field(default=0.1, gt=0)
    probability_after_release: Real = Field(default=0.78, ge=0, le=1)
    amplitude_after_release: Real = Field(default=0.57, ge=0, le=1)
    recovery_s: Real = Field(default=0.15, gt=0)
    latency_s: Real = Field(default=0.003, ge=0, le=0.1)
    latency_sd_s: Real = Field(default=0.0005, ge=0, le=0.1)


@dataclass(frozen=True)
class Release:
    """Transmitter that was released.

    Attributes
    ----------
    time_s : float
        When, in s.
    amplitude : float
        How much, 1 for a rested synapse.
    pulse : int
        Which arrival caused it, 0 for the first.
    """

    time_s: float
    amplitude: float
    pulse: int


def draw_releases(
    arrivals_s: Sequence[float],
    parameters: ReleaseParameters,
    rng: np.random.Generator,
) -> list[Release]:
    """Draw what a synapse releases for the stimuli that reach its fibre.

    Two numbers are drawn for each arrival whatever happens, so that a change of one parameter
    leaves the chances of the others as they were.

    Parameters
    ----------
    arrivals_s : sequence of float
        Rising times in s.
    parameters : ReleaseParameters
        The synapse.
    rng : numpy.random.Generator
        Decides.
    """
    releases: list[Release] = []
    facilitation = depression = 0.0
    before_s = -np.inf
    for number, arrival_s in enumerate(arrivals_s):
        chance, delay = rng.random(), abs(rng.standard_normal())
        passed_s = arrival_s - before_s
        facilitation *= np.exp(-passed_s / parameters.facilitation_decay_s)
        depression *= np.exp(-passed_s / parameters.recovery_s)
        readiness = 1 - depression * (1 - parameters.probability_after_release)
        raised = 1 + facilitation * (1 - min(depression, 1.0))
        probability = min(parameters.probability * raised * readiness, 1.0)
        if chance < probability:
            time_s = arrival_s + parameters.latency_s + parameters.latency_sd_s * delay
            amplitude = 1 - depression * (1 - parameters.amplitude_after_release)
            releases.append(Release(float(time_s), float(amplitude), number))
            depression = 1.0
        facilitation = min(facilitation + parameters.facilitation, 2 * parameters.facilitation)
        before_s = arrival_s
    return releases
