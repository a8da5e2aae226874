"""Control, drugs, wash: an experiment of any number of steps, given as data."""

from collections.abc import Mapping, Sequence
from typing import Any

from bluesky.utils import MsgGenerator

from blueslice.errors import BadInputError
from blueslice.plans._arguments import check_time
from blueslice.plans._cell_checks import CellChecks
from blueslice.plans._cell_recording import listen
from blueslice.plans._pause import advise
from blueslice.plans._perfusing import Perfusing
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans._run_metadata import run_metadata
from blueslice.plans._run_of_trials import run_trials
from blueslice.plans._trial_run import TrialRun
from blueslice.plans._wash_plan import (
    dark_sweeps,
    given_record,
    given_steps,
    planned_trials,
    recorded_channels,
    refuse_without_bridge,
    solutions_of,
    steps_left,
)
from blueslice.plans.gates import Gates
from blueslice.plans.wash_record import WashRecord
from blueslice.plans.wash_step import RemainingStep, WashStep
from blueslice.trial import Trial, paired_pulses

__all__ = ["drug_wash"]


def drug_wash(
    rig: PlannedRig,
    steps: Sequence[WashStep | Mapping[str, Any]] | None = None,
    pulses: int = 2,
    interval_s: float = 0.010,
    width_s: float = 200e-6,
    onset_s: float = 0.036,
    amplitude_uA: float = 50.0,
    *,
    gates: Gates | Mapping[str, Any] | None = None,
    resume: WashRecord | Mapping[str, Any] | None = None,
    perfusion: Any = None,
    arrival_s: float | None = None,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 100,
    exposure_s: float = 0.0018,
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Take trials in one solution after the other: control, drugs, wash.

    In each step its solution is let in and waited for, then its trials are taken, blanks among
    them. What flows already when a new run begins is taken to have arrived. With gates the cell
    is recorded in the dark before each trial, and a cell that is not within its limits pauses
    the run with one line that says why; ``RE.resume()`` goes on with the step in hand.

    A run that was broken off, also by a kill of its process, goes on in a new run: `resume` says
    what was done. Steps that are complete are skipped; the solution of the step in hand is let in
    and waited for again, for nobody knows what the slice has seen since.

    Every trial has its phase, step, solution, drug and concentration in the stream ``trials`` and
    in ``trial_table`` of the start document; ``wash_steps`` there has the steps, ``resumes`` the
    uid of the run that this one goes on with, and ``completed_before`` the numbers of the trials
    taken in it. Numbers go on through both. The stream ``checks`` has an event for each recording
    in the dark.

    Parameters
    ----------
    rig : Rig
        The rig.
    steps : sequence of WashStep or mapping
        In order. With `resume` they may be left out; otherwise they must be those of its run.
    pulses : int
        Synaptic pulses in a trial, 1 or 2.
    interval_s, width_s, onset_s, amplitude_uA : float
        Of the pulses, as for `two_pulse`.
    gates : Gates or mapping, optional
        Limits of the cell before each trial; a step's own take their place.
    resume : WashRecord or mapping, optional
        What `wash_record` reads from the documents of the run to go on with
        (`blueslice.resume.wash_record_of` finds them by its uid).
    perfusion : device or str, optional
        Any Bluesky device, classic ones too, that is set to the name of a solution and reads it
        back; or the name of one of ``rig.extra``. By default the rig's; where there is none, a
        pause asks the user to let each solution in.
    arrival_s : float, optional
        From tap to slice, in s; by default the dead volume and four time constants of the
        exchange (98 %), as the rig's perfusion tells them. A drug that sticks leaves slower than
        that: give its wash a time in s, or "stable".
    frame_rate_Hz, frame_count, exposure_s
        The camera's frames.
    md : mapping, optional
        For the start document.

    Raises
    ------
    BadInputError
        Before any light, when something is not allowed.

    Examples
    --------
    CNQX, with its wash-out::

        RE(drug_wash(rig, [
            WashStep(name="control", trials=6, blanks=2, interval_s=30),
            WashStep(name="CNQX", solution="ACSF + 5 uM CNQX", trials=6, blanks=2, interval_s=30),
            WashStep(name="wash", solution="ACSF", wait=1200, trials=6, blanks=2, interval_s=30),
        ], gates=Gates(rest_mV=(-80, -60))))
    """
    if pulses not in (1, 2):
        raise BadInputError(f"pulses = {pulses!r}: give 1 or 2 synaptic pulses")
    trial = Trial(
        frame_rate_Hz=frame_rate_Hz,
        frame_count=frame_count,
        exposure_s=exposure_s,
        pulses=paired_pulses(interval_s, width_s, onset_s, amplitude_uA, count=pulses),
    )
    (trial,) = rig.check([trial])
    if arrival_s is not None:
        check_time("arrival_s", arrival_s)
    record = given_record(resume)
    all_steps = given_steps(steps, record)
    left = steps_left(all_steps, record, trial)
    limits = gates if gates is None or isinstance(gates, Gates) else Gates.from_document(gates)
    if record is None:
        # A run from before is gone on with as it was begun.
        refuse_without_bridge(all_steps, limits)
    perfusing = Perfusing(rig, perfusion, arrival_s)
    # Of every step, so that a fault in the last is not found after hours.
    flow = solutions_of(all_steps)
    planned = {
        one.number: planned_trials(one, trial, perfusing, flow[one.number - 1]) for one in left
    }
    sweeps = [sweep for one in left for sweep in dark_sweeps(one.step, trial, limits)]
    if any(flow[one.number - 1] and isinstance(one.step.wait, str) for one in left):
        perfusing.arrival_s()
    for one in sweeps:
        rig.check([one])
    in_order = [one for of_step in planned.values() for one in of_step]
    metadata = {
        "plan_name": "drug_wash",
        **run_metadata(rig, in_order, " - ".join(step.name for step in all_steps)),
        "trial": trial.to_document(),
        "wash_steps": [step.to_document() for step in all_steps],
        "gates": limits.to_document() if limits else {},
        "completed_before": list(record.completed_trials) if record else [],
        **({"resumes": record.uid} if record else {}),
        **(md or {}),
    }
    for text in _short_waits(perfusing, left, flow, arrival_s):
        yield from advise(text)
    run = TrialRun(rig, trial, perfusing.devices)
    with listen(rig.amplifier, *recorded_channels(sweeps)) as recording:
        checks = CellChecks(run, recording)

        def body() -> MsgGenerator[None]:
            for place, one in enumerate(left):
                anew = place == 0 and record is not None
                first, gates_now = planned[one.number][0], one.step.gates or limits or Gates()
                yield from _let_in(run, perfusing, one.step, first, anew=anew)
                if one.step.wait == "stable":
                    checked_s = yield from checks.until_stable(first, gates_now, one.step.stability)
                    yield from run.rest(gates_now.settle_s, checked_s)
                yield from _take(run, checks, one.step, planned[one.number], gates_now)

        return (yield from run_trials(run, metadata, body, devices=[checks.log]))


def _short_waits(
    perfusing: Perfusing,
    left: Sequence[RemainingStep],
    flow: Sequence[str],
    arrival_s: float | None,
) -> list[str]:
    """Say which solutions are not waited for as long as they take to the slice."""
    told: list[str] = []
    for one in left:
        changes = one.number > 1 and flow[one.number - 1] != flow[one.number - 2]
        if not changes:
            continue
        if isinstance(one.step.wait, float):
            name = f"step {one.step.name!r}: wait"
            told.append(perfusing.too_short(name, one.step.wait))
        elif arrival_s is not None:
            told.append(perfusing.too_short("arrival_s", arrival_s))
    return list(dict.fromkeys(filter(None, told)))


def _let_in(
    run: TrialRun, perfusing: Perfusing, step: WashStep, first: PlannedTrial, *, anew: bool
) -> MsgGenerator[None]:
    """Let a step's solution in and wait until it is at the slice, or as long as the step says."""
    arrived = not first.solution
    if first.solution:
        flows = yield from perfusing.flowing()
        arrived = flows == first.solution and not anew
        if not arrived:
            yield from perfusing.let_in(first.solution, step.name)
    let_in_s = yield from run.now_s()
    if isinstance(step.wait, float):
        yield from run.rest(step.wait, let_in_s)
    elif not arrived:
        yield from run.rest(perfusing.arrival_s(), let_in_s)


def _take(
    run: TrialRun,
    checks: CellChecks,
    step: WashStep,
    planned: Sequence[PlannedTrial],
    gates: Gates,
) -> MsgGenerator[None]:
    """Take the trials of a step, each behind its gates."""
    # The check stands before the trial, within the interval.
    before_s = 0.0 if gates.is_open else gates.settle_s
    ended_s = None
    for place, one in enumerate(planned):
        if place:
            yield from run.rest(max(0.0, step.interval_s - before_s), ended_s)
        if not gates.is_open:
            checked_s = yield from checks.gate(one, gates)
            yield from run.rest(before_s, checked_s)
        ended_s = yield from run.take(one)
