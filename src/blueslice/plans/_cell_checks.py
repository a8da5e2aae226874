"""Recordings of the cell in the dark, between trials: the gates, and whether it is stable."""

import logging
from collections.abc import Sequence

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator
from ophyd_async.core import StandardReadable, soft_signal_rw

from blueslice.plans._cell_recording import CellRecording
from blueslice.plans._pause import PauseRequest, pause_with_reason, tell
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._trial_run import TrialRun
from blueslice.plans.gates import (
    CellCondition,
    Gates,
    failing_gates,
    measure_cell,
    sweep_trial,
)
from blueslice.plans.wash_step import Stability

__all__ = ["CellChecks"]

logger = logging.getLogger(__name__)


class _CheckLog(StandardReadable):
    """What a recording in the dark showed, for an event in the stream ``checks``."""

    def __init__(self) -> None:
        with self.add_children_as_readables():
            self.before_trial = soft_signal_rw(int)
            self.phase = soft_signal_rw(str)
            self.purpose = soft_signal_rw(str)
            self.access_MOhm = soft_signal_rw(float, units="MOhm")
            self.unbalanced_MOhm = soft_signal_rw(float, units="MOhm")
            self.rest_mV = soft_signal_rw(float, units="mV")
            self.response_mV = soft_signal_rw(float, units="mV")
            self.ok = soft_signal_rw(bool)
            self.reason = soft_signal_rw(str)
        super().__init__(name="check")


class CellChecks:
    """Checks the cell in the dark, keeps what was found, and pauses when a gate fails.

    Parameters
    ----------
    run : TrialRun
        Whose trials the checks stand between.
    recording : CellRecording
        What the amplifier gives.
    """

    def __init__(self, run: TrialRun, recording: CellRecording) -> None:
        self.log = _CheckLog()
        self._run = run
        self._recording = recording

    def gate(self, planned: PlannedTrial, gates: Gates) -> MsgGenerator[float | None]:
        """Check the cell before a trial; pause with the reason when it is not within its limits.

        The pause comes once: whoever goes on with ``RE.resume()`` wants the trial. The check
        before the next trial decides anew.

        Returns
        -------
        float or None
            Time of the experiment of the check, in s.
        """
        stimulated = gates.response_mV is not None
        condition = yield from self._measure(planned, gates, stimulated=stimulated)
        failing = failing_gates(gates, condition)
        checked_s = yield from self._keep(planned, "gate", condition, failing)
        if failing:
            yield from pause_with_reason(
                PauseRequest(
                    reason=f"before trial {planned.number} ({planned.phase}): {'; '.join(failing)}",
                    go_on="takes the trial all the same",
                )
            )
        return checked_s

    def until_stable(
        self, planned: PlannedTrial, gates: Gates, stability: Stability
    ) -> MsgGenerator[float | None]:
        """Record the response again and again until it is stable, or the time is over."""
        responses_mV: list[float] = []
        each_s = stability.interval_s + planned.trial.duration_s
        most = max(stability.responses, int(stability.timeout_s / each_s))
        checked_s = None
        while len(responses_mV) < most and not stability.holds(responses_mV):
            if responses_mV:
                yield from self._run.rest(stability.interval_s, checked_s)
            condition = yield from self._measure(planned, gates, stimulated=True)
            responses_mV.append(condition.response_mV)
            stable = stability.holds(responses_mV)
            reason = [] if stable else ["the response is not stable yet"]
            checked_s = yield from self._keep(planned, "stability", condition, reason)
        if not stability.holds(responses_mV):
            yield from tell(
                logger.warning,
                "the response before trial %d (%s) was not stable within %g s; the last %d were "
                "%s mV: the protocol goes on",
                planned.number,
                planned.phase,
                stability.timeout_s,
                stability.responses,
                ", ".join(f"{one:.1f}" for one in responses_mV[-stability.responses :]),
            )
        return checked_s

    def _measure(
        self, planned: PlannedTrial, gates: Gates, *, stimulated: bool
    ) -> MsgGenerator[CellCondition]:
        stimulus = planned.trial.replace(blank=False)
        (sweep,) = self._run.rig.check([sweep_trial(stimulus, gates, stimulated=stimulated)])
        yield from self._run.sweep(sweep, self._recording.ended)
        rate_Hz = self._run.rig.amplifier.backend.sample_rate_Hz
        return measure_cell(self._recording, sweep, gates, rate_Hz)

    def _keep(
        self, planned: PlannedTrial, purpose: str, condition: CellCondition, reason: Sequence[str]
    ) -> MsgGenerator[float | None]:
        log, rest = self.log, self._run.rig.rest
        yield from bps.mv(
            *(log.before_trial, planned.number),
            *(log.phase, planned.phase),
            *(log.purpose, purpose),
            *(log.access_MOhm, condition.access_MOhm),
            *(log.unbalanced_MOhm, condition.unbalanced_MOhm),
            *(log.rest_mV, condition.rest_mV),
            *(log.response_mV, condition.response_mV),
            *(log.ok, not reason),
            *(log.reason, "; ".join(reason)),
        )
        yield from bps.create("checks")
        yield from bps.read(log)
        reading = yield from bps.read(rest)
        yield from bps.save()
        # A pause must not keep it a second time.
        yield from bps.checkpoint()
        yield from bps.trigger(rest, wait=True)
        return reading[rest.experiment_time_s.name]["value"] if reading else None
