"""What the devices have in common that connect to a backend."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ophyd_async.core import DEFAULT_TIMEOUT, Device

from blueslice.devices._answer import (
    answer_limit_s,
    ask,
    await_answer,
    no_answer,
    see_through,
    stop_limit_s,
)
from blueslice.devices._calls import begin_call

__all__ = ["ConnectsBackend", "Turns", "is_mock"]

logger = logging.getLogger(__name__)


class ConnectsBackend(Device):
    """A device that finds its instrument when it is connected.

    Connected in mock mode it has a backend of `blueslice.devices.mock_backends` in the place of
    its own, until it is connected otherwise: its instrument is never called.
    """

    # Each kind of device narrows this to its Protocol.
    backend: Any
    # What makes the backend of mock mode.
    _make_mock: Callable[[], Any]
    _own_backend: Any = None

    @property
    def is_mock(self) -> bool:
        """Whether it is connected in mock mode."""
        return self._own_backend is not None

    async def connect(
        self,
        mock: Any = False,
        timeout: float = DEFAULT_TIMEOUT,
        force_reconnect: bool = False,
    ) -> None:
        """Connect the signals and, unless in mock mode, the instrument."""
        if mock and not self.is_mock:
            self._own_backend, self.backend = self.backend, self._make_mock()
        elif not mock and self.is_mock:
            self.backend, self._own_backend = self._own_backend, None
        if not mock:
            await ask(self.name, "to connect", self.backend.connect)
        await super().connect(mock=mock, timeout=timeout, force_reconnect=force_reconnect)


def is_mock(device: Device) -> bool:
    """Tell whether a device of ophyd-async is connected in mock mode; one of ophyd never is."""
    return getattr(device, "_mock", None) is not None


class Turns:
    """Lets one call after the other into an instrument, and a stop in between at any time.

    The RunEngine pauses while what it has asked for is still under way. A stop that comes while
    an instrument is being programmed would be undone by the programming's end, so it is given
    twice: at once, and again when the instrument is free. A call that does not return keeps its
    turn, though nobody waits for it any more: the driver is still in it.

    A command that was given before a stop and comes to the instrument after it is not done, and if
    it fails then, that is no failure: the plan that gave it is paused and will give it again, or is
    over. A question is asked all the same.

    Parameters
    ----------
    device : Device
        Whose instrument it is.
    """

    def __init__(self, device: Device) -> None:
        self.lock = asyncio.Lock()
        self._device = device
        self._busy_with = ""
        self._stops = 0
        # Whether the instrument was ever called, also of a device that nobody has connected.
        self.is_used = False

    def begin(self) -> int:
        """Note that a command is about to be given; return how often it was stopped so far."""
        self.is_used = True
        return self._stops

    async def command(
        self,
        asked: str,
        function: Callable[..., Any],
        *args: object,
        stops: int | None = None,
    ) -> None:
        """Call a blocking function in a thread, after the calls before it, unless it is stopped.

        Parameters and errors are those of `question`.

        Parameters
        ----------
        asked, function, *args
            As for `question`.
        stops : int, optional
            What `begin` returned, where something else had to be waited for since.
        """
        stops = self._stops if stops is None else stops

        def unless_stopped() -> None:
            if self._stops != stops:
                return
            try:
                function(*args)
            except Exception as error:
                if self._stops == stops:
                    raise
                logger.debug("%s was stopped when asked %s: %s", self._device.name, asked, error)

        await self.question(asked, unless_stopped)

    async def question(
        self,
        asked: str,
        function: Callable[..., Any],
        *args: object,
        limit_s: float | None = None,
    ) -> Any:
        """Call a blocking function in a thread, after the calls before it; return its answer.

        Parameters
        ----------
        asked : str
            What the instrument is asked, for an error: ``to be ready for a trial``.
        function, *args
            The call.
        limit_s : float, optional
            How long to wait for its turn, and again for its answer; by default `answer_limit_s`.

        Raises
        ------
        InstrumentError
            When it, or the call before it, has not returned in time.
        """
        limit_s = answer_limit_s() if limit_s is None else limit_s
        self.is_used = True
        try:
            async with asyncio.timeout(limit_s):
                await self.lock.acquire()
        except TimeoutError:
            raise no_answer(self._device.name, self._busy_with, limit_s) from None
        self._busy_with = asked
        call = begin_call(function, *args)
        call.add_done_callback(lambda _: self.lock.release())
        return await await_answer(call, self._device.name, asked, limit_s)

    async def stop(self, asked: str, function: Callable[[], None]) -> None:
        """Call a stopping function at once, and again after a call that is under way.

        It is seen through to its end even if it is cancelled.

        Raises
        ------
        InstrumentError
            When the instrument does not answer in time.
        """
        self._stops += 1
        await see_through(self._stop(asked, function))

    async def _stop(self, asked: str, function: Callable[[], None]) -> None:
        name, limit_s = self._device.name, stop_limit_s()
        await ask(name, asked, function, limit_s=limit_s)
        if not self.lock.locked():
            return
        try:
            async with asyncio.timeout(limit_s):
                await self.lock.acquire()
        except TimeoutError:
            logger.warning(
                "%s was told to stop and has been busy for %g s since (asked %s); look at it",
                name,
                limit_s,
                self._busy_with,
            )
            return
        try:
            await ask(name, asked, function, limit_s=limit_s)
        finally:
            self.lock.release()
