"""The bath of one experiment: what flows, since when, and what of it has arrived."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from blueslice.errors import BadInputError
from blueslice.sim.bath.exchange import BathState, Chamber, Switch, bath_at
from blueslice.sim.bath.solutions import SOLUTIONS, Solution

__all__ = ["Bath"]


class Bath:
    """Keeps the history of a perfusion.

    Parameters
    ----------
    solutions : sequence of Solution
        The bottles, of which the first flows from the beginning; no two of one name.
    chamber : Chamber, optional
        Volumes and flow.

    Raises
    ------
    BadInputError
        When there is no solution, or two have one name.
    """

    def __init__(
        self, solutions: Sequence[Solution] = SOLUTIONS, chamber: Chamber | None = None
    ) -> None:
        if not solutions:
            raise BadInputError("the perfusion has no solution; give at least one")
        named = {solution.name: solution for solution in solutions}
        if len(named) < len(solutions):
            raise BadInputError(
                f"two of the solutions {[solution.name for solution in solutions]} have one "
                "name; give each its own"
            )
        self.solutions: Mapping[str, Solution] = MappingProxyType(named)
        self.chamber = chamber or Chamber()
        self._switches: list[Switch] = [(0.0, solutions[0])]

    @property
    def switches(self) -> tuple[Switch, ...]:
        """When each solution was let in, in s of the experiment, and which."""
        return tuple(self._switches)

    @property
    def flowing(self) -> Solution:
        """The solution that leaves the tap now."""
        return self._switches[-1][1]

    def switch(self, name: str, time_s: float) -> None:
        """Let a solution flow from `time_s` on; nothing changes when it flows already.

        Raises
        ------
        BadInputError
            When there is no such solution; the text names those that there are.
        """
        if name not in self.solutions:
            raise BadInputError(
                f"there is no solution {name!r} on this rig; it has {', '.join(self.solutions)}"
            )
        if name != self.flowing.name:
            self._switches.append((time_s, self.solutions[name]))

    def at(self, time_s: float) -> BathState:
        """Return what the tissue sees at a time of the experiment, in s."""
        return bath_at(self._switches, time_s, self.chamber)
