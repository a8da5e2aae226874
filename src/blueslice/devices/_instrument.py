"""What the devices have in common that connect to a backend."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ophyd_async.core import DEFAULT_TIMEOUT, Device

__all__ = ["STOP_PATIENCE_S", "ConnectsBackend", "Turns"]

logger = logging.getLogger(__name__)

# How long a stop waits for a call that is still under way in the instrument's library.
STOP_PATIENCE_S = 5.0


class ConnectsBackend(Device):
    """A device that finds its instrument when it is connected, but not in mock mode."""

    # Each kind of device narrows this to its Protocol.
    backend: Any

    async def connect(
        self,
        mock: Any = False,
        timeout: float = DEFAULT_TIMEOUT,
        force_reconnect: bool = False,
    ) -> None:
        """Connect the signals and, unless in mock mode, the instrument."""
        if not mock:
            await asyncio.to_thread(self.backend.connect)
        await super().connect(mock=mock, timeout=timeout, force_reconnect=force_reconnect)


class Turns:
    """Lets one call after the other into an instrument, and a stop in between at any time.

    The RunEngine pauses while what it has asked for is still under way. A stop that comes while
    an instrument is being programmed would be undone by the programming's end, so it is given
    twice: at once, and again when the instrument is free.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()

    async def take(self, function: Callable[..., Any], *args: object) -> Any:
        """Call a blocking function in a thread, after the calls before it."""
        async with self.lock:
            return await asyncio.to_thread(function, *args)

    async def stop(self, function: Callable[[], None]) -> None:
        """Call a stopping function at once, and again after a call that is under way.

        It is seen through to its end even if it is cancelled: a stop that is cut short leaves
        light on, and a RunEngine that is cancelled in its last stop never becomes idle again.
        """
        stopping = asyncio.ensure_future(self._stop(function))
        while not stopping.done():
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                continue
        stopping.result()

    async def _stop(self, function: Callable[[], None]) -> None:
        await asyncio.to_thread(function)
        if not self.lock.locked():
            return
        try:
            async with asyncio.timeout(STOP_PATIENCE_S), self.lock:
                await asyncio.to_thread(function)
        except TimeoutError:
            logger.warning(
                "an instrument has been busy for %g s after it was told to stop; look at it",
                STOP_PATIENCE_S,
            )
