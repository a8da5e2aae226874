"""Going dark in a plan: all devices at once, each whatever becomes of the others."""

import asyncio
import threading

import bluesky.plan_stubs as bps
import pytest
from bluesky.utils import FailedStatus, RunEngineInterrupted
from ophyd_async.core import AsyncStatus, Device

from blueslice._failures import PlanFailures, failures
from blueslice.errors import InstrumentError
from blueslice.plans import two_pulse
from blueslice.plans._make_dark import make_dark

STOPS = {"clock": "stop", "led_pair": "off", "stimulator": "disarm"}


class Instruments:
    """The instruments of a rig, with what they are told, and what happens then."""

    def __init__(self, rig, monkeypatch):
        self.rig, self.told = rig, []
        self.does = {}
        for name, call in STOPS.items():
            monkeypatch.setattr(getattr(rig, name).backend, call, self._call(name))

    def _call(self, name):
        def call():
            self.told.append(name)
            self.does.get(name, lambda: None)()

        return call

    def dark(self, met):
        rig = self.rig
        devices = (rig.clock, "stopped"), (rig.led_pair, "dark"), (rig.stimulator, "disarmed")
        return make_dark(devices, met)


class Late(Device):
    """A device whose answer, a failure, comes when others are told to go dark."""

    def __init__(self):
        self.may_fail = asyncio.Event()
        super().__init__(name="late")

    @AsyncStatus.wrap
    async def set(self, value):
        await self.may_fail.wait()
        raise InstrumentError("late has failed")


@pytest.fixture
def instruments(small_rig, monkeypatch):
    return Instruments(small_rig, monkeypatch)


def test_a_clock_that_hangs_keeps_no_light_on(run_engine, instruments):
    dark = threading.Event()
    waited = []
    instruments.does["led_pair"] = dark.set
    instruments.does["clock"] = lambda: waited.append(dark.wait(10))
    run_engine(instruments.dark(PlanFailures()))
    # The RunEngine itself stops all once more in the end.
    assert waited == [True, True]
    assert sorted(instruments.told[:3]) == sorted(STOPS)


@pytest.mark.parametrize("also_refuses", [False, True])
def test_a_failure_that_comes_meanwhile_ends_nothing(run_engine, instruments, also_refuses):
    late, met = Late(), PlanFailures()

    def answer():
        threading.Event().wait(0.1)  # as an instrument that takes its time
        if also_refuses:
            raise OSError("no answer")

    for name in STOPS:
        instruments.does[name] = answer

    def plan():
        yield from bps.abs_set(late, 1)
        late.may_fail.set()
        yield from instruments.dark(met)

    with pytest.raises(FailedStatus) as failed:
        run_engine(plan())
    assert set(instruments.told) == set(STOPS)
    told = [str(error.__cause__) for error in met.in_order()]
    assert told[-1] == "late has failed"
    assert len(told) == (4 if also_refuses else 1)
    assert ("light of led_pair may still be on" in str(failed.value.__cause__)) == also_refuses


@pytest.mark.parametrize("refuses", [False, True])
def test_an_abort_meanwhile_waits_until_all_have_answered(run_engine, small_rig, refuses):
    """The run is aborted while the clock is stopped in the middle of a plan's cleaning up."""
    rig, answered, documents = small_rig, [], []
    stop = rig.clock.backend.stop

    def pull(name, doc):
        if "trial-number" in doc.get("data", {}):
            rig.clock.backend.stop = abort_and_stop
            if refuses:
                rig.led_pair.backend.off = gone
            raise InstrumentError("the cable was pulled")

    def gone():
        raise OSError("the hub is gone")

    def abort_and_stop():
        rig.clock.backend.stop = stop
        run_engine.abort("enough")
        threading.Event().wait(0.1)  # as an instrument that takes its time
        stop()
        answered.append(str(run_engine.state))

    run_engine.subscribe(lambda name, doc: documents.append((name, doc)))
    run_engine.subscribe(pull, "event")
    with pytest.raises(FailedStatus if refuses else RunEngineInterrupted) as ended:
        run_engine(two_pulse(rig, trials=2))
    assert answered == ["aborting"]
    (reason,) = [doc["reason"] for name, doc in documents if name == "stop"]
    if refuses:
        assert [str(cause) for cause in failures(ended.value)][1:] == ["the cable was pulled"]
        assert reason.startswith("light of led_pair may still be on")
        assert reason.endswith("the cable was pulled; enough")
    else:
        assert reason == "enough"
