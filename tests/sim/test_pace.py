"""How simulated time goes."""

import threading

import pytest

from blueslice.sim import FastPace, ManualPace, RealPace


def test_fast_pace_jumps_over_what_begins_and_stands_still_between():
    pace = FastPace()
    assert (pace.now_s(), pace.now_s()) == (0.0, 0.0)
    pace.skip(0.2)
    pace.skip(30.0)
    assert (pace.now_s(), pace.now_s()) == (30.2, 30.2)


@pytest.mark.parametrize("pace", [RealPace(lambda: 7.0), ManualPace()])
def test_at_other_paces_nothing_is_jumped_over(pace):
    before_s = pace.now_s()
    pace.skip(1000.0)
    assert pace.now_s() == before_s


def test_real_pace_follows_the_clock_that_it_is_given():
    times = iter([10.0, 10.25])
    pace = RealPace(lambda: next(times))
    assert (pace.now_s(), pace.now_s()) == (10.0, 10.25)


def test_real_pace_does_not_go_back():
    pace = RealPace()
    first = pace.now_s()
    assert pace.now_s() >= first


def test_manual_pace_stands_until_it_is_moved():
    pace = ManualPace()
    assert (pace.now_s(), pace.now_s()) == (0.0, 0.0)
    pace.advance(0.1)
    pace.advance(0.05)
    assert pace.now_s() == pytest.approx(0.15)


@pytest.mark.parametrize("make", [FastPace, RealPace, ManualPace])
def test_a_wait_ends_when_its_condition_is_notified(make):
    pace, condition, woken = make(), threading.Condition(), []

    def wait():
        with condition:
            ready.set()
            pace.wait(condition, 30)
            woken.append(True)

    ready = threading.Event()
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert ready.wait(5)
    with condition:  # to be had only once the thread waits
        condition.notify_all()
    thread.join(5)
    assert woken == [True]


@pytest.mark.parametrize("make", [FastPace, RealPace, ManualPace])
def test_a_wait_ends_by_itself(make):
    condition = threading.Condition()
    with condition:
        make().wait(condition, 0.001)


def test_moving_time_on_wakes_all_who_wait():
    pace, woken = ManualPace(), []
    conditions = [threading.Condition(), threading.Condition()]
    threads = []
    for condition in conditions:
        ready = threading.Event()

        def wait(condition=condition, ready=ready):
            with condition:
                ready.set()
                pace.wait(condition, 30)
                woken.append(pace.now_s())

        threads.append(threading.Thread(target=wait, daemon=True))
        threads[-1].start()
        assert ready.wait(5)
        with condition:
            pass  # to be had only once the thread waits
    pace.advance(0.5)
    for thread in threads:
        thread.join(5)
    assert woken == [0.5, 0.5]
