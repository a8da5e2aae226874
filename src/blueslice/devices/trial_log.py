"""What is noted of each trial beside its data: the stream ``trials``."""

import asyncio
from collections.abc import Sequence

from ophyd_async.core import AsyncStatus, SignalR, StandardReadable, soft_signal_rw

from blueslice._data import Data

__all__ = ["TrialEntry", "TrialLog"]


class TrialEntry(Data):
    """One line of the experiment's log.

    Attributes
    ----------
    number : int
        1 for the first trial of the run.
    phase : str
        Where in the protocol it stands, for example ``control``.
    drug : str
        What was in the bath, empty for none.
    concentration_uM : float
        Its concentration in uM, 0 for none.
    blank : bool
        Whether no stimulus was given.
    frame_count : int
        Frames that it should have.
    """

    number: int
    phase: str = "control"
    drug: str = ""
    concentration_uM: float = 0.0
    blank: bool = False
    frame_count: int


class TrialLog(StandardReadable):
    """Holds the entry of the last trial, so that a plan can read it into an event.

    Reads as ``<name>-number`` and so on, and ``<name>-ok``: whether every recording has all its
    frames.

    Parameters
    ----------
    recorded : sequence of SignalR of int
        Frames of the last trial that each detector has recorded.
    name : str
        The device's name, which the data keys begin with.
    """

    def __init__(self, recorded: Sequence[SignalR[int]] = (), name: str = "") -> None:
        self._recorded = tuple(recorded)
        with self.add_children_as_readables():
            self.number = soft_signal_rw(int)
            self.phase = soft_signal_rw(str)
            self.drug = soft_signal_rw(str)
            self.concentration_uM = soft_signal_rw(float, units="uM")
            self.blank = soft_signal_rw(bool)
            self.ok = soft_signal_rw(bool)
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def set(self, value: TrialEntry) -> None:
        """Take over an entry."""
        await self.number.set(value.number)
        await self.phase.set(value.phase)
        await self.drug.set(value.drug)
        await self.concentration_uM.set(value.concentration_uM)
        await self.blank.set(value.blank)
        recorded = await asyncio.gather(*(signal.get_value() for signal in self._recorded))
        await self.ok.set(all(count == value.frame_count for count in recorded))
