"""Who counts the light that a light source gives, and refuses what is too much."""

import logging
from collections.abc import Mapping
from typing import Protocol

from blueslice._exposure_budget import ExposureBudget, refuse_excess

__all__ = ["LightLedger", "NoLedger", "UnkeptLedger"]

logger = logging.getLogger(__name__)


class LightLedger(Protocol):
    """Where a light source enters its light.

    `settle` returns at once; the others may block, and are called from a thread, one at a time.
    """

    @property
    def cell(self) -> str:
        """The cell under the light; may be set."""
        ...

    @cell.setter
    def cell(self, cell: str) -> None: ...

    @property
    def is_kept(self) -> bool:
        """Whether what is entered is still known when this process has ended."""
        ...

    def used_s(self, cell: str) -> float:
        """Return the light that a cell has had, of all sources together, in s."""
        ...

    def approve(self, planned_s: Mapping[int, float], run: str = "") -> int:
        """Enter light that is about to be given; until `settle` it counts as given.

        Parameters
        ----------
        planned_s : mapping of int to float
            By number of the LED, in s.
        run : str
            Uid of the run that it is given in; empty when there is none.

        Returns
        -------
        int
            The entry's number.

        Raises
        ------
        BadInputError
            When it is more than what is left of the cell's budget.
        StorageError
            When it cannot be entered.
        """
        ...

    def settle(self, entry: int, given_s: Mapping[int, float]) -> None:
        """Correct an entry to the light that was really given, at once; may be repeated."""
        ...

    def flush(self) -> None:
        """Keep what was settled; `approve` does it too."""
        ...


class UnkeptLedger:
    """Counts light as long as this process lives: of a light source that no rig has a ledger for.

    Parameters
    ----------
    budget : ExposureBudget, optional
        What it may give; by default that of one cell.
    """

    is_kept = False

    def __init__(self, budget: ExposureBudget | None = None) -> None:
        self.budget = budget or ExposureBudget()
        self.cell = "not named"
        self._light_s: list[tuple[str, float]] = []

    def used_s(self, cell: str) -> float:
        """Return the light that was entered for a cell, in s."""
        return sum(light_s for of_cell, light_s in self._light_s if of_cell == cell)

    def approve(self, planned_s: Mapping[int, float], run: str = "") -> int:
        """Enter light, within the budget; the first time say that it is not kept."""
        total_s = sum(planned_s.values())
        refuse_excess(self.cell, self.used_s(self.cell), total_s, self.budget)
        if not self._light_s:
            logger.warning(
                "the light of these LEDs is not kept: they belong to no rig with a data directory, "
                "so that no later session will know of it"
            )
        self._light_s.append((self.cell, total_s))
        return len(self._light_s) - 1

    def settle(self, entry: int, given_s: Mapping[int, float]) -> None:
        """Correct an entry."""
        cell, _ = self._light_s[entry]
        self._light_s[entry] = (cell, sum(given_s.values()))

    def flush(self) -> None:
        """Do nothing: nothing is kept."""


class NoLedger:
    """For a rig that replays recordings: it lights no cell."""

    is_kept = False
    cell = ""

    def used_s(self, cell: str) -> float:
        """Return 0."""
        return 0.0

    def approve(self, planned_s: Mapping[int, float], run: str = "") -> int:
        """Let it be."""
        return 0

    def settle(self, entry: int, given_s: Mapping[int, float]) -> None:
        """Let it be."""

    def flush(self) -> None:
        """Do nothing."""
