"""How much of each receptor and channel the drugs in the bath leave."""

import math
from collections.abc import Mapping
from typing import get_args

from pydantic import Field
from scipy.special import expit

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.errors import BadInputError
from blueslice.sim.bath.drugs import Target, drug_named

__all__ = ["Unblocked", "occupancy", "unblocked"]


class Unblocked(Data):
    """The part of each target that still works, 0 to 1.

    Parameters
    ----------
    ampa, nmda : float
        Of the AMPA and NMDA receptors.
    sodium_channels : float
        Of the voltage-gated sodium channels, without which an axon releases nothing and a cell
        has no spikes.
    """

    ampa: Real = Field(default=1.0, ge=0, le=1)
    nmda: Real = Field(default=1.0, ge=0, le=1)
    sodium_channels: Real = Field(default=1.0, ge=0, le=1)


def occupancy(concentration_uM: float, ic50_uM: float, hill: float = 1.0) -> float:
    """Return the part of a target that a drug occupies: c^h / (c^h + IC50^h), Hill 1910.

    Parameters
    ----------
    concentration_uM, ic50_uM : float
        In uM.
    hill : float
        Hill coefficient.

    Raises
    ------
    BadInputError
        When the concentration is negative or not a number.
    """
    if not 0 <= concentration_uM < math.inf:
        raise BadInputError(
            f"concentration_uM = {concentration_uM!r}: give a concentration of at least 0 uM"
        )
    if concentration_uM == 0:
        return 0.0
    # The same by logarithms, which neither overflow nor underflow for a trace of a drug.
    return float(expit(hill * (math.log(concentration_uM) - math.log(ic50_uM))))


def unblocked(drugs_uM: Mapping[str, float]) -> Unblocked:
    """Return the part of each target that drugs leave.

    Drugs that act on one target are taken to act independently: what they leave multiplies.

    Parameters
    ----------
    drugs_uM : mapping of str to float
        Concentration at the tissue in uM, by drug.

    Raises
    ------
    BadInputError
        When a drug is unknown or a concentration negative.
    """
    left: dict[Target, float] = dict.fromkeys(get_args(Target), 1.0)
    for name, concentration_uM in drugs_uM.items():
        drug = drug_named(name)
        left[drug.target] *= 1.0 - occupancy(concentration_uM, drug.ic50_uM, drug.hill)
    return Unblocked(**left)
