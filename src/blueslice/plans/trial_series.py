"""Trials one after the other: the plan that all protocols are made of."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import MsgGenerator
from ophyd_async.core import DetectorTrigger, Device, TriggerInfo
from ophyd_async.plan_stubs import ensure_connected

from blueslice.devices import TrialEntry
from blueslice.errors import BadInputError
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.trial import Trial

__all__ = ["trial_series"]


def trial_series(
    rig: PlannedRig,
    trials: Sequence[Trial],
    *,
    rest_s: float = 0.0,
    phase: str = "control",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Run trials, one event each in the streams ``primary`` and ``trials``.

    Everything is checked before the first message. On every way out (done, error, stop, abort,
    a pause) the LEDs are dark, the stimulator is disarmed and the clock stands.

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
    trials = tuple(trials)
    _check_series(trials, rest_s)
    rig.check(trials)
    first = trials[0]
    metadata = {
        "plan_name": "trial_series",
        **_metadata(rig, trials, phase),
        **(md or {}),
    }
    camera_info = TriggerInfo(
        trigger=DetectorTrigger.EXTERNAL_EDGE,
        livetime=first.exposure_s,
        deadtime=max(first.frame_interval_s - first.exposure_s, 0.0),
        collections_per_event=first.frame_count,
        exposure_timeout=first.duration_s + 60.0,
    )
    amplifier_info = camera_info.model_copy(
        update={"livetime": first.frame_interval_s, "deadtime": 0.0}
    )
    detectors = (rig.camera, rig.amplifier)

    def make_dark() -> MsgGenerator[None]:
        # Each is told whatever became of the one before.
        yield from bpp.finalize_wrapper(
            bps.abs_set(rig.clock, "stopped", wait=True),
            bpp.finalize_wrapper(
                bps.abs_set(rig.led_pair, "dark", wait=True),
                bps.abs_set(rig.stimulator, "disarmed", wait=True),
            ),
        )

    def prepare(trial: Trial) -> MsgGenerator[None]:
        group = "prepare trial"
        yield from bps.prepare(rig.camera, camera_info, group=group)
        yield from bps.prepare(rig.amplifier, amplifier_info, group=group)
        yield from bps.prepare(rig.clock, trial, group=group)
        yield from bps.prepare(rig.led_pair, trial, group=group)
        yield from bps.prepare(rig.stimulator, trial, group=group)
        yield from bps.wait(group=group)

    def collect() -> MsgGenerator[None]:
        yield from bps.collect(*detectors, name="primary")
        # Not rewound to after a pause that cut it off, so it is asked whether it was done.
        if any(detector.uncollected_trials for detector in detectors):
            yield from bps.collect(*detectors, name="primary")

    def take(number: int, trial: Trial) -> MsgGenerator[float | None]:
        yield from bps.checkpoint()
        yield from prepare(trial)
        if number == 1:
            yield from bps.declare_stream(*detectors, name="primary", collect=True)
        yield from bps.kickoff_all(*detectors, wait=True)
        yield from bps.kickoff(rig.clock, wait=True)
        group = "trial"
        yield from bps.complete_all(*detectors, rig.clock, group=group, wait=False)
        yield from bps.wait(group=group)
        # From here on the trial is done: a pause must neither take nor collect it again.
        yield from bps.checkpoint()
        yield from bpp.rewindable_wrapper(collect(), False)
        entry = TrialEntry(
            number=number, phase=phase, blank=trial.blank, frame_count=trial.frame_count
        )
        yield from bps.abs_set(rig.trial_log, entry, wait=True)
        yield from bps.create("trials")
        yield from bps.read(rig.trial_log)
        yield from bps.read(rig.led_pair)
        reading = yield from bps.read(rig.rest)
        yield from bps.save()
        # A pause while the run closes must not collect the trial a second time.
        yield from bps.checkpoint()
        # No reading: a pause cut it off, or nobody runs the plan.
        return reading[rig.rest.experiment_time_s.name]["value"] if reading else None

    @bpp.finalize_decorator(make_dark)
    def guarded() -> MsgGenerator[str]:
        yield from make_dark()
        return (yield from staged())

    @bpp.stage_decorator([rig.clock, *detectors])
    @bpp.run_decorator(md=metadata)
    def staged() -> MsgGenerator[str]:
        if rig.extra:
            yield from bps.create("baseline")
            for device in rig.extra.values():
                yield from bps.read(device)
            yield from bps.save()
        ended_s = None
        for number, trial in enumerate(trials, start=1):
            if number > 1 and rest_s > 0:
                # From a known moment, so that a pause which gives this again rests no longer.
                yield from bps.abs_set(rig.rest, rest_s, since_s=ended_s, wait=True)
            ended_s = yield from take(number, trial)
        return ""

    others = [device for device in rig.extra.values() if isinstance(device, Device)]
    yield from ensure_connected(*rig.devices, *others)
    # Its message cannot be given twice, so nothing may rewind to it.
    yield from bps.checkpoint()
    return (yield from guarded())


def _check_series(trials: tuple[Trial, ...], rest_s: float) -> None:
    if not trials:
        raise BadInputError("trials = 0: there is nothing to do; give at least 1")
    if not 0 <= rest_s <= 86_400:
        raise BadInputError(f"rest_s = {rest_s!r}: give a time between 0 and 86400 s")
    first = trials[0]
    for number, trial in enumerate(trials[1:], start=2):
        for what in ("frame_rate_Hz", "frame_count", "exposure_s", "excitation_order"):
            if getattr(trial, what) != getattr(first, what):
                raise BadInputError(
                    f"trial {number} has {what} = {getattr(trial, what)}, the first "
                    f"{getattr(first, what)}; all trials of a run have the same frames: make a "
                    "second run of it"
                )


def _metadata(rig: PlannedRig, trials: tuple[Trial, ...], phase: str) -> dict[str, Any]:
    """Return what a start document says of the rig and the trials."""
    with_stimulus = next((trial for trial in trials if not trial.blank), trials[0])
    leds = {
        f"led_{led}": {
            "wavelength_nm": dye.wavelength_nm,
            "indicator": dye.name,
            "ion": dye.ion,
            "channel": channel,
            "sign": dye.sign,
        }
        for led, dye, channel in zip(
            (1, 2), rig.indicators.indicators, rig.indicators.channel_names, strict=True
        )
    }
    return {
        "rig": rig.name,
        "indicators": rig.indicators.to_document(),
        "leds": leds,
        "trial": with_stimulus.to_document(),
        "blanks": [trial.blank for trial in trials],
        "trials": len(trials),
        "phase": phase,
        "blueslice_version": version("blueslice"),
    }
