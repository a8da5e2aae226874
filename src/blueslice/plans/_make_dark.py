"""Stopping several devices at once, each whatever becomes of the others."""

import asyncio
from collections.abc import Sequence
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import FailedStatus, MsgGenerator, RunEngineControlException, short_uid
from ophyd_async.core import AsyncStatus

from blueslice._failures import PlanFailures
from blueslice.errors import StillOnError

__all__ = ["make_dark"]


def make_dark(devices: Sequence[tuple[Any, str]], failures: PlanFailures) -> MsgGenerator[None]:
    """Tell devices to stop, all at once, wait for each, and only then raise what failed.

    A clock that hangs must not keep the light on for as long as it is waited for. What the
    RunEngine throws meanwhile (a request to abort, or another device's failure) ends nothing
    before all have answered.

    Parameters
    ----------
    devices : sequence of (device, str)
        What each is set to.
    failures : PlanFailures
        Gets everything that failed.

    Raises
    ------
    FailedStatus
        Of the most urgent device that may still be on.
    """
    thrown: list[Exception] = []

    def kept(plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
        try:
            return (yield from plan)
        except Exception as error:
            thrown.append(error)
            return None

    statuses: dict[str, AsyncStatus[Any] | None] = {}
    groups = {device.name: short_uid(f"stop {device.name}") for device, _ in devices}
    for device, value in devices:
        before = len(thrown)
        tell = bps.abs_set(device, value, group=groups[device.name])
        statuses[device.name] = yield from kept(tell)
        if len(thrown) > before:
            # The answer was lost to what was thrown; a stop may be repeated.
            again = bps.abs_set(device, value, group=groups[device.name])
            statuses[device.name] = yield from kept(again)
    for group in groups.values():
        yield from kept(bps.wait(group=group))
    while pending := [s.task for s in statuses.values() if s is not None and not s.done]:
        # What was thrown cut the waiting short; each device answers in a bounded time.
        yield from kept(bps.wait_for([lambda tasks=pending: asyncio.wait(tasks)]))
    _raise_met(statuses, thrown, failures)


def _raise_met(
    statuses: dict[str, AsyncStatus[Any] | None], thrown: list[Exception], failures: PlanFailures
) -> None:
    refused: dict[str, Exception] = {}
    for error in thrown:
        failures.add(error)
        of = error.args[0] if isinstance(error, FailedStatus) and error.args else None
        for name, status in statuses.items():
            if status is not None and status is of:
                refused[name] = error
    for name, status in statuses.items():
        if status is None:
            continue
        error = status.exception()
        if error is None:
            failures.note_off(name)
        elif name not in refused:
            # The RunEngine keeps only the last of several failures.
            refused[name] = failed = FailedStatus(status)
            failed.__cause__ = error
            failures.add(failed)
    if refused:
        raise min(refused.values(), key=_urgency)
    # A failure is more than a request to stop: that is fulfilled in any case.
    for error in sorted(thrown, key=lambda error: isinstance(error, RunEngineControlException)):
        raise error


def _urgency(error: Exception) -> int:
    return getattr(error.__cause__, "urgency", StillOnError.PULSES + 1)
