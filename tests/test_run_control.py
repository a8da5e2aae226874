"""Pause, resume, stop and abort from another thread than the one that the run blocks."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice._run_control import RunControl
from blueslice.devices.taps import TrialBegin
from blueslice.errors import BadInputError
from blueslice.plans import blank
from blueslice.rig import make_sim_rig

TRIALS = 3


class Conducted:
    """A run of blanks with something done at each of its trials, in another thread."""

    def __init__(self, engine, rig):
        self.engine, self.rig = engine, rig
        self.control = RunControl(engine)
        rig.camera.tap.subscribe(self.control.take_event)
        self.documents, self.outcomes = [], []
        self.state_changed = threading.Event()

    def run(self, at_trial, action, place="end"):
        """Call `action` in another thread when a trial begins or is kept."""
        pool = ThreadPoolExecutor(1)
        futures = []

        def act():
            futures.append(pool.submit(action))

        def hear(name, doc):
            self.documents.append((name, doc))
            number = doc["data"].get("trial-number") if name == "event" else None
            if place == "end" and number == at_trial:
                act()

        def tapped(event):
            begins = place == "begin" and isinstance(event, TrialBegin)
            if begins and event.trial + 1 == at_trial and not futures:
                act()

        self.rig.camera.tap.subscribe(tapped)
        token = self.engine.subscribe(hear)
        try:
            with contextlib.suppress(RunEngineInterrupted):
                self.engine(blank(self.rig, trials=TRIALS, frame_count=10, onset_s=0.005, rest_s=1))
        finally:
            self.engine.unsubscribe(token)
            pool.shutdown(wait=True)
        for future in futures:
            future.result()
        (stop,) = [doc for name, doc in self.documents if name == "stop"]
        return stop

    def numbers(self):
        events = [doc["data"] for name, doc in self.documents if name == "event"]
        return [data["trial-number"] for data in events if "trial-number" in data]


@pytest.fixture
def conducted(run_engine, directory):
    return Conducted(run_engine, make_sim_rig(1, data_directory=directory, rows=24, columns=24))


def wait_until(condition):
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not come to that")


def test_a_pause_holds_after_the_trial_and_the_run_goes_on(conducted):
    control = conducted.control
    seen = []

    def act():
        seen.append(control.pause())
        assert control.state == "pausing"
        wait_until(lambda: control.state == "paused")
        seen.append(conducted.numbers())
        seen.append(conducted.rig.bench.lit_now())
        with pytest.raises(BadInputError, match="the run is paused"):
            control.pause()
        seen.append(control.resume())

    stop = conducted.run(2, act, "begin")
    assert seen == ["the run pauses when this trial is kept", [1, 2], 0, "the run goes on"]
    assert stop["exit_status"] == "success"
    assert stop["num_events"]["primary"] == TRIALS
    assert conducted.numbers() == [1, 2, 3]
    assert control.state == "idle"


@pytest.mark.parametrize(("what", "status"), [("stop", "success"), ("abort", "abort")])
@pytest.mark.parametrize("held", [False, True], ids=["running", "paused"])
def test_an_end_from_elsewhere_keeps_what_there_is_and_is_dark(conducted, what, status, held):
    control = conducted.control

    def act():
        if held:
            control.pause()
            wait_until(lambda: control.state == "paused")
        getattr(control, what)()

    stop = conducted.run(1, act, "end")
    assert stop["exit_status"] == status
    assert conducted.numbers()[0] == 1
    assert len(conducted.numbers()) < TRIALS
    assert conducted.rig.bench.lit_now() == 0
    assert conducted.engine.state == "idle"
    assert control.state == "idle"


@pytest.mark.parametrize("what", ["pause", "resume", "stop", "abort"])
def test_nothing_can_be_done_to_no_run(conducted, what):
    with pytest.raises(BadInputError, match="no run is going on"):
        getattr(conducted.control, what)()


def test_a_run_paused_at_its_prompt_is_left_to_who_sits_there(conducted):
    engine, control = conducted.engine, conducted.control

    def pause(name, doc):
        if doc["data"].get("trial-number") == 1:
            threading.Thread(target=engine.request_pause, args=(False,)).start()

    token = engine.subscribe(pause, "event")
    with pytest.raises(RunEngineInterrupted):
        engine(blank(conducted.rig, trials=TRIALS, frame_count=10, onset_s=0.005, rest_s=1))
    engine.unsubscribe(token)
    assert control.state == "at prompt"
    for what in ("pause", "resume", "stop", "abort"):
        with pytest.raises(BadInputError, match="paused at its own prompt"):
            getattr(control, what)()
    engine.resume()
    assert control.state == "idle"
