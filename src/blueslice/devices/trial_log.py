"""What is noted of each trial beside its data: the stream ``trials``."""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

from ophyd_async.core import AsyncStatus, SignalR, StandardReadable, soft_signal_r_and_setter

from blueslice._data import Data
from blueslice.bath import Bath
from blueslice.devices._answer import one_line
from blueslice.devices.perfusion import Perfusion

__all__ = ["TrialEntry", "TrialLog"]

logger = logging.getLogger(__name__)


class TrialEntry(Data):
    """One line of the experiment's log.

    Attributes
    ----------
    number : int
        1 for the first trial of the run.
    phase : str
        Where in the protocol it stands, for example ``control``; empty where nobody says.
    step : int
        The protocol's step, 1 for the first; 0 in a protocol without steps.
    condition : str
        Which of the protocol's kinds of trial, for example ``with spike``; empty for one kind.
    solution : str or None
        What flowed; None where the protocol does not choose it: then the rig's perfusion is asked.
    drug : str or None
        What was in the bath, empty for none; several are joined by `` + ``.
    concentration_uM : float or None
        Of the drug named first, in uM; 0 for none.
    blank : bool
        Whether no stimulus was given.
    stimulus_uA : float or None
        Largest current of the stimulating electrode in the trial, 0 for none; None when it is
        not known, which reads as NaN.
    frame_count : int
        Frames that it should have.
    """

    number: int
    phase: str = ""
    step: int = 0
    condition: str = ""
    solution: str | None = None
    drug: str | None = None
    concentration_uM: float | None = None
    blank: bool = False
    stimulus_uA: float | None = 0.0
    frame_count: int


class TrialLog(StandardReadable):
    """Holds the entry of the last trial, so that a plan can read it into an event.

    Reads as ``<name>-number`` and so on, and ``<name>-ok``: whether every recording has all its
    frames; a frame that came twice does not stand for the one that it took the place of.

    Parameters
    ----------
    recorded : sequence of SignalR of int
        Frames of the clock that each detector has recorded of the last trial.
    of_trial : sequence of SignalR
        What detectors tell of the last trial, such as its checksum; read with the entry.
    perfusion : Perfusion, optional
        Tells what flows, where the protocol does not choose it. Without one that is ``unknown``,
        and its concentration NaN.
    name : str
        The device's name, which the data keys begin with.
    """

    def __init__(
        self,
        recorded: Sequence[SignalR[int]] = (),
        of_trial: Sequence[SignalR[Any]] = (),
        perfusion: Perfusion | None = None,
        name: str = "",
    ) -> None:
        self._recorded = tuple(recorded)
        # Not an attribute that is a device, which would become a child of this one.
        self._bath = perfusion.bath if perfusion is not None else None
        # Setters, not signals that can be set: ten of those take 2 ms of every trial.
        with self.add_children_as_readables():
            self.number, set_number = soft_signal_r_and_setter(int)
            self.phase, set_phase = soft_signal_r_and_setter(str)
            self.step, set_step = soft_signal_r_and_setter(int)
            self.condition, set_condition = soft_signal_r_and_setter(str)
            self.solution, set_solution = soft_signal_r_and_setter(str)
            self.drug, set_drug = soft_signal_r_and_setter(str)
            self.concentration_uM, set_concentration = soft_signal_r_and_setter(float, units="uM")
            self.blank, set_blank = soft_signal_r_and_setter(bool)
            self.stimulus_uA, set_stimulus = soft_signal_r_and_setter(float, units="uA")
            self.ok, self._set_ok = soft_signal_r_and_setter(bool)
        self.add_readables(of_trial)
        self._setters: dict[str, Callable[[Any], None]] = {
            "number": set_number,
            "phase": set_phase,
            "step": set_step,
            "condition": set_condition,
            "solution": set_solution,
            "drug": set_drug,
            "concentration_uM": set_concentration,
            "blank": set_blank,
            "stimulus_uA": set_stimulus,
        }
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def set(self, value: TrialEntry) -> None:
        """Take over an entry."""
        entry = value.model_dump()
        bath = vars(Bath() if value.solution is not None else await self._flowing())
        entry |= {key: bath[key] for key in bath if entry.get(key) is None}
        for name, set_value in self._setters.items():
            known = entry[name]
            set_value(math.nan if known is None else known)
        recorded = await asyncio.gather(*(signal.get_value() for signal in self._recorded))
        self._set_ok(all(count == value.frame_count for count in recorded))

    async def _flowing(self) -> Bath:
        if self._bath is None:
            return Bath()
        try:
            return await self._bath()
        except Exception as error:
            # The trial is over and must be noted; the perfusion itself is read next, and tells.
            logger.warning("what flowed in the last trial is not known: %s", one_line(error))
            return Bath()
