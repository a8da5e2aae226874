"""An instrument of a virtual rig that stops answering."""

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from blueslice.errors import InstrumentError
from blueslice.sim.faults import CALLS, Faults, SilentInstrument

__all__ = ["RunProgress", "SilentBackend"]

WORDS = {
    "connect": "being connected",
    "arm": "being prepared for",
    "start": "being started in",
    "read": "being read in",
    "stop": "being stopped in",
}


class RunProgress(Protocol):
    """How far the rig's run has got."""

    faults: Faults
    run: int
    trial: int


class SilentBackend:
    """An instrument of which some calls are not answered; all others go through.

    Parameters
    ----------
    progress : RunProgress
        The faults; the runs begun so far, and the number of the trial begun last.
    device : str
        The instrument's name on the rig.
    backend : object
        The instrument.
    """

    def __init__(self, progress: RunProgress, device: str, backend: object) -> None:
        self._progress, self._device, self._backend = progress, device, backend
        self._phases = {method: phase for phase, method in CALLS[device].items()}
        # Of the trial that it was prepared for last, and of the run that it was in.
        self._run, self._trial = 0, 0
        self._examined = 0
        self._silent_from: dict[str, tuple[int, SilentInstrument]] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._backend, name)
        phase = self._phases.get(name)
        if phase is None:
            return value

        def call(*arguments: Any) -> Any:
            self._answer(phase, arguments)
            return value(*arguments)

        return call

    def _answer(self, phase: str, arguments: Sequence[Any]) -> None:
        """Raise when this call is not answered."""
        trial = self._trial_of(phase, arguments)
        fault = self._silence(phase, 1 if phase == "connect" else trial)
        if fault is None:
            return
        # As a driver waits for its instrument: nothing on this computer ends it.
        threading.Event().wait(fault.blocks_s)
        when = WORDS[phase] if phase == "connect" else f"{WORDS[phase]} trial {trial}"
        raise InstrumentError(
            f"the instrument {self._device} has stopped answering ({when}); check its power and "
            "its cable, then start the protocol again"
        )

    def _trial_of(self, phase: str, arguments: Sequence[Any]) -> int:
        """Return the number of the trial that a call belongs to, 0 for none yet."""
        progress = self._progress
        if phase == "arm":
            # Camera and amplifier are told a trial's place; the others come before its start.
            told = self._device in ("camera", "amplifier") and len(arguments) > 2
            self._trial = 1 + arguments[2] if told else progress.trial + 1
            self._run = progress.run
        elif self._device in ("rest", "perfusion"):
            return progress.trial
        return self._trial if self._run == progress.run else 0

    def _silence(self, phase: str, trial: int) -> SilentInstrument | None:
        """Return the fault that strikes this trial or has struck an earlier one."""
        while self._examined < trial:
            self._examined += 1
            for _, fault, _ in self._progress.faults.in_trial(self._examined, 1):
                if isinstance(fault, SilentInstrument) and fault.device == self._device:
                    self._silent_from.setdefault(fault.phase, (self._examined, fault))
        since, fault = self._silent_from.get(phase, (0, None))
        return fault if since <= trial else None
