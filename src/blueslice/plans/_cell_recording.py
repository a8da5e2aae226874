"""The amplifier's trace of the trial in hand, for plans that decide by it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from blueslice.devices import PatchAmplifier
from blueslice.devices._answer import answer_limit_s, await_answer
from blueslice.devices.taps import TapEvent, TrialBegin, TrialBlock
from blueslice.errors import BadInputError

__all__ = ["CellRecording", "listen"]


class CellRecording:
    """Keeps what the amplifier recorded of the last trial.

    It listens to the recorder (see `blueslice.devices.taps`), whose thread it holds up for no
    longer than a list takes to grow; nothing is read from a file.

    Parameters
    ----------
    amplifier : PatchAmplifier
        The device.
    """

    def __init__(self, amplifier: PatchAmplifier) -> None:
        self._name = amplifier.name
        self._lock = threading.Lock()
        self._blocks: dict[str, list[npt.NDArray[np.float32]]] = {}
        self._ended = True
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def __call__(self, event: TapEvent) -> None:
        """Take what the tap tells."""
        if isinstance(event, TrialBegin):
            with self._lock:
                self._blocks, self._ended = {}, False
        elif isinstance(event, TrialBlock):
            with self._lock:
                for key, values in event.arrays.items():
                    self._blocks.setdefault(key.removeprefix(f"{self._name}-"), []).append(values)
        else:
            with self._lock:
                self._ended, waiting, self._waiting = True, self._waiting, []
            for loop, future in waiting:
                loop.call_soon_threadsafe(_set, future)

    async def ended(self) -> None:
        """Wait until the amplifier has given all of the trial.

        Raises
        ------
        InstrumentError
            When it takes longer than any answer may.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._ended:
                return
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, future))
        await await_answer(future, self._name, "for the cell's potential", answer_limit_s())

    def trace(self, channel: str) -> npt.NDArray[np.float64]:
        """Return a channel of the last trial: (samples,); empty when nothing was recorded."""
        with self._lock:
            blocks = list(self._blocks.get(channel, ()))
        if not blocks:
            return np.zeros(0)
        return np.concatenate(blocks).astype(np.float64).ravel()


def _set(future: asyncio.Future[None]) -> None:
    # It may have been given up, by a pause or because it took too long.
    if not future.done():
        future.set_result(None)


@contextmanager
def listen(amplifier: PatchAmplifier, *channels: str) -> Iterator[CellRecording]:
    """Listen to the amplifier as long as a plan runs.

    Raises
    ------
    BadInputError
        When the amplifier does not record one of the channels.
    """
    for channel in channels:
        if channel not in amplifier.backend.channels:
            raise BadInputError(
                f"{amplifier.name} does not record the {channel}, by which this plan decides; it "
                f"records {', '.join(amplifier.backend.channels) or 'nothing'}"
            )
    recording = CellRecording(amplifier)
    unsubscribe: Callable[[], None] = amplifier.tap.subscribe(recording)
    try:
        yield recording
    finally:
        unsubscribe()
