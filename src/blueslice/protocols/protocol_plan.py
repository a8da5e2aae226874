"""A protocol as plans for the RunEngine, checked and rehearsed before the first light."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import MsgGenerator

from blueslice.errors import BadInputError
from blueslice.plans._connected import connected
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.protocols.plan_arguments import protocol_plans
from blueslice.protocols.protocol_file import Protocol, load_protocol
from blueslice.protocols.rehearsal import Rehearsal, rehearse

__all__ = ["check_protocol", "protocol", "step_plan"]


def step_plan(
    described: Protocol, number: int, rig: PlannedRig, since_s: float | None = None
) -> MsgGenerator[float | None]:
    """Run one step of a protocol.

    Parameters
    ----------
    described : Protocol
        The protocol.
    number : int
        1 for its first step.
    rig : Rig
        The rig.
    since_s : float, optional
        Time of the experiment at which the step before ended; by default now.

    Returns
    -------
    float or None
        Time of the experiment at its end; None when nobody runs the plan.
    """
    step = described.steps[number - 1]
    metadata = {
        **described.metadata.given(),
        "protocol": {"name": described.name, "step": number, "steps": len(described.steps)},
    }
    yield from connected(rig.rest)
    if step.wait_before_s:
        if since_s is None:
            since_s = yield from _now_s(rig)
        yield from bps.checkpoint()
        yield from bps.abs_set(rig.rest, step.wait_before_s, since_s=since_s, wait=True)
    plan = protocol_plans()[step.plan](rig, **step.arguments)
    yield from bpp.inject_md_wrapper(plan, metadata)
    return (yield from _now_s(rig))


def _now_s(rig: PlannedRig) -> MsgGenerator[float | None]:
    reading: Mapping[str, Any] | None = yield from bps.read(rig.rest)
    yield from bps.trigger(rig.rest, wait=True)
    return reading[rig.rest.experiment_time_s.name]["value"] if reading else None


def check_protocol(described: Protocol, rig: PlannedRig) -> tuple[Rehearsal, ...]:
    """Rehearse each step of a protocol.

    Returns
    -------
    tuple of Rehearsal
        One a step, in the time since the beginning of the protocol.

    Raises
    ------
    BadInputError
        With the file and the step, when the rig or a plan refuses it.
    """
    rehearsals: list[Rehearsal] = []
    ended_s = 0.0
    for number, step in enumerate(described.steps, start=1):
        try:
            done = rehearse(step_plan(described, number, rig, ended_s), rig, ended_s)
        except BadInputError as error:
            where = f"{described.name}: step {number} ({step.plan})"
            raise BadInputError(f"{where}: {error}") from None
        rehearsals.append(done)
        ended_s = done.ends_s
    return tuple(rehearsals)


def protocol(rig: PlannedRig, file: str | Path | Protocol) -> MsgGenerator[None]:
    """Run a protocol file: ``RE(protocol(rig, "fig3.toml"))``.

    Parameters
    ----------
    rig : Rig
        The rig.
    file : path or Protocol
        The file, or what `load_protocol` made of it. Its ``exposure_budget_s`` is for
        ``blueslice run``; here the session's budget counts.

    Raises
    ------
    BadInputError
        Before any light, when any step is not allowed.
    """
    described = file if isinstance(file, Protocol) else load_protocol(file)
    check_protocol(described, rig)

    def steps() -> MsgGenerator[None]:
        ended_s = None
        for number in range(1, len(described.steps) + 1):
            ended_s = yield from step_plan(described, number, rig, ended_s)

    # Checked at once, in the caller's thread: the RunEngine's loop is shared with the devices.
    return steps()
