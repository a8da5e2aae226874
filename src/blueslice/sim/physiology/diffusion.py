"""Sodium that enters a spine's head and leaves through its neck into the dendrite."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blueslice.errors import BadInputError
from blueslice.sim.physiology._chain import (
    Modes,
    decompose,
    graded_nodes,
    interpolation_weights,
    linear_filter,
)
from blueslice.sim.physiology._filter import filter_and_read
from blueslice.sim.physiology.geometry import SpineGeometry

__all__ = ["Place", "SpineDiffusion"]

Place: TypeAlias = Literal["head", "mid_neck", "neck_base"] | float
"""Where a concentration is asked for; a number is a distance from the neck in um."""

# 1 mol/s is 1e-3 mol/ms, or mM (mol/m3) times m3 per ms, and 1 m3 is 1e18 um3.
_MM_UM3_PER_MS_PER_MOL_PER_S = 1e15
_FEWEST_NECK, _FEWEST_DENDRITE = 5, 51


class SpineDiffusion:
    """Diffusion of sodium from one spine, solved once for any influx.

    Finite volumes: the head (one, with sodium entering at its centre), the neck, and the
    dendrite, whose two halves are alike and are solved as one; their volumes are smallest at the
    neck, where the gradient is. Entry, diffusion and first-order removal are linear, so that the
    compartments come apart into modes, each a first-order filter of the influx.

    Parameters
    ----------
    geometry : SpineGeometry
        The sizes.
    diffusion_um2_per_ms : float
        Diffusion constant D of sodium in cytoplasm in um2/ms: 0.6 in Miyazaki & Ross 2017, who
        cite Kushmerick & Podolsky 1969.
    neck_diffusion_um2_per_ms : float or None
        The same in the neck; None for no difference.
    removal_time_constant_ms : float or None
        Time constant of the pumps, at which the rise above rest fades everywhere; None for none.
    neck_compartments : int
        Odd, so that one lies in its middle; at least 5.
    dendrite_compartments : int
        Odd, so that one lies under the neck; at least 51.

    Attributes
    ----------
    volumes_um3 : (compartments,) array
        Of the head, of the neck from head to dendrite, of the dendrite under the neck, then of
        both sides of the dendrite together, outwards.

    Raises
    ------
    BadInputError
        When a value is out of range or a number of compartments is even or too small.
    """

    def __init__(
        self,
        geometry: SpineGeometry,
        *,
        diffusion_um2_per_ms: float = 0.6,
        neck_diffusion_um2_per_ms: float | None = None,
        removal_time_constant_ms: float | None = None,
        neck_compartments: int = 15,
        dendrite_compartments: int = 101,
    ) -> None:
        if neck_diffusion_um2_per_ms is None:
            neck_diffusion_um2_per_ms = diffusion_um2_per_ms
        _check_positive("diffusion_um2_per_ms", diffusion_um2_per_ms)
        _check_positive("neck_diffusion_um2_per_ms", neck_diffusion_um2_per_ms)
        _check_count("neck_compartments", neck_compartments, _FEWEST_NECK)
        _check_count("dendrite_compartments", dendrite_compartments, _FEWEST_DENDRITE)
        self.geometry = geometry
        self._neck_compartments = neck_compartments
        self._nodes_um = graded_nodes(geometry.dendrite_length_um / 2, dendrite_compartments // 2)
        self.volumes_um3, self._modes = _solve(
            tuple(geometry.model_dump().values()),
            float(diffusion_um2_per_ms),
            float(neck_diffusion_um2_per_ms),
            neck_compartments,
            dendrite_compartments,
        )
        # Removal at one rate everywhere leaves the modes as they are.
        self._rate_per_ms = self._modes.rate_per_ms
        if removal_time_constant_ms is not None:
            _check_positive("removal_time_constant_ms", removal_time_constant_ms)
            self._rate_per_ms = self._rate_per_ms + 1 / removal_time_constant_ms

    def concentration(
        self,
        influx_mol_per_s: ArrayLike,
        dt_ms: float,
        places: Sequence[Place] | None = None,
        *,
        dendrite_influx_mM_per_ms: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Compute how far sodium rises above rest.

        Exact in time, to rounding, for an influx that is linear between its samples.

        Parameters
        ----------
        influx_mol_per_s : array_like, shape (times,)
            Sodium entering the head in mol/s; the cell is at rest at the first sample.
        dt_ms : float
            Time between samples in ms.
        places : sequence of {"head", "mid_neck", "neck_base"} or float, or None
            Where: the centre of the head, the middle of the neck, the dendrite under the neck,
            or at a distance in um from there along the dendrite, of either sign. None for the
            mean of every compartment, in the order of `volumes_um3`.
        dendrite_influx_mM_per_ms : array_like, shape (times,), optional
            Sodium that enters the dendrite alike along its length (a back-propagating spike), as
            the rise in mM per ms that it would cause there alone.

        Returns
        -------
        (places, times) array
            In mM above rest.

        Raises
        ------
        BadInputError
            When a place is none of the spine's, the influxes differ in shape or are not finite,
            or `dt_ms` is not positive.
        """
        _check_positive("dt_ms", dt_ms)
        head = _check_influx("influx_mol_per_s", influx_mol_per_s)
        compartments = len(self.volumes_um3)
        if places is None:
            weights = np.eye(compartments)
        else:
            weights = np.array([self._weights(place) for place in places])
            weights = weights.reshape(-1, compartments)
        into = self._modes.from_influx
        sources = [into[:, 0]]
        influx = [head * _MM_UM3_PER_MS_PER_MOL_PER_S]
        if dendrite_influx_mM_per_ms is not None:
            dendrite = _check_influx("dendrite_influx_mM_per_ms", dendrite_influx_mM_per_ms)
            if dendrite.shape != head.shape:
                raise BadInputError(
                    f"dendrite_influx_mM_per_ms has {len(dendrite)} samples and influx_mol_per_s "
                    f"{len(head)}; give as many of both"
                )
            first = 1 + self._neck_compartments
            sources.append((into[:, first:] * self.volumes_um3[first:]).sum(1))
            influx.append(dendrite)
        kept, old, new = linear_filter(self._rate_per_ms, float(dt_ms))
        found = np.empty((len(weights), len(head)))
        filter_and_read(
            kept,
            np.ascontiguousarray(old * sources),
            np.ascontiguousarray(new * sources),
            np.array(influx),
            np.ascontiguousarray(weights @ self._modes.to_concentration),
            np.zeros(compartments),
            found,
        )
        return found

    def _weights(self, place: Place) -> NDArray[np.float64]:
        """Return each compartment's part in the concentration at `place`."""
        weights = np.zeros(len(self.volumes_um3))
        base = 1 + self._neck_compartments
        if isinstance(place, str):
            named = {"head": 0, "mid_neck": (1 + base) // 2, "neck_base": base}
            if place not in named:
                raise BadInputError(
                    f"there is no place {place!r} in a spine; give one of "
                    f"{', '.join(named)} or a distance along the dendrite in um"
                )
            weights[named[place]] = 1.0
            return weights
        end_um = self.geometry.dendrite_length_um / 2
        if not abs(place) <= end_um:
            raise BadInputError(
                f"the place {place:g} um is beyond the dendrite; give a distance of at most "
                f"{end_um:g} um or a longer dendrite"
            )
        weights[base:] = interpolation_weights(self._nodes_um, abs(float(place)))
        return weights


# A trial asks for the same few dozen spines again and again. Keyed by the sizes: the type checker
# does not see that frozen data has a hash.
@lru_cache(maxsize=512)
def _solve(
    sizes: tuple[float, ...],
    diffusion_um2_per_ms: float,
    neck_diffusion_um2_per_ms: float,
    neck_compartments: int,
    dendrite_compartments: int,
) -> tuple[NDArray[np.float64], Modes]:
    """Return the volumes of a spine's compartments and their modes."""
    geometry = SpineGeometry(**dict(zip(SpineGeometry.model_fields, sizes, strict=True)))
    neck_area, dendrite_area = geometry.neck_area_um2, geometry.dendrite_area_um2
    neck_step = geometry.neck_length_um / neck_compartments
    nodes = graded_nodes(geometry.dendrite_length_um / 2, dendrite_compartments // 2)
    borders = np.concatenate([nodes[:1], (nodes[1:] + nodes[:-1]) / 2, nodes[-1:]])
    # Both sides of the dendrite count together, here and in what they exchange.
    volumes = np.concatenate(
        [
            [geometry.head_volume_um3],
            np.full(neck_compartments, neck_area * neck_step),
            2 * dendrite_area * np.diff(borders),
        ]
    )
    in_neck = neck_diffusion_um2_per_ms * neck_area / neck_step
    head_length = geometry.head_length_um
    out_of_head = diffusion_um2_per_ms * (np.pi / 4 * head_length**2) / (head_length / 2)
    exchange = np.concatenate(
        [
            # From the head's centre to the first compartment's: two resistances in a row.
            [1 / (1 / out_of_head + 1 / (2 * in_neck))],
            np.full(neck_compartments - 1, in_neck),
            [2 * in_neck],
            2 * diffusion_um2_per_ms * dendrite_area / np.diff(nodes),
        ]
    )
    modes = decompose(volumes, exchange)
    volumes.flags.writeable = False
    return volumes, modes


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise BadInputError(f"{name} = {value:g}; give a number above 0")


def _check_count(name: str, value: int, fewest: int) -> None:
    if value < fewest or value % 2 != 1:
        raise BadInputError(f"{name} = {value}; give an odd number of at least {fewest}")


def _check_influx(name: str, values: ArrayLike) -> NDArray[np.float64]:
    influx = np.asarray(values, np.float64)
    if influx.ndim != 1 or len(influx) == 0:
        raise BadInputError(f"{name} has shape {influx.shape}; give one influx per sample of time")
    if not np.isfinite(influx).all():
        raise BadInputError(f"{name} is not finite everywhere; give a number for every sample")
    return influx
