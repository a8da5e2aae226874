"""A run around trials: dark before and on every way out, and its stop document says which."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import FailedPause, MsgGenerator, RequestStop, RunEngineControlException
from ophyd_async.core import Device

from blueslice._exact_metadata import refuse_inexact_metadata
from blueslice._failures import FAILED_PAUSE, keep_failures
from blueslice.devices import is_mock
from blueslice.plans._asked_reason import asked_reason
from blueslice.plans._connected import connected
from blueslice.plans._trial_run import TrialRun

__all__ = ["run_trials"]


def run_trials(
    run: TrialRun,
    metadata: Mapping[str, Any],
    body: Callable[[], MsgGenerator[Any]],
    *,
    devices: Sequence[Device] = (),
) -> MsgGenerator[str]:
    """Open a run around a plan that takes trials; dark before and on every way out.

    Parameters
    ----------
    run : TrialRun
        Which takes them.
    metadata : mapping
        The start document's.
    body : callable
        Returns the plan.
    devices : sequence of Device
        Further ones that have to be connected.

    Returns
    -------
    str
        The run's uid.
    """
    rig, failures = run.rig, run.failures
    # Under any RunEngine, and before the first message.
    refuse_inexact_metadata(metadata)

    @bpp.finalize_decorator(run.make_dark)
    def guarded() -> MsgGenerator[str]:
        yield from run.make_dark()
        return (yield from failures.watch(staged()))

    @bpp.stage_decorator([rig.clock, *run.detectors])
    def staged() -> MsgGenerator[str]:
        if "cell" in metadata:
            yield from bps.abs_set(rig.led_pair.cell_light, metadata["cell"], wait=True)
        # Whether the light is in the rig's ledger; where not, the documents are what tells it.
        kept = {"light_kept": rig.led_pair.cell_light.ledger.is_kept} if "leds" in metadata else {}
        # What is recorded in mock mode is nothing that happened.
        mock = {"mock": True} if any(map(is_mock, rig.devices)) else {}
        uid = yield from bps.open_run({**metadata, **kept, **mock})
        yield from bpp.contingency_wrapper(
            failures.watch(opened(uid or "")),
            except_plan=closed_early,
            else_plan=bps.close_run,
        )
        return uid

    def opened(uid: str) -> MsgGenerator[None]:
        def out_of_run() -> MsgGenerator[None]:
            yield from bps.abs_set(run_of_light, "", wait=True)

        # For the ledger: in which run light is given.
        run_of_light = rig.led_pair.cell_light.run
        yield from bps.abs_set(run_of_light, uid, wait=True)
        yield from bpp.finalize_wrapper(in_run(), out_of_run)

    def in_run() -> MsgGenerator[None]:
        if rig.extra:
            yield from bps.create("baseline")
            for device in rig.extra.values():
                yield from bps.read(device)
            yield from bps.save()
        trials = failures.watch(body())
        yield from bpp.contingency_wrapper(trials, except_plan=run.end_cut_off)

    def closed_early(error: Exception) -> MsgGenerator[None]:
        reason = yield from asked_reason(failures)
        if isinstance(error, RequestStop):
            # To bluesky that is a success; whoever reads the run has to know that it is no whole.
            status = error.exit_status
            reason = f"stopped after {run.done} of {metadata['trials']} trials"
        elif isinstance(error, RunEngineControlException):
            status = getattr(error, "exit_status", "abort")
        elif isinstance(error, FailedPause):
            status, reason = "abort", FAILED_PAUSE
        else:
            status = "fail"
            reason = "; ".join(filter(None, (failures.text(), reason)))
        yield from bps.close_run(exit_status=status, reason=reason)

    asynchronous = [
        device
        for device in (*rig.devices, *rig.extra.values(), *devices)
        if isinstance(device, Device)
    ]
    yield from connected(*asynchronous)
    try:
        return (yield from failures.watch(guarded()))
    except Exception as error:
        if not isinstance(error, RunEngineControlException):
            keep_failures(error, failures.in_order())
        raise
