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
    step : int
        The protocol's step, 1 for the first; 0 in a protocol without steps.
    condition : str
        Which of the protocol's kinds of trial, for example ``with spike``; empty for one kind.
    solution : str
        What flowed, empty where the protocol does not choose it.
    drug : str
        What was in the bath, empty for none; several are joined by `` + ``.
    concentration_uM : float
        Of the drug named first, in uM; 0 for none.
    blank : bool
        Whether no stimulus was given.
    stimulus_uA : float
        Largest current of the stimulating electrode in the trial, 0 for none.
    frame_count : int
        Frames that it should have.
    """

    number: int
    phase: str = "control"
    step: int = 0
    condition: str = ""
    solution: str = ""
    drug: str = ""
    concentration_uM: float = 0.0
    blank: bool = False
    stimulus_uA: float = 0.0
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
            self.step = soft_signal_rw(int)
            self.condition = soft_signal_rw(str)
            self.solution = soft_signal_rw(str)
            self.drug = soft_signal_rw(str)
            self.concentration_uM = soft_signal_rw(float, units="uM")
            self.blank = soft_signal_rw(bool)
            self.stimulus_uA = soft_signal_rw(float, units="uA")
            self.ok = soft_signal_rw(bool)
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def set(self, value: TrialEntry) -> None:
        """Take over an entry."""
        for name in TrialEntry.model_fields:
            if name != "frame_count":
                await getattr(self, name).set(getattr(value, name))
        recorded = await asyncio.gather(*(signal.get_value() for signal in self._recorded))
        await self.ok.set(all(count == value.frame_count for count in recorded))
