"""How far, and how long still: on a rig that is slower than its plan, and one that is faster."""

import pytest

from blueslice.plans import two_pulse
from blueslice.progress import ProgressState, describe, time_text
from blueslice.protocols import rehearse
from blueslice.rig import make_sim_rig


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture(scope="module")
def rehearsal():
    rig = make_sim_rig(1)
    return rehearse(two_pulse(rig, trials=5, rest_s=19.8), rig)


def test_what_is_planned_and_what_it_takes_beyond(rehearsal):
    clock = Clock()
    state = ProgressState([rehearsal], clock)
    assert state.total == 5
    assert state.left_s == pytest.approx(80.2)
    for done, now_s in ((1, 101.2), (2, 122.2)):  # each a second longer than 20 s
        clock.now_s = now_s
        state.end_trial()
        assert state.done == done
    assert state.left_s == pytest.approx(3 * 21.0)
    clock.now_s += 10
    assert state.left_s == pytest.approx(3 * 21.0 - 10)
    clock.now_s += 1000
    assert state.left_s == 0.0


def test_a_fast_pace_is_taken_in_proportion(rehearsal):
    clock = Clock()
    state = ProgressState([rehearsal], clock)
    clock.now_s += 0.1
    state.end_trial()
    clock.now_s += 0.1
    state.end_trial()
    # 20.4 of 80.2 s in 0.2 s.
    assert state.left_s == pytest.approx(0.2 * 60.0 / 20.2, rel=0.02)


def test_without_a_plan_the_mean_of_the_trials_so_far():
    clock = Clock()
    state = ProgressState((), clock)
    assert describe(state) == "beginning"
    state.begin_run(4, "CNQX")
    assert state.left_s is None
    clock.now_s += 30
    state.end_trial()
    assert state.left_s == pytest.approx(90.0)
    state.begin_run(2, "wash")  # of another run of the same call
    assert (state.total, state.phase) == (3, "wash")


def test_without_a_plan_the_rests_are_learnt():
    clock = Clock()
    state = ProgressState((), clock)
    state.begin_run(4, "control")
    clock.now_s += 2
    state.end_trial()
    # The first rest tells its length, before it is over.
    clock.now_s += 1
    state.rest(19.0, 20.0)
    assert state.left_s == pytest.approx(19 + 3 * 2 + 2 * 20)
    clock.now_s += 19
    state.rest(None)
    clock.now_s += 2
    state.end_trial()
    assert state.left_s == pytest.approx(2 * 22)
    clock.now_s += 5
    state.rest(15.0, 20.0)
    assert state.left_s == pytest.approx(15 + 2 * 2 + 20)


def test_in_words(rehearsal):
    clock = Clock()
    state = ProgressState([rehearsal], clock)
    clock.now_s += 0.2
    state.end_trial()
    state.rest(15.0)
    clock.now_s += 3
    assert describe(state) == "1 of 5 trials, next in 0:12, about 1:17 left"
    clock.now_s += 20
    assert "next in 0:00" in describe(state)
    for _ in range(4):
        state.end_trial("wash")
    assert describe(state) == "5 of 5 trials, wash, done"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (0.2, "0:01"), (59.0001, "0:59"), (60, "1:00"), (3600, "1:00:00")],
)
def test_times(seconds, text):
    assert time_text(seconds) == text


def test_a_trial_that_is_taken_again_after_a_pause_counts_once():
    state = ProgressState()
    state.begin_run(2, "control")
    state.end_trial("control", 1)
    state.end_trial("control", 1)
    assert (state.done, state.total) == (1, 2)
    state.begin_run(2, "wash")
    state.end_trial("wash", 1)
    assert (state.done, state.total) == (2, 3)
