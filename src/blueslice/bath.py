"""What flows through the bath: the solution, its drugs, since when, and its share at the slice."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ARRIVED", "UNKNOWN", "Bath", "arrived_share", "bath_of"]

UNKNOWN = "unknown"
"""The name of a solution or a drug that nobody has told."""

ARRIVED = 0.98
"""A solution of which so much is in the chamber counts as arrived."""


@dataclass(frozen=True)
class Bath:
    """What flows; by default unknown.

    Attributes
    ----------
    solution : str
        Its name.
    drug : str
        Of the drugs in it, joined by `` + ``; empty for none.
    concentration_uM : float
        Of the drug named first, 0 for none; NaN when it is not known.
    since_s : float
        Time of the experiment at which it began to flow; NaN when that is not known.
    arrived : float
        Its share of what is in the chamber, 0 to 1; NaN when that is not known.
    """

    solution: str = UNKNOWN
    drug: str = UNKNOWN
    concentration_uM: float = math.nan
    since_s: float = math.nan
    arrived: float = math.nan


def bath_of(
    solution: str,
    drugs_uM: Mapping[str, float] | None,
    *,
    since_s: float = math.nan,
    arrived: float = math.nan,
    at_least: float = 0.0,
) -> Bath:
    """Return the bath in which a solution flows.

    Parameters
    ----------
    solution : str
        Its name.
    drugs_uM : mapping of str to float, or None
        The concentration of each drug in it, in uM; None when that is not known.
    since_s : float
        Time of the experiment at which it began to flow, or NaN.
    arrived : float
        Its share of what is in the chamber, or NaN.
    at_least : float
        What the share is at least; it is taken for known once it is nearly 1.
    """
    if not arrived >= 0 and at_least >= ARRIVED:
        arrived = at_least
    if drugs_uM is None:
        return Bath(solution, since_s=since_s, arrived=arrived)
    return Bath(
        solution, " + ".join(drugs_uM), next(iter(drugs_uM.values()), 0.0), since_s, arrived
    )


def arrived_share(flowed_s: float, delay_s: float, exchange_s: float) -> float:
    """Return the share of a new solution in a chamber that it flows into.

    ``1 - exp(-(t - delay) / exchange)``: the exchange of a well-stirred chamber, after the dead
    volume of the tube. Of sticky drugs, which leave the tube later, it says nothing.

    Parameters
    ----------
    flowed_s : float
        For how long the valve has let it flow, in s.
    delay_s : float
        Time through the tube, in s.
    exchange_s : float
        Time constant of the chamber, in s; 0 for one that is exchanged at once.
    """
    inside_s = flowed_s - delay_s
    if inside_s < 0:
        return 0.0
    return 1.0 if exchange_s <= 0 else -math.expm1(-inside_s / exchange_s)
