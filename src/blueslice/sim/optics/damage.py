"""What light does to the cell: after the paper's 5-10 trials rest and responses drift."""

from dataclasses import dataclass

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["Damage", "Photodamage", "damage_from_light"]


class Photodamage(Data):
    """How a cell suffers from light.

    The paper only says that 5 to 10 trials of 200 ms were taken per site before photodynamic
    damage; a trial is 0.18 s of light from both LEDs. The rest is chosen to agree with that.

    Parameters
    ----------
    half_dose_s : float
        Light of both LEDs together after which half of the damage is done, in s of full light.
    steepness : float
        Exponent: the higher, the longer the cell seems unharmed.
    lost_response : float
        Part of a response that is lost in the end.
    sodium_rise_mM : float
        Rise of free sodium at rest in the end.
    calcium_rise_uM : float
        Rise of free calcium at rest in the end.
    """

    half_dose_s: Real = Field(default=2.1, gt=0, le=1e6)
    steepness: Real = Field(default=4.0, ge=1, le=20)
    lost_response: Real = Field(default=0.7, ge=0, le=1)
    sodium_rise_mM: Real = Field(default=8.0, ge=0, le=100)
    calcium_rise_uM: Real = Field(default=0.3, ge=0, le=100)


@dataclass(frozen=True)
class Damage:
    """The state of the cell after some light.

    Attributes
    ----------
    fraction : float
        Damage done, 0 to 1.
    response_factor : float
        What is left of a response, 1 to 0.
    sodium_rise_mM, calcium_rise_uM : float
        Rise of the free ions at rest; the dyes make it a drift of rest fluorescence, in the
        direction of each.
    """

    fraction: float
    response_factor: float
    sodium_rise_mM: float
    calcium_rise_uM: float


def damage_from_light(dose_s: float, photodamage: Photodamage | None = None) -> Damage:
    """Return what a dose of light has done to the cell.

    The damage is ``d^n / (d^n + half^n)``: hardly any at first, then soon all of it.

    Parameters
    ----------
    dose_s : float
        Light of both LEDs since the beginning at this site, in seconds of full light.
    photodamage : Photodamage, optional
        How the cell suffers.
    """
    cell = photodamage or Photodamage()
    relative = (max(dose_s, 0.0) / cell.half_dose_s) ** cell.steepness
    fraction = relative / (1 + relative)
    return Damage(
        fraction=fraction,
        response_factor=1 - cell.lost_response * fraction,
        sodium_rise_mM=cell.sodium_rise_mM * fraction,
        calcium_rise_uM=cell.calcium_rise_uM * fraction,
    )
