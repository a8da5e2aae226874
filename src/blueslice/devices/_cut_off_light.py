"""Light of trials that were cut off: the cell has had it, and no trial tells of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from ophyd_async.core import AsyncStatus, StandardReadable, soft_signal_r_and_setter

__all__ = ["CutOffLight"]

LightS = tuple[float, float]


class CutOffLight(StandardReadable):
    """How long the LEDs were on in trials that were cut off, as far as nobody has noted it.

    Reads as ``<name>-led_1_light_s`` and ``<name>-led_2_light_s``, in s. The same is read until
    ``trigger()`` says that it is noted: a pause may have the reading given again.

    Parameters
    ----------
    ask : callable
        Returns the light of a trial that was cut off last and has not been added yet.
    """

    def __init__(self, ask: Callable[[], Awaitable[LightS]]) -> None:
        self._ask = ask
        self._light_s: LightS = (0.0, 0.0)
        self._read_s: LightS = (0.0, 0.0)
        with self.add_children_as_readables():
            self.led_1_light_s, self._set_led_1 = soft_signal_r_and_setter(float, units="s")
            self.led_2_light_s, self._set_led_2 = soft_signal_r_and_setter(float, units="s")
        super().__init__()

    def add(self, light_s: LightS) -> None:
        """Add what the LEDs gave in a trial that was cut off."""
        self._light_s = (self._light_s[0] + light_s[0], self._light_s[1] + light_s[1])
        self._set_led_1(self._light_s[0])
        self._set_led_2(self._light_s[1])

    @property
    def has_light(self) -> bool:
        """Whether there is light that was added and not noted."""
        return any(light_s > 0 for light_s in self._light_s)

    async def read(self) -> dict[str, Any]:
        """Return all of it."""
        self.add(await self._ask())
        self._read_s = self._light_s
        return await super().read()

    @AsyncStatus.wrap
    async def trigger(self) -> None:
        """Forget what was read last: it is noted."""
        read_s, self._read_s = self._read_s, (0.0, 0.0)
        self.add((-read_s[0], -read_s[1]))
