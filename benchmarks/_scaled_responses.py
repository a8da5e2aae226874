"""Responses of a simulated cell made larger or smaller, so that its light is so in proportion."""

from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np
from benchmarks._spine_trials import DYES
from numpy.typing import NDArray

from blueslice.indicators import Indicator
from blueslice.sim.optics import bound_fraction
from blueslice.sim.physiology import CellResponse

__all__ = ["IONS", "scale_response"]

Values = NDArray[np.float64]

IONS = DYES.channel_names


def scale_response(response: CellResponse, scales: Mapping[str, float]) -> CellResponse:
    """Scale what each dye's light changes from rest: its bound part, not the ion that binds.

    Parameters
    ----------
    response : CellResponse
        Of the cell.
    scales : mapping of str to float
        By ion; 0 holds it at rest, 1 changes nothing.
    """
    dyes = dict(zip(IONS, DYES.indicators, strict=True))
    changed = {}
    for field in fields(response):
        values = getattr(response, field.name)
        if np.ndim(values) != 2:
            continue
        if "sodium" in field.name:
            changed[field.name] = _scaled_sodium(values, dyes["sodium"], scales["sodium"])
        else:
            changed[field.name] = _scaled_values(values, scales["calcium"])
    return replace(response, **changed)


def _scaled_values(values: Values, scale: float) -> Values:
    return values[:, :1] + scale * (values - values[:, :1])


def _scaled_sodium(sodium_mM: Values, dye: Indicator, scale: float) -> Values:
    """Scale the bound part of the dye, on which its light depends linearly."""
    bound = _scaled_values(bound_fraction(sodium_mM, dye), scale)
    return dye.dissociation_constant_mM * bound / (1 - bound)
