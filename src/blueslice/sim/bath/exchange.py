"""From the tap to the tissue: a dead volume, then the exchange of the chamber."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.errors import BadInputError
from blueslice.sim.bath.drugs import drug_named
from blueslice.sim.bath.solutions import ACSF, Solution

__all__ = ["CONTROL_BATH", "BathState", "Chamber", "Switch", "bath_at"]

Switch = tuple[float, Solution]
"""When a solution was let in, in s of the experiment, and which."""


class Chamber(Data):
    """The recording chamber and its tubing.

    Parameters
    ----------
    flow_mL_per_min : float
        The paper's 1 ml/min.
    volume_mL : float
        What the chamber holds; not in the paper, usual for a submerged slice.
    dead_volume_mL : float
        What the tubing from the tap to the chamber holds; not in the paper.
    """

    flow_mL_per_min: Real = Field(default=1.0, gt=0)
    volume_mL: Real = Field(default=1.5, gt=0)
    dead_volume_mL: Real = Field(default=1.0, ge=0)

    @property
    def delay_s(self) -> float:
        """Time from the tap to the chamber, in s."""
        return 60.0 * self.dead_volume_mL / self.flow_mL_per_min

    @property
    def exchange_s(self) -> float:
        """Time constant of the chamber's exchange, in s."""
        return 60.0 * self.volume_mL / self.flow_mL_per_min


class BathState(Data):
    """What the tissue sees.

    Parameters
    ----------
    magnesium_mM, calcium_mM, sodium_mM : float
        Free ions in mM.
    drugs_uM : mapping of str to float
        Each drug that has been let in so far, in uM.
    ionophores : float
        Part of the ionophores' full concentration, 0 to 1.
    """

    magnesium_mM: Real = Field(ge=0)
    calcium_mM: Real = Field(ge=0)
    sodium_mM: Real = Field(ge=0)
    drugs_uM: Mapping[str, Real] = Field(default_factory=dict)
    ionophores: Real = Field(default=0.0, ge=0, le=1)


CONTROL_BATH = BathState(
    magnesium_mM=ACSF.magnesium_mM, calcium_mM=ACSF.calcium_mM, sodium_mM=ACSF.sodium_mM
)
"""The paper's standard ACSF, with nothing in it."""


def bath_at(switches: Sequence[Switch], time_s: float, chamber: Chamber) -> BathState:
    """Return what the tissue sees at a time.

    A solution that is let in at t reaches the chamber at t + dead volume / flow. From there on
    each concentration follows V dc/dt = Q (c_in - c), the balance of a well-stirred chamber of
    volume V at flow Q. A drug that sticks leaves slower than that, by its own factor, and
    ionophores do not leave the membrane again.

    Parameters
    ----------
    switches : sequence of (time_s, Solution)
        At least one, in the order of time. The first has flowed for ever.
    time_s : float
        In s of the experiment, on the switches' clock; later switches count for nothing.
    chamber : Chamber
        Volumes and flow.

    Raises
    ------
    BadInputError
        When there is no switch, or they are not in the order of time.
    """
    if not switches:
        raise BadInputError("no solution has been let into the bath; name at least one")
    for (before_s, _), (after_s, solution) in pairwise(switches):
        if after_s < before_s:
            raise BadInputError(
                f"{solution.name!r} was let in at {after_s:g} s, before the switch at "
                f"{before_s:g} s that it follows; give the switches in the order of time"
            )
    in_chamber_s = [begun_s + chamber.delay_s for begun_s, _ in switches]

    def now(inflow: Sequence[float], washout_slowing: float = 1.0) -> float:
        wash_s = chamber.exchange_s * washout_slowing
        return _follow(in_chamber_s, inflow, time_s, chamber.exchange_s, wash_s)

    solutions = [solution for _, solution in switches]
    drugs = dict.fromkeys(name for solution in solutions for name in solution.drugs_uM)
    return BathState(
        magnesium_mM=now([solution.magnesium_mM for solution in solutions]),
        calcium_mM=now([solution.calcium_mM for solution in solutions]),
        sodium_mM=now([solution.sodium_mM for solution in solutions]),
        drugs_uM={
            name: now(
                [solution.drugs_uM.get(name, 0.0) for solution in solutions],
                drug_named(name).washout_slowing,
            )
            for name in drugs
        },
        ionophores=now([float(solution.ionophores) for solution in solutions], math.inf),
    )


def _follow(
    begin_s: Sequence[float],
    inflow: Sequence[float],
    time_s: float,
    rise_s: float,
    fall_s: float,
) -> float:
    """Return where a first-order exchange stands that follows an inflow of steps.

    `begin_s` and `inflow` are the steps; it starts where the first is. Exact for steps: each
    stretch of constant inflow is one exponential, with its own time constant up and down.
    """
    value = inflow[0]
    ends_s = [*begin_s[1:], math.inf]
    for start_s, end_s, target in zip(begin_s, ends_s, inflow, strict=True):
        if start_s >= time_s:
            break
        lasted_s = min(end_s, time_s) - start_s
        constant_s = rise_s if target >= value else fall_s
        value = target + (value - target) * math.exp(-lasted_s / constant_s)
    return value
