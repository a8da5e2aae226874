"""A reading that the instrument failed to give, of which a plan hears once its trial is noted."""

from ophyd_async.core import AsyncStatus

from blueslice.errors import InstrumentError

__all__ = ["FailsLater"]


class FailsLater:
    """Has ``trigger()`` fail when the instrument did not tell what was read last.

    A trial that is over must not be lost for what a device then fails to tell: its reading stands
    in for it, and a plan triggers the device once the trial is noted. A device sets `_failure`
    with each reading.
    """

    _failure: InstrumentError | None = None

    @AsyncStatus.wrap
    async def trigger(self) -> None:
        """Fail when the instrument did not tell what was read last.

        Raises
        ------
        InstrumentError
            What it failed with.
        """
        if self._failure is not None:
            raise self._failure
