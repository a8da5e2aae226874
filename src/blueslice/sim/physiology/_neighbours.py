"""Sodium through NMDA receptors of the neighbours that the picture does not show."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology._chain import linear_filter
from blueslice.sim.physiology._filter import filter_and_read
from blueslice.sim.physiology._first_order import first_order
from blueslice.sim.physiology._spine_currents import spine_currents
from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.conductances import sodium_influx
from blueslice.sim.physiology.geometry import SpineGeometry
from blueslice.sim.physiology.release import Release
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.traits import SpineTraits

__all__ = ["neck_rate_per_ms", "neighbours_influx", "spread_sodium", "unseen_count"]

Values = NDArray[np.float64]

_DIFFUSION_UM2_PER_MS = 0.6
# mol/s to mM um3 per ms.
_MM_UM3_PER_MS_PER_MOL_PER_S = 1e15
# Waves of the source that are smaller than exp(-12) of it are left out.
_SMALLEST_WAVE = 12.0


def neck_rate_per_ms(geometry: SpineGeometry) -> float:
    """Return how fast a head and the dendrite below become alike: ``D A / (L V)``."""
    return (
        _DIFFUSION_UM2_PER_MS
        * geometry.neck_area_um2
        / (geometry.neck_length_um * geometry.head_volume_um3)
    )


def unseen_count(releasing: int, parameters: CellParameters) -> float:
    """Return how many unseen spines release where so many of the imaged ones do.

    None with a single spine, whose signal stays its own; all of them where an NMDA spike begins.
    """
    share = (releasing - 1) / max(parameters.plateau_spines - 1, 1)
    return parameters.unseen_spines * min(max(share, 0.0), 1.0)


def neighbours_influx(
    releases: Mapping[int, Sequence[Release]],
    time_ms: Values,
    dendrite_mV: Values,
    surroundings: Surroundings,
    parameters: CellParameters,
) -> Values:
    """Return the sodium that the unseen neighbours' NMDA receptors let in, in mol/s: (times,).

    Each is the mean spine and releases once, at the imaged spines' mean time. Magnesium blocks
    them as it blocks the imaged ones, so that they count in an NMDA spike and without magnesium.

    Parameters
    ----------
    releases : mapping of spine to sequence of Release
        Of the imaged spines.
    time_ms : (times,) array
        Times.
    dendrite_mV : (times,) array
        Potential of the dendrite below them.
    surroundings : Surroundings
        What works.
    parameters : CellParameters
        The cell.
    """
    mean = parameters.spine
    spine = SpineTraits(
        mean.geometry,
        0.0,
        mean.ampa_nS,
        mean.nmda_nS,
        mean.ampa_decay_ms,
        mean.ampa_rise_ms,
        mean.release,
        mean.threshold_uA,
    )
    when_s = float(np.mean([found[0].time_s for found in releases.values()]))
    current = spine_currents(
        spine, [Release(when_s, 1.0, 0)], time_ms, dendrite_mV, surroundings, parameters
    )
    each = sodium_influx(current.nmda_nS, current.potential_mV)
    return unseen_count(len(releases), parameters) * each


def spread_sodium(
    influx_mol_per_s: Values,
    away_um: Values,
    interval_ms: float,
    parameters: CellParameters,
) -> Values:
    """Compute the rise of sodium in the dendrite under many spines, in mM: (places, times).

    Their necks let it through with the mean spine's time constant, and along the dendrite it
    enters as a Gaussian, of which each cosine wave fades at ``D k^2`` (and by the pumps).

    Parameters
    ----------
    influx_mol_per_s : (times,) array
        Into all of them together.
    away_um : (places,) array
        From their centre along the dendrite; at half its length or more nothing arrives.
    interval_ms : float
        Between samples.
    parameters : CellParameters
        The cell.
    """
    geometry = parameters.spine.geometry
    length, spread = geometry.dendrite_length_um, parameters.unseen_spread_um
    most = int(np.sqrt(2 * _SMALLEST_WAVE) * length / (2 * np.pi * spread))
    wave: Values = 2 * np.pi * np.arange(most + 1, dtype=np.float64) / length
    rate: Values = _DIFFUSION_UM2_PER_MS * wave**2 + 1 / parameters.sodium_removal_ms
    size = np.where(wave > 0, 2.0, 1.0) / length * np.exp(-((wave * spread) ** 2) / 2)
    neck = neck_rate_per_ms(geometry)
    arriving = first_order(neck * influx_mol_per_s, neck, interval_ms)
    arriving *= _MM_UM3_PER_MS_PER_MOL_PER_S / geometry.dendrite_area_um2
    near = np.abs(away_um) < length / 2
    shape = np.where(near, away_um, 0.0)[:, None]
    weights = np.where(near[:, None], np.cos(wave * shape) * size, 0.0)
    kept, old, new = linear_filter(rate, interval_ms)
    found = np.empty((len(away_um), len(arriving)))
    filter_and_read(
        kept,
        np.ascontiguousarray(old[None]),
        np.ascontiguousarray(new[None]),
        np.ascontiguousarray(arriving[None]),
        np.ascontiguousarray(weights),
        np.zeros(len(wave)),
        found,
    )
    return found
