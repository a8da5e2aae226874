"""The rest between trials, in the time of the experiment."""

from collections.abc import AsyncIterator
from typing import Any

from ophyd_async.core import (
    StandardReadable,
    WatchableAsyncStatus,
    WatcherUpdate,
)

from blueslice.devices._answer import answer_limit_s, ask, one_line
from blueslice.devices._asked_signals import AskedSignals
from blueslice.devices._failed_reading import FailsLater
from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices.backends import RestBackend
from blueslice.devices.mock_backends import MockRest
from blueslice.errors import BadInputError, InstrumentError

__all__ = ["RestTimer"]

LONGEST_S = 86_400.0
# One call waits no longer: whoever watches the rest hears of it so often, and a program that
# ends in a rest is not held up by its thread.
WAIT_S = 1.0


class RestTimer(FailsLater, ConnectsBackend, StandardReadable):
    """Lets time of the experiment go by.

    ``set(seconds, since_s=...)`` is done when so much time has gone by since that moment;
    without `since_s`, since the call. Reads as ``<name>-experiment_time_s``: the time of the
    experiment, which at a simulated rig's fast pace runs ahead of the clock on the wall.

    Stop and pause end the wait. The RunEngine resumes by giving all messages since the last
    checkpoint again, the same messages, and there the two forms differ:

    - With `since_s` the message names a moment. Given again, it names the same one: a rest that
      a pause cut off goes on with what is left, and one that was over is over at once. The slice
      rests while a plan is paused, so the pause counts. This is the form for plans::

          since_s = yield from bps.rd(rig.rest, default_value=None)
          yield from bps.checkpoint()
          yield from bps.abs_set(rig.rest, seconds, since_s=since_s, wait=True)

    - Without, it is given again whole. The device does not guess whether a rest is the old one
      or another as long: to wash twice is a nuisance, not to wash at all spoils the experiment.

    Parameters
    ----------
    backend : RestBackend
        The clock of the experiment.
    name : str
        The device's name.
    """

    _make_mock = MockRest

    def __init__(self, backend: RestBackend, name: str = "") -> None:
        self.backend: RestBackend = backend
        self._turns = Turns(self)
        self._asked = AskedSignals(self._ask)
        with self.add_children_as_readables():
            self.experiment_time_s, self._set_time = self._asked.signal(float, units="s")
        super().__init__(name=name)

    @WatchableAsyncStatus.wrap
    async def set(
        self, value: float, since_s: float | None = None
    ) -> AsyncIterator[WatcherUpdate[float]]:
        """Rest.

        Parameters
        ----------
        value : float
            How long, in s; 0 to 86400.
        since_s : float, optional
            Time of the experiment from which it counts, as this device reads it; by default now.

        Raises
        ------
        BadInputError
            When `value` is not such a time.
        """
        if isinstance(value, bool) or not 0 <= value <= LONGEST_S:
            raise BadInputError(
                f"{self.name} cannot be set to {value!r}: give a time between 0 and {LONGEST_S:g} s"
            )
        until_s = await self._turns.question("to begin a rest", self._start, value, since_s)
        over = False
        while not over:
            limit_s = answer_limit_s(WAIT_S)
            asked = "whether the rest is over"
            over = await ask(self.name, asked, self.backend.wait, WAIT_S, limit_s=limit_s)
            left_s = max(0.0, until_s - await self._now_s())
            yield WatcherUpdate(
                current=value - left_s, initial=0.0, target=value, name=self.name, unit="s"
            )

    async def _now_s(self) -> float:
        return await ask(self.name, "for the time", self.backend.now_s)

    def _start(self, seconds: float, since_s: float | None) -> float:
        """Begin a rest; return the time of the experiment at which it ends."""
        until_s = (self.backend.now_s() if since_s is None else since_s) + seconds
        self.backend.start(until_s)
        return until_s

    async def stop(self, success: bool = True) -> None:
        """End the wait."""
        await self._turns.stop("to end the rest", self.backend.stop)

    async def pause(self) -> None:
        """End the wait."""
        await self._turns.stop("to end the rest", self.backend.stop)

    async def resume(self) -> None:
        """Do nothing: the plan gives the rest again."""

    async def read(self) -> dict[str, Any]:
        """Ask the clock for the time of the experiment, and return it.

        When it does not answer, the last time that it told is returned, so that a trial that is
        over can be noted; ``trigger()`` then fails.
        """
        self._failure = None
        try:
            await self._ask()
        except Exception as error:
            self._failure = InstrumentError(
                f"{self.name} did not tell the time of the experiment, for which the last that it "
                f"told is noted ({one_line(error)})"
            )
        return await self._asked.read(super().read)

    async def _ask(self) -> None:
        if not self.is_mock:
            self._set_time(await self._now_s())
