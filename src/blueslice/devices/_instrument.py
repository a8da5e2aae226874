"""What the devices have in common that connect to a backend."""

import asyncio
from typing import Any

from ophyd_async.core import DEFAULT_TIMEOUT, Device

__all__ = ["ConnectsBackend"]


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
