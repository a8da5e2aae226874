"""The light of the cell under a light source, as a device: what it has had, and in which run."""

from typing import Any

from ophyd_async.core import (
    AsyncStatus,
    StandardReadable,
    soft_signal_rw,
)

from blueslice.devices._asked_signals import AskedSignals
from blueslice.devices._calls import begin_call
from blueslice.devices.light_ledger import LightLedger, UnkeptLedger
from blueslice.errors import BadInputError

__all__ = ["CellLight"]

LightS = tuple[float, float]


class CellLight(StandardReadable):
    """Enters the light of a light source into a ledger, before it is given.

    ``set("c3")`` goes on with another cell. Reads as ``<name>-cell``, ``<name>-used_s``, the light
    that it has had of all LEDs together, in s, and ``<name>-is_kept``: whether a later process
    will know of it.

    Parameters
    ----------
    ledger : LightLedger, optional
        Where light is entered; by default one that forgets it with this process.
    """

    def __init__(self, ledger: LightLedger | None = None) -> None:
        self.ledger: LightLedger = ledger or UnkeptLedger()
        self._entry: int | None = None
        self._asked = AskedSignals(self._ask)
        with self.add_children_as_readables():
            self.cell, self._set_cell = self._asked.signal(str)
            self.used_s, self._set_used = self._asked.signal(float, units="s")
            self.is_kept, self._set_kept = self._asked.signal(bool)
        # The run that light is given in; a plan says it, for the ledger.
        self.run = soft_signal_rw(str)
        super().__init__()

    @AsyncStatus.wrap
    async def set(self, value: str) -> None:
        """Go on with another cell.

        Raises
        ------
        BadInputError
            When it has no name.
        """
        if not isinstance(value, str) or not value.strip():
            raise BadInputError(f"cell = {value!r}: give the cell a name, such as c3")
        self.ledger.cell = value

    async def read(self) -> dict[str, Any]:
        """Return the cell and its light."""
        await self._ask()
        return await self._asked.read(super().read)

    async def _ask(self) -> None:
        ledger = self.ledger
        self._set_cell(ledger.cell)
        self._set_used(await begin_call(ledger.used_s, ledger.cell))
        self._set_kept(ledger.is_kept)

    async def approve(self, planned_s: dict[int, float]) -> None:
        """Enter light that is about to be given; see `LightLedger.approve`."""
        self._entry = None
        if any(light_s > 0 for light_s in planned_s.values()):
            run = await self.run.get_value()
            self._entry = await begin_call(self.ledger.approve, planned_s, run)

    async def settle(self, given_s: LightS, *, last: bool = False, at_once: bool = True) -> None:
        """Correct what was entered last; with `last` it is not corrected any more.

        It is then kept at once, or (`at_once` false) with the next entry: until then, should the
        process be killed, the planned light counts.
        """
        if self._entry is None:
            return
        self.ledger.settle(self._entry, {1: given_s[0], 2: given_s[1]})
        if last:
            self.close_entry()
            if at_once:
                await begin_call(self.ledger.flush)

    @property
    def has_entry(self) -> bool:
        """Whether there is an entry that may still be corrected."""
        return self._entry is not None

    def close_entry(self) -> None:
        """Leave what was entered last as it is."""
        self._entry = None
