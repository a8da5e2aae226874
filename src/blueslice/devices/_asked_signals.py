"""Signals whose value an instrument knows: read, it is asked; monitored, changes are told."""

import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

from ophyd_async.core import SignalDatatypeT, SignalR, SoftSignalBackend

__all__ = ["AskedSignal", "AskedSignals"]

POLL_S = 1.0
"""So often an instrument is asked while one of its signals is monitored."""

# Whether the instrument has just been asked for all signals of the device that is being read.
_is_answered: contextvars.ContextVar[bool] = contextvars.ContextVar("is_answered", default=False)


class AskedSignal(SignalR[SignalDatatypeT]):
    """A signal that is asked for whenever it is read, also while it is monitored."""

    async def read(self, cached: bool | None = None, **options: Any) -> dict[str, Any]:
        """Return the present value by the signal's name."""
        return await super().read(cached=bool(cached), **options)

    async def get_value(self, cached: bool | None = None, **options: Any) -> SignalDatatypeT:
        """Return the present value."""
        return await super().get_value(cached=bool(cached), **options)


class _AskedBackend(SoftSignalBackend[SignalDatatypeT]):
    """Tells who monitors of a value that is another one, not of each that is asked for."""

    def set_value(self, value: SignalDatatypeT) -> None:
        callback, self.callback = getattr(self, "callback", None), None
        before = getattr(self, "reading", None)
        super().set_value(value)
        self.callback = callback
        if callback is not None and (before is None or _differ(before["value"], value)):
            callback(self.reading)


class AskedSignals:
    """The signals of a device for which one question to its instrument gives all values.

    Parameters
    ----------
    ask : callable
        Asks the instrument and hands what it answers to the setters of the signals; raises when
        it does not answer. In mock mode it does nothing.
    poll_s : float, optional
        So often it is asked while a signal is monitored; by default `POLL_S`.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], poll_s: float | None = None) -> None:
        self._ask = ask
        self._poll_s = POLL_S if poll_s is None else poll_s

    def signal(
        self,
        datatype: type[SignalDatatypeT],
        initial_value: SignalDatatypeT | None = None,
        *,
        units: str | None = None,
    ) -> tuple[AskedSignal[SignalDatatypeT], Callable[[SignalDatatypeT], None]]:
        """Return a signal and its setter.

        Parameters
        ----------
        datatype : type
            Of its values.
        initial_value
            Before the instrument was asked.
        units : str, optional
            Of its values.
        """

        async def value() -> SignalDatatypeT:
            if not _is_answered.get():
                await self._ask()
            return backend.reading["value"]

        backend = _AskedBackend(
            datatype, initial_value, units, getter=value, poll_period=self._poll_s
        )
        # The question to the instrument has a limit of its own.
        return AskedSignal(backend, timeout=None), backend.set_value

    async def read(self, read_all: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Read signals as they were set last, without asking for each."""
        token = _is_answered.set(True)
        try:
            return await read_all()
        finally:
            _is_answered.reset(token)


def _differ(one: object, other: object) -> bool:
    return one != other and not (one != one and other != other)
