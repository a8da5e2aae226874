"""The two excitation LEDs, gated from frame to frame by the trial clock."""

import asyncio
from typing import Any, Literal

from ophyd_async.core import (
    AsyncStatus,
    StandardReadable,
    soft_signal_r_and_setter,
)

from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices.backends import LedPairBackend
from blueslice.errors import BadInputError
from blueslice.trial import Trial

__all__ = ["LedPair"]


class LedPair(ConnectsBackend, StandardReadable):
    """Two LEDs of which at most one is on at a time, and none outside a trial.

    ``prepare(trial)`` loads the trial's excitation order, and the clock then gates the LEDs.
    ``set("dark")`` is the only other thing one can ask for: both off, program forgotten. The
    RunEngine's own stop and pause do the same. Reads as ``<name>-led_1_light_s`` and
    ``<name>-led_2_light_s``: how long each LED was on in the trial, in s.

    Parameters
    ----------
    backend : LedPairBackend
        The instrument.
    name : str
        The device's name.
    """

    def __init__(self, backend: LedPairBackend, name: str = "") -> None:
        self.backend: LedPairBackend = backend
        self._turns = Turns()
        with self.add_children_as_readables():
            self.led_1_light_s, self._set_led_1 = soft_signal_r_and_setter(float, units="s")
            self.led_2_light_s, self._set_led_2 = soft_signal_r_and_setter(float, units="s")
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def prepare(self, value: Trial) -> None:
        """Be ready to light the frames of this trial."""
        await self._turns.take(
            self.backend.program, value.frame_count, value.excitation_order, value.exposure_s
        )

    @AsyncStatus.wrap
    async def set(self, value: Literal["dark"]) -> None:
        """Switch both LEDs off and forget the program."""
        if value != "dark":
            raise BadInputError(
                f"{self.name} cannot be set to {value!r}, only to 'dark': light is on during "
                "trials alone; use prepare(trial) and the trial clock"
            )
        await self._go_dark()

    async def stop(self, success: bool = True) -> None:
        """Go dark."""
        await self._go_dark()

    async def pause(self) -> None:
        """Go dark."""
        await self._go_dark()

    async def resume(self) -> None:
        """Do nothing: the plan prepares the LEDs again."""

    async def _go_dark(self) -> None:
        await self._turns.stop(self.backend.off)

    async def read(self) -> dict[str, Any]:
        """Ask the LEDs how long they were on, and return it."""
        led_1, led_2 = await asyncio.to_thread(self.backend.light_s)
        self._set_led_1(led_1)
        self._set_led_2(led_2)
        return await super().read()
