"""Which failures of a plan are told: what may still be on, light first, then what came first."""

from itertools import combinations

import pytest
from bluesky.utils import FailedStatus, RequestAbort

from blueslice._failures import (
    PlanFailures,
    failures,
    failures_text,
    keep_failures,
    still_on_error,
)
from blueslice.devices._still_on import still_on
from blueslice.errors import InstrumentError, StillOnError, StorageError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig

STOPS = {"led_pair": "off", "clock": "stop", "stimulator": "disarm"}
URGENT = {
    "led_pair": "light of led_pair may still be on: switch off the LED driver's power by hand",
    "clock": "clock may still run, and gate light and pulses: switch off the power of the trial",
    "stimulator": "stimulator may still be armed, and give pulses: switch off the stimulator's",
}
SUBSETS = [names for count in (1, 2, 3) for names in combinations(STOPS, count)]

LOST = StorageError("trial 3 is lost")
CLOSED = StorageError("the file could not be closed")
PULLED = InstrumentError("the cable was pulled")
LIT = still_on(StillOnError.LIGHT, "led_pair", "no answer")
RUNS = still_on(StillOnError.CLOCK, "clock", "no answer")
ARMED = still_on(StillOnError.PULSES, "stimulator", "no answer")


def status_of(cause, device="some device"):
    status = FailedStatus(f"<AsyncStatus, device: {device}, task: x>")
    status.__cause__ = cause
    return status


def plan_failures(*causes):
    met = PlanFailures()
    for cause in causes:
        met.add(status_of(cause))
    return met


@pytest.mark.parametrize(
    ("met", "told"),
    [
        ([LOST], [LOST]),
        ([LOST, CLOSED], [LOST]),
        ([PULLED, LIT], [LIT, PULLED]),
        ([PULLED, LIT, CLOSED], [LIT, PULLED]),
        ([LIT, CLOSED], [LIT]),
        ([PULLED, RUNS, LIT, ARMED], [LIT, RUNS, ARMED, PULLED]),
        ([ARMED, RUNS, LIT], [LIT, RUNS, ARMED]),
        ([PULLED, RUNS, LIT, RUNS, LIT], [LIT, RUNS, PULLED]),
    ],
)
def test_what_may_still_be_on_is_told_first_and_then_what_came_first(met, told):
    error = status_of(CLOSED)
    keep_failures(error, plan_failures(*met).in_order())
    assert failures(error) == told


def test_a_device_that_refuses_twice_for_other_reasons_is_told_once():
    again = still_on(StillOnError.LIGHT, "led_pair", "no answer for 5 s")
    assert [error.__cause__ for error in plan_failures(LIT, again).in_order()] == [LIT]


def test_a_device_that_is_off_at_last_is_not_told_first():
    met = plan_failures(PULLED, LIT, RUNS)
    met.note_off("led_pair")
    assert [error.__cause__ for error in met.in_order()] == [RUNS, PULLED]
    # What came first is told even so.
    met = plan_failures(LIT)
    met.note_off("led_pair")
    assert [error.__cause__ for error in met.in_order()] == [LIT]
    met.add(status_of(still_on(StillOnError.LIGHT, "led_pair", "again")))
    assert [error.__cause__ for error in met.in_order()] == [LIT]


def test_a_request_to_abort_is_no_failure():
    met = PlanFailures()
    met.add(RequestAbort())
    assert met.in_order() == []


def test_an_error_that_is_no_status_is_itself():
    assert failures(PULLED) == [PULLED]
    unknown = FailedStatus("nobody knows why")
    assert failures(unknown) == [unknown]


def test_what_was_handled_before_is_no_part_of_it():
    earlier, now = status_of(LIT), status_of(LOST)
    try:
        raise earlier
    except FailedStatus:
        with pytest.raises(FailedStatus) as failed:
            raise now  # noqa: B904 (that is what is tried)
    assert failed.value.__context__ is earlier
    assert failures(failed.value) == [LOST]


def test_several_failures_are_a_note_of_the_error_for_a_bare_traceback():
    error = status_of(PULLED)
    keep_failures(error, [LIT, PULLED])
    assert error.__notes__ == [f"{LIT}; the cable was pulled"]


class TestOneErrorOfAllThatIsOn:
    def test_with_what_was_raised_before(self):
        error = still_on_error([LIT, ARMED], PULLED)
        assert isinstance(error, StillOnError)
        assert str(error) == f"{LIT}; {ARMED}; the cable was pulled"
        assert failures(error) == [LIT, ARMED, PULLED]
        assert error.__cause__ is PULLED

    def test_light_that_is_met_last_is_told_first(self):
        error = still_on_error([LIT], still_on_error([ARMED], LOST))
        assert failures(error) == [LIT, ARMED, LOST]

    def test_an_error_that_names_them_already_stays(self):
        before = still_on_error([LIT, ARMED], PULLED)
        again = still_on(StillOnError.LIGHT, "led_pair", "no answer for 5 s")
        assert still_on_error([again], before) is before


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory, rows=24, columns=24)


@pytest.mark.parametrize("refusing", SUBSETS, ids="-".join)
def test_every_device_that_refuses_to_stop_is_told_light_first(
    run_engine, rig, monkeypatch, refusing
):
    """A hub is gone in the middle of a run: what hangs on it does not stop."""

    def gone():
        raise OSError("the hub is gone")

    def pull(name, doc):
        if name == "event" and "trial-number" in doc["data"]:
            for device in refusing:
                monkeypatch.setattr(getattr(rig, device).backend, STOPS[device], gone)
            raise InstrumentError("the hub is gone")

    documents = []
    run_engine.subscribe(lambda name, doc: documents.append((name, doc)))
    run_engine.subscribe(pull)
    with pytest.raises(FailedStatus) as failed:
        run_engine(two_pulse(rig, trials=2))
    told = [str(cause) for cause in failures(failed.value)]
    for text, name in zip(told, refusing, strict=False):
        assert text.startswith(URGENT[name])
        assert "by hand (the hub is gone)" in text
    assert told[len(refusing) :] == ["the hub is gone"]
    assert isinstance(failures(failed.value)[0], StillOnError)
    (stop,) = [doc for name, doc in documents if name == "stop"]
    assert stop["exit_status"] == "fail"
    assert stop["reason"] == failures_text(failed.value)


def test_a_file_that_fails_while_the_plan_ends_hides_nothing(run_engine, rig, monkeypatch):
    def pulled(timeout_s):
        raise InstrumentError("the cable was pulled")

    recorder = rig.amplifier._recorder
    close = recorder.close

    async def close_and_fail():
        is_open = recorder._file is not None
        await close()
        if is_open:
            raise CLOSED

    def still_on():
        raise OSError("no answer")

    monkeypatch.setattr(rig.camera.backend, "read_frames", pulled)
    monkeypatch.setattr(recorder, "close", close_and_fail)
    with pytest.raises(FailedStatus) as failed:
        run_engine(two_pulse(rig, trials=1))
    assert failed.value.__cause__ is CLOSED
    assert [str(cause) for cause in failures(failed.value)] == ["the cable was pulled"]
    monkeypatch.setattr(rig.led_pair.backend, "off", still_on)
    with pytest.raises(FailedStatus) as failed:
        run_engine(two_pulse(rig, trials=1))
    assert "may still be on" in str(failures(failed.value)[0])
