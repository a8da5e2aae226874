"""Closing a session: dark first, the run ended with its reason, one error of all that failed."""

import threading
import time
from itertools import combinations

import bluesky.plan_stubs as bps
import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice._failures import failures
from blueslice._run_control import RunControl
from blueslice.callbacks import Journal, find_journals, read_journal
from blueslice.errors import InstrumentError, StillOnError, StorageError
from blueslice.plans import blank, replay
from blueslice.rig import make_replay_rig, make_sim_rig
from blueslice.session import Session
from blueslice.trial import Trial, paired_pulses

STOPS = {"led_pair": "off", "clock": "stop", "stimulator": "disarm"}
SUBSETS = [names for count in (1, 2, 3) for names in combinations(STOPS, count)]
URGENT = {
    "led_pair": "light of led_pair may still be on: switch off the LED driver's power by hand",
    "clock": "clock may still run, and gate light and pulses: switch off the power of the trial",
    "stimulator": "stimulator may still be armed, and give pulses: switch off the stimulator's",
}
LONG = Trial(frame_count=500, pulses=paired_pulses(onset_s=0.9))
# Far below the ten seconds that closing waited for a run that nobody ended.
SOON_S = 5.0


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory, rows=24, columns=24)


@pytest.fixture
def session(rig, directory):
    session = Session(rig, directory, catalogue=False)
    yield session
    session.close()


@pytest.fixture
def refuse(rig, monkeypatch):
    def gone():
        raise OSError("the hub is gone")

    def let_refuse(*names):
        for name in names:
            monkeypatch.setattr(getattr(rig, name).backend, STOPS[name], gone)

    yield let_refuse
    monkeypatch.undo()


def stops(directory):
    """Return how each run ended, and why."""
    runs = [list(read_journal(path)) for path in find_journals(directory.journal)]
    ends = [run[-1] for run in runs if "raw_run" not in run[0][1]]
    return [(doc.get("exit_status", name), doc.get("reason")) for name, doc in ends]


def lit_by_hand(rig, *last):
    """Prepare and start a trial; clean nothing up."""
    yield from bps.open_run()
    for device in (rig.led_pair, rig.stimulator, rig.clock):
        yield from bps.prepare(device, LONG, wait=True)
    yield from bps.checkpoint()
    yield from bps.pause()


def paused(session, rig):
    """Let a run be paused after its first trial."""

    def pause(name, doc):
        if doc["data"].get("trial-number") == 1:
            threading.Thread(target=session.RE.request_pause, args=(False,)).start()

    token = session.RE.subscribe(pause, "event")
    with pytest.raises(RunEngineInterrupted):
        session.RE(blank(rig, trials=9, rest_s=600.0))
    session.RE.unsubscribe(token)
    assert session.RE.state == "paused"


@pytest.mark.parametrize("refusing", SUBSETS, ids="-".join)
def test_every_device_that_refuses_is_named_light_first_and_all_is_closed(
    session, rig, directory, refuse, refusing
):
    session.RE(blank(rig))
    refuse(*refusing)
    with pytest.raises(StillOnError) as failed:
        session.close()
    assert [error.device for error in failures(failed.value)] == list(refusing)
    assert str(failed.value).startswith(URGENT[refusing[0]])
    assert all(URGENT[name] in str(failed.value) for name in refusing)
    assert "\n" not in str(failed.value)
    assert session.RE.loop.is_closed()
    assert session.closed.is_set()
    Session(rig, directory, catalogue=False).closed.is_set()


@pytest.mark.parametrize("mock", [False, True], ids=["never connected", "in mock mode"])
def test_a_rig_that_was_not_used_is_not_asked(session, rig, refuse, mock):
    if mock:

        def connect():
            yield from bps.wait_for([lambda: rig.connect(mock=True)])

        session.RE(connect())
    refuse(*STOPS)
    session.close()


def test_a_rig_that_replays_goes_dark_too(directory, recordings, monkeypatch):
    rig = make_replay_rig(sorted(recordings.rglob("*.da"))[:1], data_directory=directory)
    told = []
    with Session(rig, directory, catalogue=False) as session:
        session.RE(replay(rig))
        for name, call in STOPS.items():
            monkeypatch.setattr(
                getattr(rig, name).backend, call, lambda name=name: told.append(name)
            )
    assert sorted(told) == sorted(STOPS)


class TestAPausedRun:
    def test_is_aborted_soon_and_says_why(self, session, rig, directory):
        paused(session, rig)
        began_s = time.monotonic()
        session.close()
        assert time.monotonic() - began_s < SOON_S
        assert stops(directory) == [("abort", "the session was closed while paused")]
        assert rig.bench._leds == ((), 0.0)

    def test_that_cannot_go_dark_is_closed_and_told(self, session, rig, directory, refuse):
        paused(session, rig)
        refuse("led_pair", "clock")
        with pytest.raises(StillOnError) as failed:
            session.close()
        on = [error for error in failures(failed.value) if isinstance(error, StillOnError)]
        assert [error.urgency for error in on] == [StillOnError.LIGHT, StillOnError.CLOCK]
        ((status, reason),) = stops(directory)
        assert status == "fail"
        assert reason.startswith(URGENT["led_pair"])
        assert reason.endswith("; the session was closed while paused")

    def test_of_a_plan_that_cleans_up_nothing_is_dark(self, session, rig, directory):
        with pytest.raises(RunEngineInterrupted):
            session.RE(lit_by_hand(rig))
        session.close()
        assert stops(directory) == [("abort", "the session was closed while paused")]
        assert rig.bench._leds == ((), 0.0)
        assert rig.bench.programmed_pulses == ()

    def test_has_its_stop_document_though_the_run_engine_is_dead(self, session, rig, directory):
        paused(session, rig)
        loop = session.RE.loop
        loop.call_soon_threadsafe(loop.stop)
        session.RE._th.join(10)
        began_s = time.monotonic()
        with pytest.raises(InstrumentError, match="the run does not end although it was aborted"):
            session.close()
        assert time.monotonic() - began_s < SOON_S + 5.0
        assert stops(directory) == [("abort", "the session was closed while paused")]
        assert rig.bench._leds == ((), 0.0)

    def test_from_the_live_page_is_aborted_soon_too(self, session, rig, directory):
        control, outcomes = RunControl(session.RE), []

        def hold_and_close():
            control.pause()
            while control.state != "paused":
                time.sleep(0.005)
            began_s = time.monotonic()
            session.close()
            outcomes.append(time.monotonic() - began_s)

        thread = threading.Thread(target=hold_and_close)

        def act(name, doc):
            if doc["data"].get("trial-number") == 1:
                thread.start()

        session.RE.subscribe(act, "event")
        with pytest.raises(RunEngineInterrupted):
            session.RE(blank(rig, trials=9, rest_s=1.0))
        thread.join(30)
        assert outcomes[0] < SOON_S
        assert stops(directory) == [("abort", "the session was closed while it ran")]


def test_a_run_that_goes_on_in_another_thread_is_aborted(rig, directory):
    session = Session(rig, directory, catalogue=False)
    resting, ended = threading.Event(), []
    session.RE.context_managers = []  # of which one needs the main thread
    session.RE.subscribe(lambda *_: resting.set(), "event")

    def run():
        try:
            session.RE(bps_rest(session.rig))
        except RunEngineInterrupted as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert resting.wait(30)
    session.close()
    thread.join(10)
    assert len(ended) == 1
    assert stops(directory) == [("abort", "the session was closed while it ran")]


def bps_rest(rig):
    yield from bps.open_run()
    yield from bps.create("x")
    yield from bps.read(rig.rest)
    yield from bps.save()
    yield from bps.sleep(600)


class TestTheError:
    @pytest.fixture
    def broken(self, rig, directory, monkeypatch):
        """Return what makes a session whose journal cannot be closed."""

        def fail(journal):
            raise StorageError("the disk is gone")

        monkeypatch.setattr(Journal, "close", fail)
        return lambda: Session(rig, directory, catalogue=False)

    def test_names_all_that_failed_and_what_is_on_first(self, broken, rig, refuse):
        session = broken()
        session.RE(blank(rig))
        refuse("stimulator")
        with pytest.raises(StillOnError) as failed:
            session.close()
        assert str(failed.value).startswith(URGENT["stimulator"])
        assert str(failed.value).endswith("; the disk is gone")

    def test_of_what_may_be_on_takes_the_place_of_what_was_raised_before(
        self, session, rig, refuse
    ):
        session.RE(blank(rig))
        refuse("led_pair")
        pulled = InstrumentError("the cable was pulled")
        with pytest.raises(StillOnError) as failed:
            session.__exit__(InstrumentError, pulled, None)
        assert str(failed.value).startswith(URGENT["led_pair"])
        assert str(failed.value).endswith("; the cable was pulled")
        assert failed.value.__cause__ is pulled

    def test_that_names_it_already_stays(self, session, rig, refuse):
        session.RE(blank(rig))
        refuse("led_pair")
        told = StillOnError(f"{URGENT['led_pair']} (no answer); 2 of 3 trials are kept")
        session.__exit__(StillOnError, told, None)
        assert told.__notes__[0].startswith("closing the session failed too: light of led_pair")

    def test_of_anything_else_is_a_note(self, broken):
        pulled = InstrumentError("the cable was pulled")
        broken().__exit__(InstrumentError, pulled, None)
        assert pulled.__notes__ == ["closing the session failed too: the disk is gone"]

    def test_of_a_light_does_not_take_the_place_of_an_exit(self, session, rig, refuse, caplog):
        session.RE(blank(rig))
        refuse("led_pair")
        session.__exit__(SystemExit, SystemExit(3), None)
        assert URGENT["led_pair"] in caplog.text
