"""What a drug wash will do, from what it is given: all of it known before anything is moved."""

from collections.abc import Mapping, Sequence
from typing import Any

from blueslice.bath import bath_of
from blueslice.errors import BadInputError
from blueslice.plans._perfusing import Perfusing
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans.gates import Gates, sweep_trial
from blueslice.plans.wash_record import WashRecord
from blueslice.plans.wash_step import RemainingStep, WashStep, remaining_steps, wash_steps
from blueslice.trial import Trial

__all__ = [
    "dark_sweeps",
    "given_record",
    "given_steps",
    "planned_trials",
    "recorded_channels",
    "refuse_without_bridge",
    "solutions_of",
    "steps_left",
]


def given_record(resume: WashRecord | Mapping[str, Any] | None) -> WashRecord | None:
    """Return the record of a run to go on with, given as such or as plain data."""
    if resume is None or isinstance(resume, WashRecord):
        return resume
    if not isinstance(resume, Mapping):
        raise BadInputError(
            f"resume = {resume!r}: give the record of the run, "
            "blueslice.resume.wash_record_of(data_directory, uid)"
        )
    return WashRecord.from_document(resume)


def given_steps(steps: object, record: WashRecord | None) -> tuple[WashStep, ...]:
    """Return all steps: those of the record where there is one."""
    if record is None:
        return wash_steps(steps)
    if steps is not None and _told(wash_steps(steps)) != _told(record.steps):
        raise BadInputError(
            f"the steps are not those of run {record.uid[:8]}, so its trials cannot be counted "
            "among them; leave steps out to go on with its own, or start a new experiment"
        )
    return record.steps


def _told(steps: Sequence[WashStep]) -> list[WashStep]:
    # Runs of earlier versions have {} where nothing is said of the drugs.
    return [step.model_copy(update={"drugs_uM": step.drugs_uM or None}) for step in steps]


def steps_left(
    steps: tuple[WashStep, ...], record: WashRecord | None, trial: Trial
) -> tuple[RemainingStep, ...]:
    """Return what is left to do; refuse trials that are not those of the record."""
    if record is None:
        return remaining_steps(steps)
    for what in type(trial).model_fields:
        if getattr(trial, what) != getattr(record.trial, what):
            raise BadInputError(
                f"{what} is not that of run {record.uid[:8]}, which this one goes on with: it had "
                f"trials of {record.trial}; give the same"
            )
    left = remaining_steps(steps, record.completed_trials)
    if not left:
        raise BadInputError(
            f"run {record.uid[:8]} is complete: all its {len(record.completed_trials)} trials are "
            "there; nothing is left to resume"
        )
    return left


def solutions_of(steps: Sequence[WashStep]) -> list[str]:
    """Return what flows in each step: its own solution or the one before; empty if nobody says."""
    found: list[str] = []
    for step in steps:
        found.append(step.solution or (found[-1] if found else ""))
    return found


def planned_trials(
    left: RemainingStep, trial: Trial, perfusing: Perfusing, solution: str
) -> tuple[PlannedTrial, ...]:
    """Return the trials that are left of a step, with what they are taken in."""
    drugs_uM = left.step.drugs_uM
    if solution:
        drugs_uM = perfusing.check(solution, drugs_uM)
    bath = bath_of(solution, drugs_uM)
    return tuple(
        PlannedTrial(
            number,
            trial.with_blank() if blank else trial,
            left.step.name,
            left.number,
            solution=solution or None,
            drug=None if drugs_uM is None else bath.drug,
            concentration_uM=None if drugs_uM is None else bath.concentration_uM,
            # Of a drug that somebody adds by hand the perfusion knows nothing.
            asks_perfusion=perfusing.is_asked and bool(solution or drugs_uM is None),
        )
        for number, blank in left.trials
    )


def dark_sweeps(step: WashStep, trial: Trial, gates: Gates | None) -> list[Trial]:
    """Return the recordings in the dark that a step asks for, checked."""
    of_step = step.gates or gates or Gates()
    found: list[Trial] = []
    if step.wait == "stable":
        if of_step.clamp == "voltage":
            raise BadInputError(
                f"step {step.name!r} waits until the response is stable, and its gates say that "
                "the cell is held in voltage clamp; give a time in s or 'arrival'"
            )
        found.append(sweep_trial(trial, of_step, stimulated=True))
    if not of_step.is_open:
        stimulated = of_step.response_mV is not None
        found.append(sweep_trial(trial, of_step, stimulated=stimulated))
    return found


def refuse_without_bridge(steps: Sequence[WashStep], gates: Gates | None) -> None:
    """Refuse limits of an access resistance that would not be measured in any trial."""
    for step in steps:
        of_step = step.gates or gates
        if of_step is not None and of_step.lacks_bridge:
            raise BadInputError(
                f"step {step.name!r}: access_MOhm in current clamp needs bridge_MOhm, what the "
                "amplifier's bridge is set to (0: off), for the test pulse shows only what the "
                "bridge does not balance; give it, or leave access_MOhm out"
            )


def recorded_channels(sweeps: Sequence[Trial]) -> tuple[str, ...]:
    """Return the amplifier's channels that recordings in the dark are measured by."""
    if not sweeps:
        return ()
    tested = any(pulse.target == "soma" for sweep in sweeps for pulse in sweep.pulses)
    return ("voltage", "current") if tested else ("voltage",)
