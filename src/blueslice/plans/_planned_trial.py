"""A trial and what it stands for in its protocol: the row that documents have of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from blueslice.bath import UNKNOWN
from blueslice.devices import TrialEntry
from blueslice.trial import Pulse, Trial

__all__ = ["PlannedTrial", "trial_table"]


@dataclass(frozen=True)
class PlannedTrial:
    """A trial with its place in the protocol.

    Attributes
    ----------
    number : int
        1 for the protocol's first trial.
    trial : Trial
        What happens in it.
    phase, step, condition, solution, drug, concentration_uM
        As in `blueslice.devices.TrialEntry`; None where the protocol does not choose it.
    asks_perfusion : bool
        Whether the rig's perfusion lets the solution in, so that it is asked what flows.
    """

    number: int
    trial: Trial
    phase: str = ""
    step: int = 0
    condition: str = ""
    solution: str | None = None
    drug: str | None = None
    concentration_uM: float | None = None
    asks_perfusion: bool = False

    @property
    def entry(self) -> TrialEntry:
        """What stream ``trials`` is to say of it; nothing of the bath if the perfusion is asked."""
        if self.asks_perfusion:
            nothing = {"solution": None, "drug": None, "concentration_uM": None}
            return self.planned_entry.model_copy(update=nothing)
        return self.planned_entry

    @property
    def planned_entry(self) -> TrialEntry:
        """All that is planned of it."""
        pulses = self.trial.delivered_pulses
        return TrialEntry(
            number=self.number,
            phase=self.phase,
            step=self.step,
            condition=self.condition,
            solution=self.solution,
            drug=self.drug,
            concentration_uM=self.concentration_uM,
            blank=self.trial.blank,
            stimulus_uA=_largest_uA(pulses),
            frame_count=self.trial.frame_count,
        )

    def with_number(self, number: int) -> "PlannedTrial":
        """Return it with another number."""
        return replace(self, number=number)


def _largest_uA(pulses: Sequence[Pulse]) -> float | None:
    """Return the largest current of the electrode; None where one is not known."""
    largest_uA = 0.0
    for pulse in pulses:
        if pulse.amplitude_uA is None:
            return None
        largest_uA = max(largest_uA, pulse.amplitude_uA)
    return largest_uA


def trial_table(planned: Sequence[PlannedTrial]) -> dict[str, list[Any]]:
    """Return what is planned of each trial, as columns: ``start["trial_table"]["phase"][k]``.

    A solution and a drug of which the protocol says nothing are ``unknown``; the concentrations are
    left out where one is.
    """
    entries = [one.planned_entry for one in planned]
    names = [name for name in TrialEntry.model_fields if name != "frame_count"]
    columns = {name: [getattr(entry, name) for entry in entries] for name in names}
    for name in ("solution", "drug"):
        columns[name] = [UNKNOWN if value is None else value for value in columns[name]]
    if None in columns["concentration_uM"]:
        del columns["concentration_uM"]
    return columns
