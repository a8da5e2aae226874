"""The frame clock, which starts and times everything in a trial."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ophyd_async.core import AsyncStatus, FlyableLogic, StandardFlyable

from blueslice.devices._answer import answer_limit_s, ask, one_line, stop_limit_s
from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices._still_on import still_on
from blueslice.devices.backends import TrialClockBackend
from blueslice.devices.mock_backends import MockTrialClock
from blueslice.errors import BadInputError, InstrumentError, StillOnError
from blueslice.trial import Trial

__all__ = ["TrialClock"]


@dataclass
class _PlayTrial(FlyableLogic[Trial, Trial]):
    """Plays one trial: load, start, wait."""

    turns: Turns
    device: "TrialClock"
    _nobody_waits: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self._nobody_waits.set()

    @property
    def backend(self) -> TrialClockBackend:
        """That of the device, which mock mode exchanges."""
        return self.device.backend

    async def on_prepare(self, value: Trial) -> Trial:
        # A stop that comes meanwhile must keep the clock from being loaded.
        stops = self.turns.begin()
        # After a pause the wait for the trial that it cut off may not have come back yet. Its end
        # would take back what is prepared now, and the trial could not be started.
        await self._nobody_waits.wait()
        asked, frames = "to be ready for a trial", (value.frame_rate_Hz, value.frame_count)
        await self.turns.command(asked, self.backend.load, *frames, stops=stops)
        return value

    async def on_kickoff(self, ctx: Trial) -> Trial:
        stops = self.turns.begin()
        # Without its ticks there is no light: what it gates is entered in the ledger before.
        if self.device.before_start is not None:
            await self.device.before_start(ctx)
        await self.turns.command("to start a trial", self.backend.start, stops=stops)
        return ctx

    async def on_complete(self, ctx: Trial) -> None:
        self._nobody_waits.clear()
        try:
            await self._see_end(ctx)
        finally:
            self._nobody_waits.set()

    async def _see_end(self, ctx: Trial) -> None:
        patience_s = answer_limit_s(ctx.duration_s)
        # The driver ends the wait itself; a driver that does not gets a little longer.
        limit_s = patience_s + stop_limit_s()
        asked = f"for the end of a trial of {ctx.duration_s:g} s"
        ended = await ask(self.device.name, asked, self.backend.wait, patience_s, limit_s=limit_s)
        if not ended:
            late = (
                f"the trial clock has not ended a trial of {ctx.duration_s:g} s after "
                f"{patience_s:g} s"
            )
            try:
                await self.stop()
            except StillOnError as error:
                reason = f"{late}; {one_line(error.__cause__ or error)}"
                raise still_on(StillOnError.CLOCK, self.device.name, reason) from error
            raise InstrumentError(
                f"{late}; it was stopped: check its trigger line, then start again"
            )

    async def stop(self) -> None:
        try:
            await self.turns.stop("to stop", self.backend.stop)
        except Exception as error:
            raise still_on(StillOnError.CLOCK, self.device.name, error) from error

    async def on_stage(self) -> None:
        await self.stop()


class TrialClock(ConnectsBackend, StandardFlyable[Trial, Trial]):
    """The device that plays a `blueslice.trial.Trial`; it is kicked off last.

    ``set("stopped")``, stop and pause end the trial at once: without ticks there is neither
    light nor a pulse. When the clock does not answer then, the error says that it may still run.

    Parameters
    ----------
    backend : TrialClockBackend
        The instrument.
    name : str
        The device's name.

    Attributes
    ----------
    before_start : coroutine function of (Trial), or None
        Awaited before the clock starts; `blueslice.rig.Rig` has the LEDs enter their light there.
    """

    before_start: Callable[[Trial], Awaitable[None]] | None = None
    _make_mock = MockTrialClock

    def __init__(self, backend: TrialClockBackend, name: str = "") -> None:
        self.backend: TrialClockBackend = backend
        super().__init__(name=name)

    @cached_property
    def flyable_logic(self) -> FlyableLogic[Trial, Trial]:
        """How a trial is played."""
        return _PlayTrial(Turns(self), self)

    @AsyncStatus.wrap
    async def set(self, value: Literal["stopped"]) -> None:
        """Stop the clock."""
        if value != "stopped":
            raise BadInputError(
                f"{self.name} cannot be set to {value!r}, only to 'stopped': a trial is started "
                "with prepare(trial) and kickoff()"
            )
        await self.flyable_logic.stop()

    async def stop(self, success: bool = True) -> None:
        """Stop the clock."""
        await self.flyable_logic.stop()

    async def pause(self) -> None:
        """Stop the clock."""
        await self.flyable_logic.stop()

    async def resume(self) -> None:
        """Do nothing: the plan prepares the clock again."""
