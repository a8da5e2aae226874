"""Trials one after the other: the plan that simple protocols are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bluesky.utils import MsgGenerator

from blueslice.errors import BadInputError
from blueslice.plans._arguments import check_time
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans._run_metadata import check_frames, run_metadata
from blueslice.plans._run_of_trials import run_trials
from blueslice.plans._trial_run import TrialRun
from blueslice.trial import Trial

__all__ = ["planned_series", "trial_series"]


def trial_series(
    rig: PlannedRig,
    trials: Sequence[Trial],
    *,
    rest_s: float = 0.0,
    phase: str = "",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Run trials, one event each in the streams ``primary`` and ``trials``.

    Everything is checked before the first message. Before anything else, and on every way out
    (done, error, stop, abort, a pause), the clock is stopped, the LEDs are switched off and the
    stimulator is disarmed. An instrument that does not answer in time ends the plan; the trials
    before are kept.

    Parameters
    ----------
    rig : Rig
        The rig.
    trials : sequence of Trial
        At least one; all with the same frames, with or without the stimulus.
    rest_s : float
        Time between the end of a trial and the next, in s.
    phase : str
        Where in the protocol the trials stand.
    md : mapping, optional
        For the start document: ``cell``, ``slice``, ``animal``, ``operator`` and the like.

    Returns
    -------
    str
        The run's uid.

    Raises
    ------
    BadInputError
        When the rig cannot do a trial, or the trials do not fit into one run.
    """
    planned = [PlannedTrial(number, trial, phase) for number, trial in enumerate(trials, start=1)]
    md = {"plan_name": "trial_series", **(md or {})}
    return (yield from planned_series(rig, planned, rest_s=rest_s, phase=phase, md=md))


def planned_series(
    rig: PlannedRig,
    planned: Sequence[PlannedTrial],
    *,
    rest_s: float,
    phase: str,
    md: Mapping[str, Any],
) -> MsgGenerator[str]:
    """Run trials that are not all of one kind; otherwise as `trial_series`."""
    if not planned:
        raise BadInputError("trials = 0: there is nothing to do; give at least 1")
    check_time("rest_s", rest_s)
    trials = rig.check([one.trial for one in planned])
    planned = [replace(one, trial=trial) for one, trial in zip(planned, trials, strict=True)]
    check_frames(trials)
    run = TrialRun(rig, trials[0])

    def body() -> MsgGenerator[None]:
        ended_s = None
        for place, one in enumerate(planned):
            if place and rest_s > 0:
                yield from run.rest(rest_s, ended_s)
            ended_s = yield from run.take(one)

    return (yield from run_trials(run, {**run_metadata(rig, planned, phase), **md}, body))
