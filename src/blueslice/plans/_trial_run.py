"""The trials of a run: how one is taken, and what becomes of one that is cut off."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import MsgGenerator
from ophyd_async.core import DetectorTrigger, TriggerInfo

from blueslice._failures import PlanFailures
from blueslice.devices import Perfusion
from blueslice.plans import _stubs as stubs
from blueslice.plans._make_dark import make_dark
from blueslice.plans._pause import tell
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.trial import Trial

__all__ = ["TrialRun"]

logger = logging.getLogger(__name__)

# What is waited for once a trial is kept.
_KEPT = "trial kept"


class TrialRun:
    """Takes the trials of one run, which all have the same frames.

    Parameters
    ----------
    rig : Rig
        The rig.
    example : Trial
        One of them.
    also_read : sequence of device
        Further devices to be read into the stream ``trials``.

    Attributes
    ----------
    done : int
        Trials that are kept.
    failures : PlanFailures
        What has failed in this run.
    """

    def __init__(self, rig: PlannedRig, example: Trial, also_read: Sequence[Any] = ()) -> None:
        self.rig = rig
        self.detectors = (rig.camera, rig.amplifier)
        # A classic device in its place is read by the plan that names it.
        own = (rig.perfusion,) if isinstance(rig.perfusion, Perfusion) else ()
        # What flows belongs to every trial, whoever let it in.
        self._also_read = (*own, *(device for device in also_read if device not in own))
        self._declared = False
        self.done = 0
        self.failures = PlanFailures()
        # Whether an event is open, which has to be dropped before another is begun.
        self._has_event = False
        self._camera_info = TriggerInfo(
            trigger=DetectorTrigger.EXTERNAL_EDGE,
            livetime=example.exposure_s,
            deadtime=max(example.frame_interval_s - example.exposure_s, 0.0),
            collections_per_event=example.frame_count,
            exposure_timeout=example.duration_s + 60.0,
        )
        self._amplifier_info = self._camera_info.model_copy(
            update={"livetime": example.frame_interval_s, "deadtime": 0.0}
        )

    def make_dark(self) -> MsgGenerator[None]:
        """Stop the clock, switch the LEDs off and disarm the stimulator."""
        rig = self.rig
        devices = (rig.clock, "stopped"), (rig.led_pair, "dark"), (rig.stimulator, "disarmed")
        yield from make_dark(devices, self.failures)

    def take(self, planned: PlannedTrial) -> MsgGenerator[float | None]:
        """Take a trial: one event in ``primary`` and one in ``trials``.

        Returns
        -------
        float or None
            Time of the experiment at its end, in s; None when nobody runs the plan, or a pause
            cut the answer off.
        """
        rig, detectors = self.rig, self.detectors
        yield from stubs.checkpoint()
        yield from self._prepare(planned.trial, *detectors)
        if not self._declared:
            yield from bps.declare_stream(*detectors, name="primary", collect=True)
            self._declared = True
        yield from self._kickoff(*detectors)
        yield from self._kickoff(rig.clock)
        group = "trial"
        for device in (*detectors, rig.clock):
            yield from stubs.complete(device, group=group)
        yield from stubs.wait(group=group)
        # From here on the trial is done: a pause must neither take nor collect it again.
        yield from stubs.checkpoint()
        yield from bpp.rewindable_wrapper(self._collect(), False)
        yield from stubs.abs_set(rig.trial_log, planned.entry, group="noted")
        yield from stubs.wait(group="noted")
        yield from self._create("trials")
        yield from stubs.read(rig.trial_log)
        yield from stubs.read(rig.led_pair)
        readings: dict[str, Any] = {}
        for device in self._also_read:
            readings |= (yield from stubs.read(device)) or {}
        reading = yield from stubs.read(rig.rest)
        yield from bpp.finalize_wrapper(self._save_trial(), self._note_kept)
        # Only now, when the trial is kept, may it end the plan that the LEDs did not answer.
        yield from stubs.trigger(rig.led_pair, group=_KEPT)
        yield from stubs.trigger(rig.rest, group=_KEPT)
        if isinstance(rig.perfusion, Perfusion):
            yield from stubs.trigger(rig.perfusion, group=_KEPT)
        yield from stubs.wait(group=_KEPT)
        yield from self._compare_bath(planned, readings)
        if rig.led_pair.cut_off.has_light:
            yield from self._note_cut_off()
        yield from stubs.checkpoint()
        # No reading: a pause cut it off, or nobody runs the plan.
        return reading[rig.rest.experiment_time_s.name]["value"] if reading else None

    def _compare_bath(
        self, planned: PlannedTrial, readings: Mapping[str, Any]
    ) -> MsgGenerator[None]:
        """Tell when another solution flows than this trial is planned in."""
        perfusion = self.rig.perfusion
        if perfusion is None or planned.solution is None or not planned.asks_perfusion:
            return
        flows = readings.get(perfusion.solution.name, {}).get("value", planned.solution)
        if flows != planned.solution:
            yield from tell(
                logger.warning,
                "trial %d was planned in %r, but %r flowed, which its entry says; look at the "
                "valves, and let in what the next trials are planned in",
                planned.number,
                planned.solution,
                flows,
            )

    def _save_trial(self) -> MsgGenerator[None]:
        yield from self._save()
        # At once: a pause must neither note nor collect the trial a second time.
        yield from stubs.checkpoint()

    def _note_kept(self) -> MsgGenerator[None]:
        self.done += 1
        yield from stubs.abs_set(self.rig.led_pair.light_noted, True, group=_KEPT)

    def end_cut_off(self, _: Exception) -> MsgGenerator[None]:
        """Go dark in a trial that will not be completed, and note its light: the cell had it."""
        if self._has_event:
            self._has_event = False
            yield from stubs.drop()
        yield from bpp.finalize_wrapper(self.make_dark(), self._note_cut_off)

    def _note_cut_off(self) -> MsgGenerator[None]:
        cut_off = self.rig.led_pair.cut_off
        yield from self._create("cut_off")
        reading: Any = (yield from stubs.read(cut_off)) or {}
        if not any(value["value"] for value in reading.values()):
            self._has_event = False
            yield from stubs.drop()
            return
        yield from self._save()
        yield from stubs.trigger(cut_off, wait=True)

    # What stops a plan is raised at a message that has been done: so it is known before.
    def _create(self, stream: str) -> MsgGenerator[None]:
        self._has_event = True
        yield from stubs.create(stream)

    def _save(self) -> MsgGenerator[None]:
        self._has_event = False
        yield from stubs.save()

    def sweep(self, trial: Trial, recorded: Callable[[], Any]) -> MsgGenerator[None]:
        """Record the cell without the camera; what comes is not kept, only its measures are.

        Parameters
        ----------
        trial : Trial
            Its pulses; it lights no LED.
        recorded : callable
            Returns an awaitable that is done when the amplifier has given everything.
        """
        rig = self.rig
        yield from stubs.checkpoint()
        yield from self._prepare(trial, rig.amplifier)
        # Its preparation has armed the amplifier, which records. It is not kicked off, so that
        # nothing takes this for a trial to be collected; the next trial overwrites it.
        yield from stubs.kickoff(rig.clock, wait=True)
        yield from stubs.complete(rig.clock, wait=True)
        yield from bps.wait_for([recorded])
        # Nothing of it is given again after a pause.
        yield from stubs.checkpoint()

    def rest(self, seconds: float, since_s: float | None) -> MsgGenerator[None]:
        """Rest between two checkpoints, from a known moment: a pause makes it no longer."""
        yield from stubs.checkpoint()
        yield from stubs.abs_set(self.rig.rest, seconds, since_s=since_s, wait=True)
        yield from stubs.checkpoint()

    def now_s(self) -> MsgGenerator[float | None]:
        """Return the time of the experiment; None when nobody runs the plan."""
        now_s = yield from bps.rd(self.rig.rest, default_value=None)
        yield from stubs.trigger(self.rig.rest, wait=True)
        return now_s

    def _prepare(self, trial: Trial, *detectors: Any) -> MsgGenerator[None]:
        rig, group = self.rig, "prepare trial"
        for detector in detectors:
            info = self._camera_info if detector is rig.camera else self._amplifier_info
            yield from stubs.prepare(detector, info, group=group)
        yield from stubs.prepare(rig.clock, trial, group=group)
        yield from stubs.prepare(rig.led_pair, trial, group=group)
        yield from stubs.prepare(rig.stimulator, trial, group=group)
        yield from stubs.wait(group=group)

    def _kickoff(self, *devices: Any) -> MsgGenerator[None]:
        for device in devices:
            yield from stubs.kickoff(device, group="begun")
        yield from stubs.wait(group="begun")

    def _collect(self) -> MsgGenerator[None]:
        yield from stubs.collect(*self.detectors, name="primary")
        # Not rewound to after a pause that cut it off, so it is asked whether it was done.
        if any(detector.uncollected_trials for detector in self.detectors):
            yield from stubs.collect(*self.detectors, name="primary")
