"""The perfusion: which solution flows to the slice."""

from typing import Any

from ophyd_async.core import (
    DEFAULT_TIMEOUT,
    AsyncStatus,
    StandardReadable,
    soft_signal_r_and_setter,
)
from ophyd_async.core import StandardReadableFormat as Format

from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices.backends import PerfusionBackend
from blueslice.devices.mock_backends import MockPerfusion
from blueslice.errors import BadInputError

__all__ = ["Perfusion"]


class Perfusion(ConnectsBackend, StandardReadable):
    """Lets one of the rig's solutions flow to the slice.

    ``set("name of a solution")`` is done when the valves have switched. The solution is at the
    slice later: `delay_s` through the dead volume, then an exchange with the time constant
    `exchange_s`; a plan that needs it there rests so long. Setting what flows already changes
    nothing, so a pause that repeats a message does no harm.

    Reads as ``<name>-solution``, ``<name>-drug`` (empty for none; several joined by `` + ``)
    and ``<name>-concentration_uM`` (of the drug named first, 0 for none): what leaves the
    valves, not what has arrived.

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
    """

    _make_mock = MockPerfusion

    def __init__(self, backend: PerfusionBackend, name: str = "") -> None:
        self.backend: PerfusionBackend = backend
        self._turns = Turns(self)
        with self.add_children_as_readables():
            self.solution, self._set_solution = soft_signal_r_and_setter(str)
            self.drug, self._set_drug = soft_signal_r_and_setter(str)
            self.concentration_uM, self._set_concentration = soft_signal_r_and_setter(
                float, units="uM"
            )
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
        await self._turns.command(f"to let {value!r} flow", self.backend.select, value)
        if self.is_mock:
            self._set_solution(value)

    async def stop(self, success: bool = True) -> None:
        """Leave the flow as it is; see the class."""

    async def pause(self) -> None:
        """Leave the flow as it is; see the class."""

    async def resume(self) -> None:
        """Leave the flow as it is."""

    async def read(self) -> dict[str, Any]:
        """Ask the valves what flows, and return it."""
        if self.is_mock:
            return await super().read()
        solution = await self._turns.question("what flows", self.backend.selected)
        drugs_uM = self.backend.solutions[solution]
        self._set_solution(solution)
        self._set_drug(" + ".join(drugs_uM))
        self._set_concentration(next(iter(drugs_uM.values()), 0.0))
        return await super().read()
