"""Each call of a session's RunEngine: however it ends, the rig is dark, and why is recorded."""

import threading

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice._failures import failures
from blueslice._run_control import RunControl
from blueslice.callbacks import find_journals, read_journal
from blueslice.errors import StillOnError
from blueslice.plans import blank, two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.trial import Trial, paired_pulses

STOPS = {"led_pair": "off", "clock": "stop", "stimulator": "disarm"}
# A second of light, at real pace.
LONG = Trial(frame_count=500, pulses=paired_pulses(onset_s=0.9))


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory, rows=24, columns=24, pace="real")


@pytest.fixture
def session(rig, directory):
    with Session(rig, directory, catalogue=False) as session:
        yield session


def stops(directory):
    """Return how each run ended, and why."""
    runs = [list(read_journal(path)) for path in find_journals(directory.journal)]
    ends = [run[-1] for run in runs if "raw_run" not in run[0][1]]
    return [(doc.get("exit_status", name), doc.get("reason")) for name, doc in ends]


def elsewhere(act, *arguments):
    threading.Thread(target=act, args=arguments, daemon=True).start()


def lit_by_hand(rig, then):
    """Prepare and start a trial; clean nothing up."""
    yield from bps.open_run()
    for device in (rig.led_pair, rig.stimulator, rig.clock):
        yield from bps.prepare(device, LONG, wait=True)
    yield from bps.kickoff(rig.clock, wait=True)
    yield from bps.checkpoint()
    assert rig.bench._leds != ((), 0.0)
    yield from then()


def fail(session):
    raise ValueError("no plan is without faults")


def pause(session):
    yield from bps.pause()


def ended_by(method, *arguments):
    def then(session):
        elsewhere(getattr(session.RE, method), *arguments)
        yield from bps.sleep(30)

    return then


WAYS = {
    "fail": (fail, ValueError, ("fail", "no plan is without faults")),
    "pause": (pause, RunEngineInterrupted, None),
    "stop": (ended_by("stop"), RunEngineInterrupted, ("success", "")),
    "abort": (ended_by("abort", "my reason"), RunEngineInterrupted, ("abort", "my reason")),
    "halt": (
        ended_by("halt"),
        RunEngineInterrupted,
        ("abort", "halted, without the plan's cleaning up"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("refusing", [(), ("stimulator",), tuple(STOPS)], ids=str)
def test_a_plan_that_cleans_up_nothing_is_dark_or_tells_all_that_is_not(
    session, rig, directory, monkeypatch, way, refusing
):
    then, raised, end = WAYS[way]

    def gone():
        raise OSError("the hub is gone")

    def refuse_and_end():
        for name in refusing:
            monkeypatch.setattr(getattr(rig, name).backend, STOPS[name], gone)
        yield from then(session)

    with pytest.raises(StillOnError if refusing else raised) as ended:
        session.RE(lit_by_hand(rig, refuse_and_end))
    if refusing:
        on = [e.device for e in failures(ended.value) if isinstance(e, StillOnError)]
        assert [name or "led_pair" for name in on] == list(refusing)
        for name in refusing:
            assert name in str(ended.value)
    else:
        assert rig.bench.lit_now() == 0
        assert rig.bench._leds == ((), 0.0)
        assert rig.bench.programmed_pulses == ()
    monkeypatch.undo()
    if end is not None:
        assert stops(directory) == [end]


def test_a_run_in_another_thread_is_guarded_too(session, rig):
    """There the RunEngine's own context managers have to be taken away."""
    session.RE.context_managers = []
    met = []

    def run():
        try:
            session.RE(lit_by_hand(rig, lambda: fail(session)))
        except ValueError as error:
            met.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert len(met) == 1
    assert rig.bench._leds == ((), 0.0)


def test_what_is_left_ready_by_a_plan_that_ends_well_stays_ready(session, rig):
    """A plan may be given in two parts; closing the session goes dark."""

    def first():
        yield from bps.prepare(rig.led_pair, LONG, wait=True)

    session.RE(first())
    assert rig.bench._leds != ((), 0.0)
    session.close()
    assert rig.bench._leds == ((), 0.0)


class TestTheReason:
    def at_second_trial(self, session, act):
        def hear(name, doc):
            if doc["data"].get("trial-number") == 2:
                elsewhere(act)

        self.hear = hear
        session.RE.subscribe(hear, "event")

    def test_of_an_abort_is_recorded(self, session, rig, directory):
        self.at_second_trial(session, lambda: session.RE.abort("the seal is lost"))
        with pytest.raises(RunEngineInterrupted):
            session.RE(blank(rig, trials=9))
        assert stops(directory) == [("abort", "the seal is lost")]

    def test_of_an_abort_of_bluesky_s_own_plan_is_recorded(self, session, rig, directory):
        session.RE.subscribe(lambda *_: elsewhere(session.RE.abort, "enough"), "descriptor")
        with pytest.raises(RunEngineInterrupted):
            session.RE(bp.count([rig.rest], num=100, delay=0.1))
        assert stops(directory) == [("abort", "enough")]

    def test_of_an_abort_from_the_live_page_is_recorded(self, session, rig, directory):
        control = RunControl(session.RE)
        self.at_second_trial(session, control.abort)
        with pytest.raises(RunEngineInterrupted):
            session.RE(blank(rig, trials=9))
        assert stops(directory) == [("abort", "aborted from the live page")]

    def test_of_a_pause_where_nothing_can_be_repeated_is_recorded(self, session, rig, directory):
        def pause_at_kickoff(message):
            def stuck():
                yield from bps.clear_checkpoint()
                yield from bps.pause()
                yield message

            return (stuck(), None) if message.command == "kickoff" else (None, None)

        with pytest.raises(RunEngineInterrupted):
            session.RE(bpp.plan_mutator(blank(rig, trials=2), pause_at_kickoff))
        ((status, reason),) = stops(directory)
        assert status == "abort"
        assert reason == "a pause was requested where the plan cannot be resumed"

    def test_is_empty_where_none_was_given(self, session, rig, directory):
        session.RE(blank(rig))
        assert stops(directory) == [("success", "")]


EXITS = [SystemExit(3), KeyboardInterrupt()]


@pytest.mark.parametrize("exit_", EXITS, ids=repr)
@pytest.mark.parametrize("kind", ["start", "descriptor", "event", "stop"])
def test_an_exit_in_a_callback_ends_the_run_and_reaches_the_caller(
    session, rig, directory, exit_, kind
):
    def leave(name, doc):
        raise exit_

    token = session.RE.subscribe(leave, kind)
    with pytest.raises(type(exit_)) as left:
        session.RE(two_pulse(rig, trials=2))
    assert left.value is exit_
    assert session.RE.state == "idle"
    assert rig.bench._leds == ((), 0.0)
    assert rig.bench.programmed_pulses == ()
    ended = ("success", "") if kind == "stop" else ("abort", f"ended by {exit_!r} in a callback")
    assert stops(directory) == [ended]
    # It can be used again.
    session.RE.unsubscribe(token)
    session.RE(blank(rig))
    assert len(stops(directory)) == 2


@pytest.mark.parametrize("exit_", EXITS, ids=repr)
def test_an_exit_in_a_plan_does_the_same(session, rig, directory, exit_):
    def leave():
        raise exit_

    with pytest.raises(type(exit_)) as left:
        session.RE(lit_by_hand(rig, leave))
    assert left.value is exit_
    assert rig.bench._leds == ((), 0.0)
    assert stops(directory) == [("abort", f"ended by {exit_!r} in the plan")]
    session.RE(blank(rig))


def test_an_ordinary_error_in_a_callback_fails_the_run_as_ever(session, rig, directory):
    def fails(name, doc):
        raise ValueError("no plot")

    session.RE.subscribe(fails, "event")
    with pytest.raises(ValueError, match="no plot"):
        session.RE(blank(rig))
    assert stops(directory) == [("fail", "no plot")]
