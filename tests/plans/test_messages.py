"""The plans message by message: what is told to whom, in which order, and that it ends dark."""

import pytest
from bluesky.utils import FailedStatus, RequestAbort

from blueslice.errors import BadInputError
from blueslice.plans import blank, single_pulse, trial_series, two_pulse
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial, paired_pulses

PLANS = {
    "two_pulse": lambda rig: two_pulse(rig, trials=2, blanks=1),
    "two_pulse with rests": lambda rig: two_pulse(rig, trials=2, rest_s=30.0),
    "single_pulse": lambda rig: single_pulse(rig, trials=2),
    "blank": lambda rig: blank(rig, trials=1),
}
DARK = [("clock", "stopped"), ("led_pair", "dark"), ("stimulator", "disarmed")]


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory)


@pytest.mark.parametrize("name", PLANS)
def test_dark_is_told_first_and_last(rig, messages, name):
    told = messages(PLANS[name](rig))
    assert told.settings()[:3] == DARK
    assert told.settings()[-3:] == DARK
    first_light = told.places("prepare", "stage", "open_run")[0]
    assert told[:first_light].settings() == DARK
    last = max(told.places("complete", "collect", "close_run", "unstage"))
    assert told[last:].settings() == DARK


@pytest.mark.parametrize("name", PLANS)
def test_a_trial_is_prepared_whole_before_anything_is_kicked_off(rig, messages, name):
    prepared, kicked_off, group, waited = [], [], None, True
    for message in messages(PLANS[name](rig)):
        if message.command == "checkpoint":
            prepared, kicked_off = [], []
        elif message.command == "prepare":
            assert not kicked_off
            prepared.append(message.obj)
            group, waited = message.kwargs["group"], False
        elif message.command == "wait" and message.kwargs["group"] == "prepare trial":
            assert group == "prepare trial"
            waited = True
        elif message.command == "kickoff":
            assert waited
            assert set(prepared) == set(rig.devices) - {rig.trial_log, rig.rest, rig.perfusion}
            kicked_off.append(message.obj)
        elif message.command == "complete":
            assert kicked_off == [rig.camera, rig.amplifier, rig.clock]


@pytest.mark.parametrize("name", PLANS)
def test_the_detectors_wait_for_the_clock(rig, messages, name):
    steps = messages(PLANS[name](rig)).names()
    for k, step in enumerate(steps):
        if step == "kickoff clock":
            assert steps[k - 3 : k] == ["kickoff camera", "kickoff amplifier", "wait"]
            assert steps[k + 1] == "wait"
            assert steps[k + 2 : k + 6] == [
                *("complete camera", "complete amplifier", "complete clock"),
                "wait",
            ]


@pytest.mark.parametrize(
    ("name", "trials"),
    [("two_pulse", 3), ("two_pulse with rests", 2), ("single_pulse", 2), ("blank", 1)],
)
def test_what_a_pause_repeats(rig, messages, name, trials):
    """A pause goes back to the last checkpoint: a trial is taken whole, or not again."""
    told = messages(PLANS[name](rig))
    steps = told.names()
    for k in told.places("prepare"):
        if steps[k - 1] != "prepare camera" and steps[k] == "prepare camera":
            assert steps[k - 1] == "checkpoint"
    collected = told.places("collect")
    assert len(collected) == trials
    for k in collected:
        since = max(c for c in told.places("checkpoint") if c < k)
        assert set(steps[since + 1 : k]) <= {"rewindable"}
    streams = [m.kwargs["name"] for m in told if m.command == "declare_stream"]
    assert streams == ["primary"]
    (declared,) = told.places("declare_stream")
    assert told.places("prepare")[4] < declared < told.places("kickoff")[0]
    created = [m.kwargs["name"] for m in told if m.command == "create"]
    assert created == ["baseline", *["trials"] * trials]
    rests = [k for k, step in enumerate(steps) if step == "set rest"]
    assert [told[k].args[0] for k in rests] == ([30.0] * (trials - 1) if "rests" in name else [])
    # A rest stands alone between two checkpoints, and counts from a moment that stays the same.
    for k in rests:
        assert steps[k - 1 : k + 3] == ["checkpoint", "set rest", "wait", "checkpoint"]
        assert "since_s" in told[k].kwargs
    assert "sleep" not in steps


@pytest.mark.parametrize(
    "error", [FailedStatus("the cable was pulled"), RequestAbort()], ids=["failed", "aborted"]
)
@pytest.mark.parametrize("name", ["two_pulse with rests", "blank"])
def test_whatever_message_fails_it_ends_dark(rig, messages, messages_broken_at, name, error):
    whole = messages(PLANS[name](rig))
    steps = whole.names()
    start, end = whole.places("set")[0], whole.places("unstage")[-1]
    for place in range(start, end + 1):
        told = messages_broken_at(PLANS[name](rig), place, error)
        done, after = told[: place + 1], told[place + 1 :]
        assert done.names() == steps[: place + 1]
        assert after.settings()[-3:] == DARK, f"after {steps[place]} ({place})"
        assert not after.places("kickoff", "prepare", "complete")
        is_open = "open_run" in steps[:place] and "close_run" not in steps[:place]
        if is_open:
            assert "close_run" in told.names()


def test_a_clock_that_cannot_be_stopped_leaves_no_light(rig, run_engine, monkeypatch):
    start, clock_backend = rig.clock.backend.start, rig.clock.backend
    started = []

    def stop():
        if started:
            raise OSError("no answer")

    monkeypatch.setattr(clock_backend, "start", lambda: (started.append(1), start()))
    monkeypatch.setattr(clock_backend, "stop", stop)
    with pytest.raises(FailedStatus, match="no answer"):
        run_engine(blank(rig))
    assert started
    assert rig.bench._leds == ((), 0.0)
    assert rig.bench.programmed_pulses == ()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda rig: two_pulse(rig, trials=0), "trials = 0"),
        (lambda rig: two_pulse(rig, trials=True), "trials = True"),
        (lambda rig: two_pulse(rig, blanks=-1), "blanks = -1"),
        (lambda rig: two_pulse(rig, interval_s=0.3), "outside the trial"),
        (lambda rig: two_pulse(rig, interval_s=1e-4), "interval"),
        (lambda rig: single_pulse(rig, trials=10_001), "10000"),
        (lambda rig: single_pulse(rig, amplitude_uA=2000.0), "at most 1000 uA"),
        (lambda rig: blank(rig, frame_rate_Hz=5e3, frame_count=999, exposure_s=1e-4), "too slow"),
        (lambda rig: blank(rig, rest_s=-1.0), "rest_s = -1"),
        (lambda rig: trial_series(rig, []), "nothing to do"),
        (
            lambda rig: trial_series(rig, [Trial(), Trial(frame_count=50)]),
            "trial 2 has frame_count",
        ),
        (
            lambda rig: trial_series(rig, [Trial(), Trial(pulses=paired_pulses(1.2345e-3))]),
            "multiple of the stimulator's tick",
        ),
    ],
)
def test_nothing_is_told_before_bad_input_is_refused(rig, make, text):
    plan = make(rig)
    with pytest.raises(BadInputError, match=text) as refused:
        next(plan)
    assert "\n" not in str(refused.value)
