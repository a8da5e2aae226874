"""A driver that never returns: the device says so in time, and what is urgent still happens."""

import asyncio
import threading
from unittest.mock import MagicMock

import pytest

from blueslice.devices import (
    LedPair,
    LedPairBackend,
    Perfusion,
    PerfusionBackend,
    RestBackend,
    RestTimer,
    Stimulator,
    StimulatorBackend,
    TrialClock,
    TrialClockBackend,
)
from blueslice.devices._answer import await_answer, see_through
from blueslice.devices._calls import CallThread, begin_call
from blueslice.errors import InstrumentError, StillOnError
from blueslice.trial import Trial, paired_pulses

TRIAL = Trial(frame_count=20, pulses=paired_pulses(onset_s=0.01))
# Long enough for a driver that does answer, on a busy machine.
LIMIT_S, STOP_S = 0.3, 0.25
KINDS = {
    "led_pair": (LedPair, LedPairBackend),
    "stimulator": (Stimulator, StimulatorBackend),
    "clock": (TrialClock, TrialClockBackend),
    "perfusion": (Perfusion, PerfusionBackend),
    "rest": (RestTimer, RestBackend),
}


@pytest.fixture
def hang(monkeypatch):
    """Make a device whose driver does not come back from one call until the test is over."""
    monkeypatch.setattr("blueslice.devices._answer.ANSWER_MARGIN_S", LIMIT_S)
    monkeypatch.setattr("blueslice.devices._answer.STOP_MARGIN_S", STOP_S)
    released = threading.Event()

    def make(kind, call):
        device_class, protocol = KINDS[kind]
        backend = MagicMock(spec=protocol)
        if kind == "perfusion":
            backend.solutions = {"ACSF": {}}
        elif kind == "rest":
            backend.now_s.return_value = 0.0
        elif kind == "led_pair":
            backend.light_s.return_value = (0.0, 0.0)
        getattr(backend, call).side_effect = lambda *_: released.wait(30)
        return device_class(backend, name=kind), backend, released

    yield make
    released.set()


async def kicked_off(clock):
    await clock.prepare(TRIAL)
    await clock.kickoff()


async def played(clock):
    await kicked_off(clock)
    await clock.complete()


# device and call: what is done with it, and what the error says of the device and of the call


async def read_and_check(device):
    await device.read()
    await device.trigger()


ASKED = {
    ("led_pair", "connect"): (lambda d: d.connect(), "to connect", LIMIT_S),
    ("led_pair", "program"): (lambda d: d.prepare(TRIAL), "to be ready for a trial", LIMIT_S),
    ("led_pair", "light_s"): (lambda d: d.read(), "how long it was lit", LIMIT_S),
    ("led_pair", "off"): (lambda d: d.set("dark"), "to go dark", STOP_S),
    ("stimulator", "program"): (lambda d: d.prepare(TRIAL), "to be ready for a trial", LIMIT_S),
    ("stimulator", "disarm"): (lambda d: d.stop(), "to be disarmed", STOP_S),
    ("clock", "load"): (lambda d: d.prepare(TRIAL), "to be ready for a trial", LIMIT_S),
    ("clock", "start"): (kicked_off, "to start a trial", LIMIT_S),
    ("clock", "wait"): (played, "for the end of a trial of 0.04 s", 0.04 + LIMIT_S + STOP_S),
    ("clock", "stop"): (lambda d: d.pause(), "to stop", STOP_S),
    ("perfusion", "select"): (lambda d: d.set("ACSF"), "to let 'ACSF' flow", LIMIT_S),
    ("perfusion", "selected"): (lambda d: d.solution.read(), "what flows", LIMIT_S),
    ("rest", "start"): (lambda d: d.set(1.0), "to begin a rest", LIMIT_S),
    ("rest", "now_s"): (read_and_check, "for the time", LIMIT_S),
}


@pytest.mark.parametrize(("kind", "call"), ASKED)
async def test_a_call_that_never_returns_is_told_in_one_line(hang, kind, call):
    act, asked, waited_s = ASKED[kind, call]
    device, backend, _ = hang(kind, call)
    if (kind, call) == ("clock", "stop"):
        await device.connect()
    elif kind == "clock":
        await device.connect()
        await device.stage()
    with pytest.raises(InstrumentError) as error:
        await asyncio.wait_for(act(device), 10)
    line = str(error.value)
    assert f"{kind} was asked {asked} and has not answered for {waited_s:g} s" in line
    assert "check its power and its cable, then start the protocol again" in line
    assert "\n" not in line
    getattr(backend, call).assert_called()


@pytest.mark.parametrize(
    ("kind", "call"),
    [at for at in ASKED if at[1] not in ("off", "disarm", "now_s", "light_s") and at[0] != "clock"]
    + [("clock", call) for call in ("load", "start", "wait")],
)
async def test_a_driver_s_own_error_is_told_with_the_device_and_what_it_was_asked(hang, kind, call):
    act, asked, _ = ASKED[kind, call]
    device, backend, _ = hang(kind, call)
    getattr(backend, call).side_effect = KeyError("0x80040154\nclass not registered")
    with pytest.raises(InstrumentError) as error:
        await act(device)
    line = str(error.value)
    assert f"{kind} was asked {asked} and failed ('0x80040154" in line
    assert "check its power, its cable and its driver, then start the protocol again" in line
    assert "\n" not in line
    assert isinstance(error.value.__cause__, KeyError)


async def test_a_rest_whose_driver_hangs_gets_its_own_length_more(hang, monkeypatch):
    monkeypatch.setattr("blueslice.devices.timer.WAIT_S", 0.05)
    device, _, _ = hang("rest", "wait")
    with pytest.raises(InstrumentError, match=r"whether the rest is over .* for 0\.35 s"):
        await device.set(1.0)


@pytest.mark.parametrize(
    ("kind", "call", "urgent"),
    [
        ("led_pair", "off", "light of led_pair may still be on: switch off the LED driver's power"),
        ("stimulator", "disarm", "stimulator may still be armed, and give pulses: switch off the"),
        (
            "clock",
            "stop",
            "clock may still run, and gate light and pulses: switch off the power of",
        ),
    ],
)
@pytest.mark.parametrize("fails", ["hangs", "raises"])
async def test_what_may_still_be_on_comes_first_in_the_line(hang, kind, call, urgent, fails):
    device, backend, _ = hang(kind, call)
    if fails == "raises":
        getattr(backend, call).side_effect = OSError("the cable\nwas pulled")
    with pytest.raises(InstrumentError) as error:
        await device.stop()
    assert str(error.value).startswith(urgent)
    assert "by hand (" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("fails", ["hangs", "raises"])
async def test_a_clock_that_neither_ends_a_trial_nor_stops_may_still_run(hang, fails):
    device, backend, _ = hang("clock", "stop")
    if fails == "raises":
        backend.stop.side_effect = OSError("the cable was pulled")
    backend.wait.return_value = False
    await device.prepare(TRIAL)
    await device.kickoff()
    with pytest.raises(StillOnError) as error:
        await device.complete()
    line = str(error.value)
    assert line.startswith("clock may still run, and gate light and pulses: switch off the power")
    assert "(the trial clock has not ended a trial of 0.04 s after" in line
    assert ("the cable was pulled" if fails == "raises" else "has not answered for") in line
    assert "\n" not in line


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
async def test_a_driver_that_exits_ends_no_loop(hang, error):
    device, backend, _ = hang("led_pair", "program")
    backend.program.side_effect = error
    with pytest.raises(InstrumentError, match=r"led_pair was asked .* and failed \((Sys|Key)"):
        await device.prepare(TRIAL)


async def test_leds_whose_programming_hangs_can_still_be_switched_off(hang, caplog):
    device, backend, released = hang("led_pair", "program")
    with pytest.raises(InstrumentError, match="to be ready"):
        await device.prepare(TRIAL)
    await device.set("dark")
    backend.off.assert_called_once()
    assert "led_pair was told to stop and has been busy for 0.25 s" in caplog.text
    # The driver is still in that call: it must not be given another beside it.
    with pytest.raises(InstrumentError, match=r"asked to be ready for a trial and has not"):
        await device.prepare(TRIAL)
    backend.program.assert_called_once()
    released.set()
    await device.prepare(TRIAL)
    await device.set("dark")
    assert backend.off.call_count == 2


async def test_light_that_is_not_told_is_noted_as_planned_and_fails_afterwards(hang):
    device, backend, _ = hang("led_pair", "connect")
    backend.light_s.side_effect = [OSError("no light"), OSError("no light"), (0.01, 0.02)]
    await device.prepare(TRIAL)
    reading = {name: value["value"] for name, value in (await device.read()).items()}
    assert reading == {
        "led_pair-led_1_light_s": pytest.approx(0.018),
        "led_pair-led_2_light_s": pytest.approx(0.018),
        "led_pair-light_measured": False,
    }
    for _ in range(2):
        with pytest.raises(InstrumentError, match=r"planned light is noted \(no light\)"):
            await device.trigger()
    # It is noted, as planned: it must not count again as light of a trial that was cut off.
    await device.light_noted.set(True)
    await device.prepare(TRIAL)
    assert not device.cut_off.has_light
    await device.trigger()
    reading = await device.read()
    assert reading["led_pair-light_measured"]["value"]
    assert reading["led_pair-led_2_light_s"]["value"] == 0.02


async def test_a_late_answer_or_failure_is_for_nobody():
    unhandled = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unhandled.append(what))
    for outcome in (lambda: 3, lambda: 1 / 0):
        released, call = threading.Event(), outcome
        future = begin_call(lambda: released.wait(10) and call())  # noqa: B023
        with pytest.raises(InstrumentError, match="camera was asked to arm"):
            await await_answer(future, "camera", "to arm", 0.01)
        released.set()
        await asyncio.wait([future], timeout=5)
        assert future.done()
        del future
    assert unhandled == []


async def test_a_cancellation_is_never_swallowed():
    released = threading.Event()
    future = begin_call(released.wait, 10)
    task = asyncio.ensure_future(await_answer(future, "camera", "to arm", 5.0))
    await asyncio.sleep(0)
    # Both at once: the answer, and the cancellation that a pause is.
    future.set_result(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    released.set()


async def test_a_stop_that_is_cancelled_is_seen_through():
    go_on, done = asyncio.Event(), []

    async def stop():
        await go_on.wait()
        done.append(True)

    task = asyncio.ensure_future(see_through(stop()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    go_on.set()
    await task
    assert done == [True]


async def test_a_call_thread_keeps_the_order_and_ends():
    before = set(threading.enumerate())
    thread, order = CallThread("test"), []
    (worker,) = set(threading.enumerate()) - before
    assert worker.daemon
    futures = [thread.begin(order.append, k) for k in range(5)]
    thread.end()
    await asyncio.wait(futures)
    assert order == [0, 1, 2, 3, 4]
    await asyncio.to_thread(worker.join, 5)
    assert not worker.is_alive()
