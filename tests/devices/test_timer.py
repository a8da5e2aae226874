"""The rest timer: it waits, ends when told, and goes on after a pause with what is left."""

import asyncio
import threading
from unittest.mock import MagicMock

import bluesky.plan_stubs as bps
import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice.devices import RestBackend, RestTimer
from blueslice.errors import BadInputError
from blueslice.sim import ManualPace
from blueslice.sim.experiment_clock import ExperimentClock


class Watched(ManualPace):
    """Says when somebody is about to wait, with the clock's condition held."""

    def __init__(self):
        super().__init__()
        self.waiting = threading.Event()

    def wait(self, condition, timeout_s):
        self.waiting.set()
        super().wait(condition, timeout_s)


class ClockBackend(ExperimentClock):
    """The virtual clock as a backend that notes what it is asked."""

    def __init__(self, pace):
        super().__init__(pace, threading.Condition())
        self.rests_until_s = []

    def connect(self):
        pass

    def start(self, until_s):
        self.rests_until_s.append(until_s)
        self.start_rest(until_s)

    def wait(self, timeout_s):
        return self.wait_for_rest(timeout_s)

    def stop(self):
        self.stop_rest()


@pytest.fixture
def pace():
    return Watched()


@pytest.fixture
def rest(pace):
    return RestTimer(ClockBackend(pace), name="rest")


def pass_while_waiting(pace, seconds, then=lambda: None):
    """Let time go by as soon as the rest is waited for, from another thread."""
    pace.waiting.clear()

    def run():
        assert pace.waiting.wait(5)
        pace.advance(seconds)
        then()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


async def test_it_is_done_when_the_time_has_gone_by(rest, pace):
    pass_while_waiting(pace, 30.0)
    updates = []
    status = rest.set(30.0)
    status.watch(lambda **update: updates.append(update))
    await status
    assert rest.backend.rests_until_s == [30.0]
    assert updates[-1]["current"] == updates[-1]["target"] == 30.0
    assert updates[-1]["unit"] == "s"


async def test_it_counts_from_the_moment_that_is_given(rest, pace):
    pace.advance(100.0)
    pass_while_waiting(pace, 5.0)
    await rest.set(30.0, since_s=75.0)
    await rest.set(30.0, since_s=75.0)
    assert rest.backend.rests_until_s == [105.0, 105.0]


async def test_it_reads_as_the_time_of_the_experiment(rest, pace):
    await rest.connect()
    pace.advance(12.5)
    reading = await rest.read()
    assert {name: value["value"] for name, value in reading.items()} == {
        "rest-experiment_time_s": 12.5
    }
    assert (await rest.describe())["rest-experiment_time_s"]["units"] == "s"


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 86_401, True])
async def test_a_time_that_is_none_is_refused(rest, value):
    with pytest.raises(BadInputError) as refused:
        await rest.set(value)
    assert str(refused.value) == (
        f"rest cannot be set to {value!r}: give a time between 0 and 86400 s"
    )
    assert rest.backend.rests_until_s == []


@pytest.mark.parametrize("end", ["stop", "pause"])
async def test_stop_and_pause_end_the_wait(rest, pace, end):
    status = rest.set(3600.0)
    assert await asyncio.to_thread(pace.waiting.wait, 5)
    await getattr(rest, end)()
    await status
    assert rest.backend.now_s() == 0


async def test_mock_mode_touches_no_instrument():
    backend = MagicMock(spec=RestBackend)
    device = RestTimer(backend, name="rest")
    await device.connect(mock=True)
    assert backend.mock_calls == []
    await device.connect()
    assert [call[0] for call in backend.mock_calls] == ["connect"]


def pause_in(run_engine, pace, plan, *, after_s):
    """Run a plan and pause it when so much of its rest has gone by."""
    pass_while_waiting(pace, after_s, run_engine.request_pause)
    with pytest.raises(RunEngineInterrupted):
        run_engine(plan)
    assert run_engine.state == "paused"


def one_rest(rest, seconds=30.0):
    """Rest as plans should: from a moment that is read before the checkpoint."""
    since_s = yield from bps.rd(rest, default_value=None)
    yield from bps.checkpoint()
    yield from bps.abs_set(rest, seconds, since_s=since_s, wait=True)
    yield from bps.checkpoint()


@pytest.mark.parametrize("paused_s", [0.0, 4.0, 100.0])
def test_a_paused_rest_goes_on_with_what_is_left(run_engine, rest, pace, paused_s):
    pace.advance(5.0)
    pause_in(run_engine, pace, one_rest(rest), after_s=20.0)
    pace.advance(paused_s)
    left_s = max(0.0, 10.0 - paused_s)
    if left_s:
        pass_while_waiting(pace, left_s)
    run_engine.resume()
    assert run_engine.state == "idle"
    assert rest.backend.rests_until_s == [35.0, 35.0]
    assert rest.backend.now_s() == 25.0 + paused_s + left_s


def test_a_rest_that_names_no_moment_is_given_again_whole(run_engine, rest, pace):
    def plan():
        yield from bps.checkpoint()
        yield from bps.abs_set(rest, 30.0, wait=True)

    pause_in(run_engine, pace, plan(), after_s=20.0)
    pass_while_waiting(pace, 30.0)
    run_engine.resume()
    assert rest.backend.rests_until_s == [30.0, 50.0]


@pytest.mark.parametrize("way_out", ["abort", "stop", "halt"])
def test_after_another_way_out_the_next_rest_is_a_new_one(run_engine, rest, pace, way_out):
    pause_in(run_engine, pace, one_rest(rest), after_s=20.0)
    getattr(run_engine, way_out)()
    assert run_engine.state == "idle"
    pass_while_waiting(pace, 30.0)
    run_engine(one_rest(rest))
    assert rest.backend.rests_until_s == [30.0, 50.0]


def test_a_pause_after_a_whole_rest_shortens_no_later_one(run_engine, rest, pace):
    def plan():
        yield from one_rest(rest)
        yield from bps.pause()
        yield from one_rest(rest)

    pass_while_waiting(pace, 30.0)
    with pytest.raises(RunEngineInterrupted):
        run_engine(plan())
    pass_while_waiting(pace, 30.0)
    run_engine.resume()
    assert rest.backend.rests_until_s == [30.0, 60.0]
