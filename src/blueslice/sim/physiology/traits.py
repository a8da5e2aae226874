"""What one cell is like: its spines' sizes, conductances and readiness, drawn by a seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.sim.physiology.geometry import SpineGeometry
from blueslice.sim.physiology.release import ReleaseParameters

__all__ = ["SpineParameters", "SpineTraits", "draw_spines", "lognormal"]


class SpineParameters(Data):
    """The mean spine, and how spines differ: coefficients of variation are of the mean.

    Means and variations are those with which the recorded signals, not the model of Fig 9, have
    the sizes that Miyazaki & Ross (2017) measured.

    Parameters
    ----------
    geometry : SpineGeometry
        Sizes of the mean spine.
    ampa_nS, nmda_nS : float
        Factors gA and gN of the conductances.
    ampa_decay_ms, ampa_rise_ms : float
        t1 and t2 of the AMPA conductance.
    release : ReleaseParameters
        The synapse.
    head_volume_cv, neck_diameter_cv, neck_length_cv, conductance_cv, ampa_decay_cv : float
        How they vary from spine to spine.
    uptake_cv : float
        How the stores' uptake of calcium varies: not every spine has stores.
    threshold_uA, threshold_cv : float
        Stimulus that excites the fibre of the spine at the electrode.
    threshold_uA_per_um : float
        How much more it takes for a spine farther away along the dendrite.
    """

    geometry: SpineGeometry = SpineGeometry(neck_length_um=0.84)
    ampa_nS: Real = Field(default=3.3, ge=0, le=100)
    nmda_nS: Real = Field(default=0.92, ge=0, le=100)
    ampa_decay_ms: Real = Field(default=2.8, gt=0)
    ampa_rise_ms: Real = Field(default=0.7, gt=0)
    release: ReleaseParameters = ReleaseParameters()
    head_volume_cv: Real = Field(default=0.12, ge=0, le=1)
    neck_diameter_cv: Real = Field(default=0.06, ge=0, le=1)
    neck_length_cv: Real = Field(default=0.10, ge=0, le=1)
    conductance_cv: Real = Field(default=0.14, ge=0, le=1)
    ampa_decay_cv: Real = Field(default=0.3, ge=0, le=1)
    uptake_cv: Real = Field(default=0.8, ge=0, le=2)
    threshold_uA: Real = Field(default=25.0, gt=0)
    threshold_cv: Real = Field(default=0.12, ge=0, le=1)
    threshold_uA_per_um: Real = Field(default=20.0, ge=0)


@dataclass(frozen=True)
class SpineTraits:
    """One spine.

    Attributes
    ----------
    geometry : SpineGeometry
        Its sizes.
    position_um : float
        Where its neck begins, in um along the dendrite.
    ampa_nS, nmda_nS, ampa_decay_ms, ampa_rise_ms : float
        Its conductances.
    release : ReleaseParameters
        Its synapse.
    threshold_uA : float
        Stimulus that excites its fibre.
    uptake_factor : float
        Uptake of calcium by its stores, relative to the mean.
    """

    geometry: SpineGeometry
    position_um: float
    ampa_nS: float
    nmda_nS: float
    ampa_decay_ms: float
    ampa_rise_ms: float
    release: ReleaseParameters
    threshold_uA: float
    uptake_factor: float = 1.0


def lognormal(mean: float, cv: float, rng: np.random.Generator) -> float:
    """Draw a positive value of a given mean and coefficient of variation (lognormal)."""
    spread = np.sqrt(np.log1p(cv**2))
    return float(mean * np.exp(spread * rng.standard_normal() - spread**2 / 2))


def draw_spines(
    positions_um: NDArray[np.float64],
    electrode_um: float,
    parameters: SpineParameters,
    rng: np.random.Generator,
) -> list[SpineTraits]:
    """Draw the spines of a dendrite.

    Parameters
    ----------
    positions_um : (spines,) array
        Where they are, in um along the dendrite.
    electrode_um : float
        Where the stimulating electrode is.
    parameters : SpineParameters
        The mean spine and the variation.
    rng : numpy.random.Generator
        Decides.
    """
    spines = []
    # What came later draws from numbers of its own, so that a seed's other sizes stay.
    later = rng.spawn(1)[0]
    mean = parameters.geometry
    for position_um in positions_um.tolist():
        size = lognormal(1.0, parameters.conductance_cv, rng)
        away_uA = parameters.threshold_uA_per_um * abs(position_um - electrode_um)
        spines.append(
            SpineTraits(
                geometry=mean.replace(
                    head_volume_um3=lognormal(mean.head_volume_um3, parameters.head_volume_cv, rng),
                    neck_diameter_um=lognormal(
                        mean.neck_diameter_um, parameters.neck_diameter_cv, rng
                    ),
                    neck_length_um=lognormal(mean.neck_length_um, parameters.neck_length_cv, rng),
                ),
                position_um=position_um,
                ampa_nS=parameters.ampa_nS * size,
                nmda_nS=parameters.nmda_nS * size,
                ampa_decay_ms=lognormal(parameters.ampa_decay_ms, parameters.ampa_decay_cv, rng),
                ampa_rise_ms=parameters.ampa_rise_ms,
                release=parameters.release,
                threshold_uA=lognormal(parameters.threshold_uA, parameters.threshold_cv, rng)
                + away_uA,
                uptake_factor=lognormal(1.0, parameters.uptake_cv, later),
            )
        )
    return spines
