"""Going dark from any thread: every device that refuses is named, and the others are dark."""

import threading
from itertools import combinations

import bluesky.plan_stubs as bps
import pytest

from blueslice._go_dark import go_dark
from blueslice.errors import StillOnError
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial, paired_pulses

STOPS = {"led_pair": "off", "clock": "stop", "stimulator": "disarm"}
URGENT = {
    "led_pair": "light of led_pair may still be on: switch off the LED driver's power by hand",
    "clock": "clock may still run, and gate light and pulses: switch off the power of the trial",
    "stimulator": "stimulator may still be armed, and give pulses: switch off the stimulator's",
}
SUBSETS = [names for count in (1, 2, 3) for names in combinations(STOPS, count)]
# A second of light, at real pace: none of it is over when the test looks.
LONG = Trial(frame_count=500, pulses=paired_pulses(onset_s=0.9))


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory, rows=24, columns=24, pace="real")


@pytest.fixture
def told(rig, monkeypatch):
    """List what the rig's instruments are told to stop."""
    calls = []

    def noted(name, call):
        return lambda: (calls.append(name), call())

    for name, call in STOPS.items():
        backend = getattr(rig, name).backend
        monkeypatch.setattr(backend, call, noted(name, getattr(backend, call)))
    return calls


def light(rig, *, connect=True):
    """Prepare and start a trial, and clean nothing up."""
    yield from bps.open_run()
    if connect:
        yield from bps.wait_for([rig.connect])
    for device in (rig.led_pair, rig.stimulator, rig.clock):
        yield from bps.prepare(device, LONG, wait=True)
    yield from bps.kickoff(rig.clock, wait=True)
    yield from bps.close_run()


def check_dark(rig, but=()):
    bench = rig.bench
    assert (bench._leds == ((), 0.0)) == ("led_pair" not in but)
    assert (bench.programmed_pulses == ()) == ("stimulator" not in but)
    if len(but) < 3:  # each of them ends the trial
        assert bench.lit_now() == 0


def gone():
    raise OSError("the hub is gone")


@pytest.mark.parametrize("connect", [True, False], ids=["connected", "only used"])
@pytest.mark.parametrize("by", ["devices", "drivers"])
def test_whatever_a_plan_has_left_on_is_off(run_engine, rig, connect, by):
    run_engine(light(rig, connect=connect))
    assert rig.bench._leds != ((), 0.0)
    assert go_dark(rig, run_engine.loop if by == "devices" else None) == []
    check_dark(rig)


@pytest.mark.parametrize("refusing", SUBSETS, ids="-".join)
@pytest.mark.parametrize("by", ["devices", "drivers"])
def test_each_that_refuses_is_named_light_first(run_engine, rig, monkeypatch, refusing, by):
    run_engine(light(rig))
    for name in refusing:
        monkeypatch.setattr(getattr(rig, name).backend, STOPS[name], gone)
    met = go_dark(rig, run_engine.loop if by == "devices" else None)
    assert [error.device for error in met] == list(refusing)
    for error, name in zip(met, refusing, strict=True):
        assert isinstance(error, StillOnError)
        assert str(error).startswith(URGENT[name])
        assert str(error).endswith("by hand (the hub is gone)")
    check_dark(rig, but=refusing)


@pytest.mark.parametrize("hanging", [("led_pair",), ("clock",), tuple(STOPS)], ids="-".join)
@pytest.mark.parametrize("by", ["devices", "drivers"])
def test_one_that_hangs_is_waited_for_so_long_and_the_others_are_off(
    run_engine, rig, monkeypatch, hanging, by
):
    run_engine(light(rig))
    released = threading.Event()
    for name in hanging:
        monkeypatch.setattr(getattr(rig, name).backend, STOPS[name], lambda: released.wait(30))
    try:
        met = go_dark(rig, run_engine.loop if by == "devices" else None, limit_s=0.2)
        assert [error.device for error in met] == list(hanging)
        assert all("it has not answered for 0.2 s" in str(error) for error in met)
        check_dark(rig, but=hanging)
    finally:
        released.set()


def test_a_loop_that_is_blocked_is_not_waited_for(run_engine, rig):
    run_engine(light(rig))
    blocked, released = threading.Event(), threading.Event()
    run_engine.loop.call_soon_threadsafe(lambda: (blocked.set(), released.wait(30)))
    try:
        assert blocked.wait(10)
        assert go_dark(rig, run_engine.loop) == []
        check_dark(rig)
    finally:
        released.set()


def test_a_driver_that_exits_is_named(run_engine, rig, monkeypatch):
    run_engine(light(rig))

    def exits():
        raise SystemExit(3)

    monkeypatch.setattr(rig.led_pair.backend, "off", exits)
    for loop in (run_engine.loop, None):
        (error,) = go_dark(rig, loop)
        assert "may still be on" in str(error)
        assert "3" in str(error)


@pytest.mark.parametrize("by", ["devices", "drivers"])
def test_a_rig_that_was_never_connected_or_used_is_not_asked(run_engine, rig, told, by):
    assert go_dark(rig, run_engine.loop if by == "devices" else None) == []
    assert told == []


@pytest.mark.parametrize("by", ["devices", "drivers"])
def test_a_rig_in_mock_mode_is_not_asked(run_engine, rig, told, by):
    def connect():
        yield from bps.wait_for([lambda: rig.connect(mock=True)])

    run_engine(connect())
    assert go_dark(rig, run_engine.loop if by == "devices" else None) == []
    assert told == []


def test_nothing_is_done_to_amplifier_camera_and_valves(run_engine, rig, monkeypatch):
    """Holding is no stimulus: going dark leaves it as it is."""
    run_engine(light(rig))
    calls = []

    class Told:
        def __init__(self, name):
            self.name = name

        def __getattr__(self, call):
            calls.append(f"{self.name}.{call}")
            return lambda *_: None

    for name in ("amplifier", "camera", "perfusion", "rest"):
        monkeypatch.setattr(getattr(rig, name), "backend", Told(name))
    for loop in (run_engine.loop, None):
        go_dark(rig, loop)
    assert calls == []
