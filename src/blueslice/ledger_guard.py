"""What keeps a cell from more light than it may get, whatever plan is run."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import bluesky.preprocessors as bpp
from bluesky.utils import Msg, MsgGenerator

from blueslice.errors import BadInputError
from blueslice.ledger import LIT_STREAMS, CellExposure, ExposureBudget
from blueslice.trial import Trial

__all__ = ["ExposureGuard", "planned_light_s", "refuse_excess"]

logger = logging.getLogger(__name__)

# Sums of the same numbers in another order differ by less.
_SAME_LIGHT_S = 1e-6


class ExposureGuard:
    """Refuses light beyond a cell's budget, and warns when it is almost used up.

    `check_start` sees the metadata of a run before it is opened; `watch`, a preprocessor of the
    RunEngine, sees each trial before the LEDs are made ready for it. Both raise where the plan
    stands, so that it goes dark and ends as after any other error. `note` counts the light of
    completed trials from the documents.

    Parameters
    ----------
    led_pair : device
        The LEDs whose ``prepare(trial)`` stands for light.
    budget : ExposureBudget
        Of each cell.
    look_up : callable of (cell) to CellExposure
        Tells the light of earlier runs; asked once for each cell.
    """

    def __init__(
        self, led_pair: Any, budget: ExposureBudget, look_up: Callable[[str], CellExposure]
    ) -> None:
        self.budget = budget
        self._led_pair = led_pair
        self._look_up = look_up
        self._used_s: dict[str, float] = {}
        self._allowed: set[str] = set()
        # Of the run that is open: its cell, and light that it may give without being asked again.
        self._cell = ""
        self._approved_s = 0.0
        self._descriptors: set[str] = set()

    def used_s(self, cell: str) -> float:
        """Return the light that a cell has had, of all LEDs together, in s."""
        if cell not in self._used_s:
            self._used_s[cell] = self._look_up(cell).total_s
        return self._used_s[cell]

    def allow(self, cell: str) -> None:
        """Let this cell get more light than its budget."""
        self._allowed.add(cell)

    def check(self, cell: str, planned_s: float) -> None:
        """Refuse light that a cell may not get; warn when its budget is almost used up.

        Parameters
        ----------
        cell : str
            Its name.
        planned_s : float
            Light of all LEDs together that is to be given, in s.

        Raises
        ------
        BadInputError
            When it exceeds what is left of the budget and that was not allowed.
        """
        used_s, budget_s = self.used_s(cell), self.budget.light_s
        if cell not in self._allowed:
            refuse_excess(cell, used_s, planned_s, self.budget)
        after_s = used_s + planned_s
        if planned_s > 0 and after_s > self.budget.warn_share * budget_s + _SAME_LIGHT_S:
            logger.warning(
                "cell %r will have had %.3g s of light after this, its budget is %.3g s",
                cell,
                after_s,
                budget_s,
            )

    def check_start(self, md: Mapping[str, Any]) -> None:
        """Check all the light that a run will give, as far as its metadata tell it."""
        cell = md.get("cell", "")
        if not isinstance(cell, str) or not cell.strip():
            raise BadInputError(f'cell = {cell!r}: give the cell a name, such as cell="c3"')
        planned_s = planned_light_s(md)
        self.check(cell, planned_s)
        self._cell, self._approved_s = cell, planned_s

    def watch(self, plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
        """Wrap a plan: a trial that its run's metadata did not tell is checked for itself."""

        def refuse(error: BadInputError) -> MsgGenerator[None]:
            raise error
            yield  # what makes it a plan, in which the error takes its place

        def look(message: Msg) -> tuple[MsgGenerator[None] | None, None]:
            is_light = message.command == "prepare" and message.obj is self._led_pair
            if is_light and isinstance(trial := message.args[0], Trial):
                light_s = sum(trial.light_s.values())
                if light_s > self._approved_s + _SAME_LIGHT_S:
                    try:
                        self.check(self._cell, light_s)
                    except BadInputError as error:
                        return refuse(error), None
                    self._approved_s = light_s
                self._approved_s -= light_s
            return None, None

        return (yield from bpp.plan_mutator(plan, look))

    def note(self, name: str, doc: Mapping[str, Any]) -> None:
        """Count the light of a trial, also of one cut off; subscribe it to the RunEngine."""
        if name == "start":
            self._descriptors.clear()
        elif name == "descriptor" and doc["name"] in LIT_STREAMS:
            self._descriptors.add(doc["uid"])
        elif name == "event" and doc["descriptor"] in self._descriptors and self._cell:
            light_s = sum(
                float(value)
                for key, value in doc["data"].items()
                if key.endswith(("-led_1_light_s", "-led_2_light_s"))
            )
            self._used_s[self._cell] = self.used_s(self._cell) + light_s


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
    if planned_s > 0 and used_s + planned_s > budget.light_s + _SAME_LIGHT_S:
        raise BadInputError(
            f"cell {cell!r} has had {used_s:.3g} s of light and this would add {planned_s:.3g} s, "
            f"more than its budget of {budget.light_s:.3g} s; take fewer trials, go on with "
            "another cell, or allow it (--exceed-budget, session.allow_exposure())"
        )


def planned_light_s(md: Mapping[str, Any]) -> float:
    """Return the light that a run's metadata announce, of all LEDs together, in s.

    Parameters
    ----------
    md : mapping
        Of the start document: ``trial``, of which there are ``trials``. All trials of a run have
        the same frames.

    Returns
    -------
    float
        0 when they do not tell; its trials are then checked one by one.
    """
    try:
        trial, count = Trial.from_document(md["trial"]), int(md["trials"])
    except (KeyError, TypeError, ValueError):
        return 0.0
    return count * sum(trial.light_s.values())
