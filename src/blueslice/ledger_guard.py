"""What keeps a cell from more light than it may get, whatever plan is run."""

import logging
from collections.abc import Mapping
from typing import Any

import bluesky.preprocessors as bpp
from bluesky.utils import Msg, MsgGenerator

from blueslice._exposure_budget import SAME_LIGHT_S, refuse_excess
from blueslice.errors import BadInputError
from blueslice.light_ledger import RigLedger
from blueslice.trial import Trial

__all__ = ["ExposureGuard", "planned_light_s"]

logger = logging.getLogger(__name__)


class ExposureGuard:
    """Refuses light beyond a cell's budget, and warns when it is almost used up.

    The LEDs themselves enter all light in the rig's ledger and refuse what is too much, under any
    RunEngine. The guard refuses earlier: `check_start` sees the metadata of a run before it is
    opened; `watch`, a preprocessor of the RunEngine, sees each trial before anything is made ready
    for it. Both raise where the plan stands, so that it goes dark and ends as after any other
    error.

    Parameters
    ----------
    led_pair : device
        The LEDs whose ``prepare(trial)`` stands for light.
    ledger : RigLedger
        That of the LEDs.
    """

    def __init__(self, led_pair: Any, ledger: RigLedger) -> None:
        self.ledger = ledger
        self._led_pair = led_pair
        # Of the run that is open: its cell, and light that it may give without being asked again.
        self._cell = ""
        self._approved_s = 0.0

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
        budget = self.ledger.budget
        used_s, budget_s = self.ledger.used_s(cell), budget.light_s
        if not self.ledger.is_allowed(cell):
            refuse_excess(cell, used_s, planned_s, budget)
        after_s = used_s + planned_s
        if planned_s > 0 and after_s > budget.warn_share * budget_s + SAME_LIGHT_S:
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
        self.ledger.cell = cell

    def watch(self, plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
        """Wrap a plan: a trial that its run's metadata did not tell is checked for itself."""

        def refuse(error: BadInputError) -> MsgGenerator[None]:
            raise error
            yield  # what makes it a plan, in which the error takes its place

        def look(message: Msg) -> tuple[MsgGenerator[None] | None, None]:
            is_light = message.command == "prepare" and message.obj is self._led_pair
            if is_light and isinstance(trial := message.args[0], Trial):
                light_s = sum(trial.light_s.values())
                if light_s > self._approved_s + SAME_LIGHT_S:
                    try:
                        self.check(self._cell, light_s)
                    except BadInputError as error:
                        return refuse(error), None
                    self._approved_s = light_s
                self._approved_s -= light_s
            return None, None

        return (yield from bpp.plan_mutator(plan, look))


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
