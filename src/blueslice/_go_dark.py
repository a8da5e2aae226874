"""Going dark from any thread: the clock stopped, the LEDs off, the stimulator disarmed."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from blueslice.devices import LedPair, Stimulator, TrialClock
from blueslice.devices._answer import stop_limit_s
from blueslice.devices._still_on import still_on
from blueslice.errors import StillOnError

__all__ = ["go_dark"]

# A RunEngine's loop that has not begun something after so long is taken for dead or blocked.
_LOOP_ANSWERS_S = 0.5


class _Lit(Protocol):
    @property
    def clock(self) -> TrialClock: ...
    @property
    def led_pair(self) -> LedPair: ...
    @property
    def stimulator(self) -> Stimulator: ...


def go_dark(
    rig: _Lit, loop: asyncio.AbstractEventLoop | None = None, *, limit_s: float | None = None
) -> list[StillOnError]:
    """Stop whatever gives light or pulses, all at once; return what may still be on, light first.

    The holding of the amplifier is no stimulus, and is left as it is. Nothing is done to a device
    that is in mock mode, or that has never been connected or used.

    Parameters
    ----------
    rig : Rig
        Its clock, LEDs and stimulator.
    loop : asyncio event loop, optional
        Of the RunEngine, whose devices stop themselves there. When it does not answer, or without
        one, their drivers are called directly. To be called from another thread than the loop's.
    limit_s : float, optional
        How long to wait for the devices, and again for the drivers that are called directly; by
        default what a device allows for itself.
    """
    lights = [light for light in _lights(rig) if _is_in_use(light.device)]
    # A device waits for its answer, for a call that is under way, and for its answer again.
    limit_s = 3 * stop_limit_s() + 1.0 if limit_s is None else limit_s
    outcomes: dict[int, BaseException | None] = {}
    if lights and loop is not None:
        _stop_devices(lights, loop, limit_s, outcomes)
    unanswered = [light for light in lights if light.urgency not in outcomes]
    if unanswered:
        _call_drivers(unanswered, limit_s, outcomes)
    met = []
    for light in lights:
        error = outcomes.get(light.urgency, f"it has not answered for {limit_s:g} s")
        if isinstance(error, StillOnError):
            error.device = error.device or light.device.name
            met.append(error)
        elif error is not None:
            met.append(still_on(light.urgency, light.device.name, error))
    return met


@dataclass(frozen=True)
class _Light:
    """Something that gives light or pulses, or gates them."""

    device: Any
    urgency: int
    call_driver: Callable[[], None]


def _lights(rig: _Lit) -> list[_Light]:
    return [
        _Light(rig.led_pair, StillOnError.LIGHT, rig.led_pair.backend.off),
        _Light(rig.clock, StillOnError.CLOCK, rig.clock.backend.stop),
        _Light(rig.stimulator, StillOnError.PULSES, rig.stimulator.backend.disarm),
    ]


def _is_in_use(device: Any) -> bool:
    if device._mock is not None:
        return False
    turns = getattr(vars(device).get("flyable_logic", device), "turns", None)
    turns = turns or getattr(device, "_turns", None)
    # A virtual instrument can be used without being connected.
    return device._connect_task is not None or bool(turns and turns.is_used)


def _stop_devices(
    lights: list[_Light],
    loop: asyncio.AbstractEventLoop,
    limit_s: float,
    outcomes: dict[int, BaseException | None],
) -> None:
    """Let the devices stop themselves on their loop; no outcome means that it did not answer."""
    begun, ended = threading.Event(), threading.Event()

    async def stop(light: _Light) -> None:
        try:
            await light.device.stop()
            outcomes[light.urgency] = None
        except Exception as error:
            outcomes[light.urgency] = error

    async def stop_all() -> None:
        begun.set()
        await asyncio.gather(*(stop(light) for light in lights))
        ended.set()

    if not loop.is_running():
        return
    asyncio.run_coroutine_threadsafe(stop_all(), loop)
    if begun.wait(_LOOP_ANSWERS_S):
        ended.wait(limit_s)


def _call_drivers(
    lights: list[_Light], limit_s: float, outcomes: dict[int, BaseException | None]
) -> None:
    """Call each driver in a thread of its own: they may be stopped from any, at any time."""

    def call(light: _Light) -> None:
        try:
            light.call_driver()
            outcomes[light.urgency] = None
        except BaseException as error:
            outcomes[light.urgency] = error

    threads = [
        threading.Thread(target=call, args=(light,), name="blueslice-go-dark", daemon=True)
        for light in lights
    ]
    for thread in threads:
        thread.start()
    end_s = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))
