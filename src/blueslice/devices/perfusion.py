"""The perfusion: which solution flows to the slice, since when, and how much of it is there."""

import math
import time
from collections.abc import Callable
from typing import Any

from ophyd_async.core import (
    DEFAULT_TIMEOUT,
    AsyncStatus,
    StandardReadable,
    soft_signal_r_and_setter,
)
from ophyd_async.core import StandardReadableFormat as Format

from blueslice.bath import UNKNOWN, Bath, arrived_share, bath_of
from blueslice.devices._answer import one_line
from blueslice.devices._asked_signals import AskedSignals
from blueslice.devices._failed_reading import FailsLater
from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices.backends import PerfusionBackend
from blueslice.devices.mock_backends import MockPerfusion
from blueslice.errors import BadInputError, InstrumentError

__all__ = ["Perfusion"]


class Perfusion(FailsLater, ConnectsBackend, StandardReadable):
    """Lets one of the rig's solutions flow to the slice.

    ``set("name of a solution")`` is done when the valves have switched. The solution is at the
    slice later: `delay_s` through the dead volume, then an exchange with the time constant
    `exchange_s`; a plan that needs it there rests so long. Setting what flows already changes
    nothing, so a pause that repeats a message does no harm.

    Reads as

    - ``<name>-solution``, ``<name>-drug`` (empty for none; several joined by `` + ``) and
      ``<name>-concentration_uM`` (of the drug named first, 0 for none): what leaves the valves;
    - ``<name>-since_s``: since when, in the time of the experiment; NaN when it was found flowing,
      as at the start of a session or after somebody has turned a valve;
    - ``<name>-arrived``: its share of what is in the chamber, 0 to 1, by `delay_s` and
      `exchange_s`; NaN while that is not known.

    The valves are asked whenever one of these is read. When they do not answer, a reading of the
    whole says ``unknown``, so that a trial that is over can be noted; ``trigger()`` then fails.

    Stop and pause leave the flow as it is. A slice without flow dies within minutes, so there
    is nothing to be stopped; and switching back to another solution would undo an exposure of
    which the plan, when it goes on, believes that it still lasts. Who ends an experiment says
    what is to flow.

    Parameters
    ----------
    backend : PerfusionBackend
        The instrument.
    name : str
        The device's name.
    now_s : callable
        Gives the time of the experiment in s, without waiting; that of the rig's rest timer.
    """

    _make_mock = MockPerfusion

    def __init__(
        self,
        backend: PerfusionBackend,
        name: str = "",
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.backend: PerfusionBackend = backend
        self._turns = Turns(self)
        self._now_s = now_s
        # What flows, since when that is known for sure, and whether it began then.
        self._flows, self._flows_from_s, self._is_switched = UNKNOWN, 0.0, False
        asked = self._asked = AskedSignals(self._ask)
        with self.add_children_as_readables():
            self.solution, self._set_solution = asked.signal(str)
            self.drug, self._set_drug = asked.signal(str)
            self.concentration_uM, self._set_concentration = asked.signal(float, units="uM")
            self.since_s, self._set_since = asked.signal(float, math.nan, units="s")
            self.arrived, self._set_arrived = asked.signal(float, math.nan)
        with self.add_children_as_readables(Format.CONFIG_SIGNAL):
            self.delay_s, self._set_delay = soft_signal_r_and_setter(float, units="s")
            self.exchange_s, self._set_exchange = soft_signal_r_and_setter(float, units="s")
        super().__init__(name=name)

    async def connect(
        self,
        mock: Any = False,
        timeout: float = DEFAULT_TIMEOUT,
        force_reconnect: bool = False,
    ) -> None:
        """Connect, and take over how long a solution takes to the slice."""
        await super().connect(mock=mock, timeout=timeout, force_reconnect=force_reconnect)
        if not mock:
            self._set_delay(self.backend.delay_s)
            self._set_exchange(self.backend.exchange_s)

    def check(self, solution: str) -> None:
        """Refuse a solution that the rig does not have.

        Raises
        ------
        BadInputError
            With the names of those that it has.
        """
        if not self.is_mock and solution not in self.backend.solutions:
            raise BadInputError(
                f"{self.name} has no solution {solution!r}; it has "
                f"{', '.join(self.backend.solutions)}"
            )

    @AsyncStatus.wrap
    async def set(self, value: str) -> None:
        """Let a solution flow.

        Raises
        ------
        BadInputError
            When the rig does not have it; the flow stays as it is.
        """
        self.check(value)
        if self.is_mock:
            self._set_solution(value)
            return
        # What flows already began to flow before. Valves that do not tell what flows are switched
        # all the same, but nobody then knows whether the solution begins to flow now.
        is_told = True
        try:
            await self._ask()
        except Exception:
            is_told = False
        await self._turns.command(f"to let {value!r} flow", self.backend.select, value)
        if self._flows != value:
            self._flows, self._flows_from_s, self._is_switched = value, self._now_s(), is_told
        # Told to who monitors, whatever it is.
        await self._ask()

    async def stop(self, success: bool = True) -> None:
        """Leave the flow as it is; see the class."""

    async def pause(self) -> None:
        """Leave the flow as it is; see the class."""

    async def resume(self) -> None:
        """Leave the flow as it is."""

    async def read(self) -> dict[str, Any]:
        """Ask the valves what flows, and return it."""
        self._failure = None
        try:
            await self._ask()
        except Exception as error:
            self._failure = InstrumentError(
                f"{self.name} did not tell what flows, noted as unknown ({one_line(error)})"
            )
            self._show(Bath())
        return await self._asked.read(super().read)

    async def bath(self) -> Bath:
        """Ask the valves what flows; in mock mode, return what the signals say.

        Raises
        ------
        InstrumentError
            When they do not answer.
        """
        if self.is_mock:
            return Bath(
                await self.solution.get_value(),
                await self.drug.get_value(),
                await self.concentration_uM.get_value(),
            )
        flows = await self._turns.question("what flows", self.backend.selected)
        now_s = self._now_s()
        if flows != self._flows:
            self._flows, self._flows_from_s, self._is_switched = flows, now_s, False
        share = arrived_share(
            now_s - self._flows_from_s, self.backend.delay_s, self.backend.exchange_s
        )
        return bath_of(
            flows,
            self.backend.solutions.get(flows),
            since_s=self._flows_from_s if self._is_switched else math.nan,
            arrived=share if self._is_switched else math.nan,
            at_least=share,
        )

    async def _ask(self) -> None:
        if not self.is_mock:
            self._show(await self.bath())

    def _show(self, bath: Bath) -> None:
        self._set_solution(bath.solution)
        self._set_drug(bath.drug)
        self._set_concentration(bath.concentration_uM)
        self._set_since(bath.since_s)
        self._set_arrived(bath.arrived)
