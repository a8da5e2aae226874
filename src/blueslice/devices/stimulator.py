"""The stimulator: pulses to the synapse or the cell, timed from the trial clock's start."""

from typing import Literal

from ophyd_async.core import AsyncStatus

from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices._still_on import still_on
from blueslice.devices.backends import StimulatorBackend
from blueslice.devices.mock_backends import MockStimulator
from blueslice.errors import BadInputError, StillOnError
from blueslice.trial import Trial

__all__ = ["Stimulator"]


class Stimulator(ConnectsBackend):
    """A stimulator that gives nothing unless it was prepared for the trial.

    ``prepare(trial)`` loads the pulses that the trial delivers (none for a blank);
    ``set("disarmed")`` forgets them. The RunEngine's own stop and pause disarm it too. When it
    does not answer then, the error says that it may still be armed.

    Parameters
    ----------
    backend : StimulatorBackend
        The instrument.
    name : str
        The device's name.
    """

    _make_mock = MockStimulator

    def __init__(self, backend: StimulatorBackend, name: str = "") -> None:
        self.backend: StimulatorBackend = backend
        self._turns = Turns(self)
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def prepare(self, value: Trial) -> None:
        """Be ready to give the pulses of this trial."""
        asked = "to be ready for a trial"
        await self._turns.command(asked, self.backend.program, value.delivered_pulses)

    @AsyncStatus.wrap
    async def set(self, value: Literal["disarmed"]) -> None:
        """Forget the pulses, and end one that is being given."""
        if value != "disarmed":
            raise BadInputError(
                f"{self.name} cannot be set to {value!r}, only to 'disarmed': pulses belong to "
                "trials; use prepare(trial) and the trial clock"
            )
        await self._disarm()

    async def stop(self, success: bool = True) -> None:
        """Disarm."""
        await self._disarm()

    async def pause(self) -> None:
        """Disarm."""
        await self._disarm()

    async def resume(self) -> None:
        """Do nothing: the plan prepares the stimulator again."""

    async def _disarm(self) -> None:
        try:
            await self._turns.stop("to be disarmed", self.backend.disarm)
        except Exception as error:
            raise still_on(StillOnError.PULSES, self.name, error) from error
