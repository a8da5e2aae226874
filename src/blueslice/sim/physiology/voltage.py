"""Membrane potential: at the soma, and at the spines that are active."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import expit

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = [
    "VoltageParameters",
    "difference_of_exponentials",
    "plateau",
    "spikes",
    "spine_depolarisation",
]

Values = NDArray[np.float64]


class VoltageParameters(Data):
    """How the cell's potential answers.

    Parameters
    ----------
    rest_mV : float
        Resting potential.
    epsp_mV : float
        Peak of the EPSP that one pulse of full recruitment evokes at the soma, by the many
        synapses that are not imaged; the second of a pair comes on top of it, facilitated.
    epsp_rise_ms, epsp_decay_ms : float
        Its time constants.
    epsp_facilitation : float
        The second EPSP's size relative to the first.
    release_mV : float
        Factor of what a release adds at its own spine: the neck's resistance makes it large.
    release_rise_ms, release_decay_ms : float
        Its time constants.
    dendrite_epsp_factor : float
        The EPSP at the dendrite relative to that at the soma.
    threshold_mV : float
        Potential at the soma at which a spike begins.
    spike_mV : float
        Height of a spike from there.
    spike_at_spine : float
        Height of a back-propagated spike at the spine, relative.
    soma_time_constant_ms, soma_resistance_MOhm : float
        Membrane time constant and input resistance, for current through the pipette.
    plateau_mV : float
        Depolarisation of an NMDA spike at the dendrite.
    plateau_ms : float
        How long it lasts.
    plateau_at_soma : float
        What of it reaches the soma.
    soma_at_dendrite : float
        What of current through the pipette, and of the pull of spikes, reaches the dendrite,
        relative to the soma.
    reset_mV, reset_ms, refractory_ms : float
        Where a spike's potassium channels pull the soma, how fast, and for how long they keep it
        from firing.
    afterhyperpolarisation_mV, afterhyperpolarisation_ms : float
        What each spike leaves, and its time constant.
    """

    rest_mV: Real = Field(default=-68.0, ge=-100, le=-40)
    epsp_mV: Real = Field(default=2.6, ge=0, le=50)
    epsp_rise_ms: Real = Field(default=5.0, gt=0)
    epsp_decay_ms: Real = Field(default=38.0, gt=0)
    epsp_facilitation: Real = Field(default=1.3, ge=0, le=5)
    release_mV: Real = Field(default=75.0, ge=0, le=200)
    release_rise_ms: Real = Field(default=1.0, gt=0)
    release_decay_ms: Real = Field(default=12.0, gt=0)
    dendrite_epsp_factor: Real = Field(default=2.0, ge=0, le=10)
    threshold_mV: Real = Field(default=-48.0, ge=-90, le=0)
    spike_mV: Real = Field(default=85.0, ge=0, le=150)
    spike_at_spine: Real = Field(default=0.6, ge=0, le=1)
    soma_time_constant_ms: Real = Field(default=20.0, gt=0)
    soma_resistance_MOhm: Real = Field(default=75.0, gt=0)
    plateau_mV: Real = Field(default=40.0, ge=0, le=100)
    plateau_ms: Real = Field(default=60.0, gt=0)
    plateau_at_soma: Real = Field(default=0.45, ge=0, le=1)
    soma_at_dendrite: Real = Field(default=0.5, ge=0, le=1)
    reset_mV: Real = Field(default=-60.0, ge=-100, le=-40)
    reset_ms: Real = Field(default=1.0, gt=0)
    refractory_ms: Real = Field(default=4.0, ge=0)
    afterhyperpolarisation_mV: Real = Field(default=1.5, ge=0, le=20)
    afterhyperpolarisation_ms: Real = Field(default=60.0, gt=0)

    @model_validator(mode="after")
    def _check_reset(self) -> Self:
        if self.reset_mV >= self.threshold_mV:
            raise ValueError(
                f"reset_mV = {self.reset_mV:g} is not below threshold_mV = {self.threshold_mV:g}; "
                "a spike has to end below where it began"
            )
        return self


def difference_of_exponentials(time_ms: Values, rise_ms: float, decay_ms: float) -> Values:
    """Return ``exp(-t / decay) - exp(-t / rise)`` over its maximum: 0 before 0, 1 at its peak."""
    since_ms = np.maximum(time_ms, 0.0)
    peak_ms = rise_ms * decay_ms / (decay_ms - rise_ms) * np.log(decay_ms / rise_ms)
    peak = np.exp(-peak_ms / decay_ms) - np.exp(-peak_ms / rise_ms)
    return (np.exp(-since_ms / decay_ms) - np.exp(-since_ms / rise_ms)) / peak


def spikes(time_ms: Values, spikes_ms: Sequence[float], height_mV: float) -> Values:
    """Return action potentials, each 0.4 ms up and about 1 ms down, with a small after-wave.

    Parameters
    ----------
    time_ms : (times,) array
        Times.
    spikes_ms : sequence of float
        When each begins.
    height_mV : float
        Height from where it begins.
    """
    found = np.zeros(len(time_ms))
    for spike_ms in spikes_ms:
        since_ms = time_ms - spike_ms
        found += height_mV * difference_of_exponentials(since_ms, 0.25, 0.9)
        found += 0.05 * height_mV * difference_of_exponentials(since_ms, 1.5, 12.0)
    return found


def plateau(time_ms: Values, onset_ms: float, height_mV: float, length_ms: float) -> Values:
    """Return an NMDA spike's depolarisation: up in 5 ms, held, down in 10 ms."""
    up = expit((time_ms - onset_ms - 8.0) / 2.0)
    down = expit(-(time_ms - onset_ms - length_ms) / 6.0)
    return np.where(time_ms >= onset_ms, height_mV * up * down, 0.0)


def spine_depolarisation(
    time_ms: Values, releases_ms: Sequence[tuple[float, float]], parameters: VoltageParameters
) -> Values:
    """Return what releases add at their own spine above the dendrite's potential, in mV.

    Parameters
    ----------
    time_ms : (times,) array
        Times.
    releases_ms : sequence of (float, float)
        Time and relative size of each.
    parameters : VoltageParameters
        The cell.
    """
    found = np.zeros(len(time_ms))
    for release_ms, size in releases_ms:
        since_ms = np.maximum(time_ms - release_ms, 0.0)
        shape = np.exp(-since_ms / parameters.release_decay_ms) - np.exp(
            -since_ms / parameters.release_rise_ms
        )
        found += parameters.release_mV * size * shape
    return found
