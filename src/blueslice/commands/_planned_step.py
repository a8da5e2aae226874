"""What a command is about to run: each plan with its rehearsal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bluesky.utils import MsgGenerator

from blueslice.protocols import Rehearsal, rehearse
from blueslice.rig import Rig

__all__ = ["PlannedStep", "light_of", "plan_step"]


@dataclass(frozen=True)
class PlannedStep:
    """One run of the RunEngine.

    Attributes
    ----------
    name : str
        For people.
    plan : callable
        Returns the plan, anew each time.
    rehearsal : Rehearsal
        What it will do.
    """

    name: str
    plan: Callable[[], MsgGenerator[Any]]
    rehearsal: Rehearsal


def plan_step(name: str, plan: Callable[[], MsgGenerator[Any]], rig: Rig) -> PlannedStep:
    """Rehearse a plan that is run alone.

    Raises
    ------
    BadInputError
        What the plan refuses.
    """
    return PlannedStep(name, plan, rehearse(plan(), rig))


def light_of(steps: Sequence[PlannedStep]) -> dict[int, float]:
    """Return the light of all steps, in s by LED number."""
    lights = [step.rehearsal.light_s for step in steps]
    return {led: sum(light[led] for light in lights) for led in (1, 2)}
