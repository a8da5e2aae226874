"""How much light a cell may get, and the refusal of more."""

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.errors import BadInputError

__all__ = ["SAME_LIGHT_S", "ExposureBudget", "refuse_excess"]

SAME_LIGHT_S = 1e-6
"""Sums of the same light in another order differ by less, in s."""


class ExposureBudget(Data):
    """How much light a cell may get.

    Parameters
    ----------
    light_s : float
        Light of both LEDs together in s. By default 2 s: ten trials of 200 ms, the most that
        Miyazaki & Ross 2017 took at a site (Materials and Methods: 5-10, before photodynamic
        damage).
    warn_share : float
        Share of it from which a run is warned of, 0 to 1.
    """

    light_s: Real = Field(default=2.0, gt=0, le=1e6)
    warn_share: Real = Field(default=0.8, ge=0, le=1)


def refuse_excess(cell: str, used_s: float, planned_s: float, budget: ExposureBudget) -> None:
    """Refuse light beyond a budget.

    Parameters
    ----------
    cell : str
        Its name.
    used_s, planned_s : float
        Light of all LEDs together that it has had, and is to get, in s.
    budget : ExposureBudget
        Of the cell.

    Raises
    ------
    BadInputError
        When both together exceed it.
    """
    if planned_s > 0 and used_s + planned_s > budget.light_s + SAME_LIGHT_S:
        raise BadInputError(
            f"cell {cell!r} has had {used_s:.3g} s of light and this would add {planned_s:.3g} s, "
            f"more than its budget of {budget.light_s:.3g} s; take fewer trials, go on with "
            "another cell, or allow it (--exceed-budget, session.allow_exposure())"
        )
