"""Connecting devices in a plan that may be paused meanwhile."""

import asyncio

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator
from ophyd_async.core import Device, wait_for_connection

from blueslice.devices import is_mock

__all__ = ["connected"]


def connected(*devices: Device) -> MsgGenerator[None]:
    """Connect devices, before anything else of a plan.

    After a pause the message is given again, and what was begun is waited for again: the stub of
    ophyd-async awaits its one coroutine a second time, which ends the plan.

    A device that is connected in mock mode stays in it.

    Parameters
    ----------
    *devices : Device
        Those that are connected already take no time.

    Raises
    ------
    NotConnectedError
        Naming each device that could not be connected, and why.
    """
    begun: list[asyncio.Task[None]] = []

    async def connect() -> None:
        if not begun:
            coroutines = {device.name: device.connect(mock=is_mock(device)) for device in devices}
            begun.append(asyncio.ensure_future(wait_for_connection(**coroutines)))
        # Not awaited itself: a pause would cancel it.
        await asyncio.wait(begun)

    yield from bps.checkpoint()
    yield from bps.wait_for([connect])
    # The message's own answer is lost to the plan when a pause had it given again.
    for connecting in begun:
        connecting.result()
    yield from bps.checkpoint()
