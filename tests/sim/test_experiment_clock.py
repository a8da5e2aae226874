"""The time of the experiment, in trials and in rests."""

import threading

import pytest

from blueslice.sim import FastPace, ManualPace, RealPace
from blueslice.sim.experiment_clock import ExperimentClock


class Watched(ManualPace):
    """Says when somebody is about to wait, with the clock's condition held."""

    def __init__(self):
        super().__init__()
        self.waiting = threading.Event()

    def wait(self, condition, timeout_s):
        self.waiting.set()
        super().wait(condition, timeout_s)


def make(pace):
    return ExperimentClock(pace, threading.Condition())


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()

    def result():
        thread.join(5)
        assert not thread.is_alive(), "the call has not ended"
        return results[0]

    return result


def test_it_counts_from_the_making_of_the_rig():
    times_s = iter([50.0, 50.0, 53.5])
    clock = make(RealPace(lambda: next(times_s)))
    assert clock.now_s() == 0
    assert clock.now_s() == 3.5


@pytest.mark.parametrize("rest_s", [0.0, 0.1, 30.0, 86_400.0])
def test_a_fast_rest_is_over_at_once_and_its_time_has_gone_by(rest_s):
    clock = make(FastPace())
    for number in range(1, 4):
        clock.start_rest(clock.now_s() + rest_s)
        assert clock.wait_for_rest(0) is True
        assert clock.now_s() == pytest.approx(number * rest_s)


def test_a_rest_that_is_due_already_takes_no_time():
    clock = make(FastPace())
    clock.start_rest(10.0)
    clock.start_rest(4.0)
    assert clock.wait_for_rest(0) is True
    assert clock.now_s() == 10.0


def test_without_a_rest_there_is_nothing_to_wait_for():
    assert make(ManualPace()).wait_for_rest(0) is True


def test_a_rest_ends_when_its_time_has_come():
    pace = Watched()
    clock = make(pace)
    clock.start_rest(30.0)
    assert clock.wait_for_rest(0.001) is False
    pace.waiting.clear()
    over = in_thread(lambda: clock.wait_for_rest(60))
    assert pace.waiting.wait(5)
    pace.advance(29.0)
    assert clock.wait_for_rest(0.001) is False
    pace.advance(1.0)
    assert over() is True
    assert clock.wait_for_rest(0) is True


def test_a_stop_ends_a_wait_that_blocks_and_time_stays_where_it_is():
    pace = Watched()
    clock = make(pace)
    clock.start_rest(3600.0)
    over = in_thread(lambda: clock.wait_for_rest(60))
    assert pace.waiting.wait(5)
    pace.advance(10.0)
    clock.stop_rest()
    assert over() is True
    assert clock.now_s() == 10.0
