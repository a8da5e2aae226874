"""The trial clock's own order of things: what a pause leaves under way."""

import asyncio
import threading
from unittest.mock import MagicMock

import pytest

from blueslice.devices import TrialClock, TrialClockBackend
from blueslice.trial import Trial

TRIAL = Trial(frame_count=20, blank=True)


class SlowToComeBack:
    """A driver whose wait for a trial's end comes back late, however the trial ended."""

    def __init__(self):
        self.waiting, self.may_come_back = threading.Event(), threading.Event()

    def __call__(self, patience_s):
        self.waiting.set()
        assert self.may_come_back.wait(10)
        return True


@pytest.fixture
def slow():
    return SlowToComeBack()


@pytest.fixture
def clock(slow):
    return TrialClock(MagicMock(spec=TrialClockBackend, wait=slow), name="clock")


async def test_a_wait_that_a_pause_cut_off_takes_nothing_from_the_next_trial(clock, slow):
    await clock.prepare(TRIAL)
    await clock.kickoff()
    cut_off = clock.complete()
    assert await asyncio.to_thread(slow.waiting.wait, 10)
    await clock.pause()
    again = clock.prepare(TRIAL)
    # As far as it gets while the driver is still in its wait.
    await asyncio.wait([again.task], timeout=0.05)
    assert not again.done
    slow.may_come_back.set()
    await cut_off
    await again
    await clock.kickoff()
    await clock.complete()
    loads = [call for call in clock.backend.mock_calls if call[0] == "load"]
    starts = [call for call in clock.backend.mock_calls if call[0] == "start"]
    assert (len(loads), len(starts)) == (2, 2)


async def test_a_stop_before_a_clock_is_loaded_keeps_it_from_being_loaded(clock, slow):
    """A plan by hand ends while it makes ready a clock whose last trial is still waited for."""
    await clock.prepare(TRIAL)
    await clock.kickoff()
    over = clock.complete()
    await asyncio.to_thread(slow.waiting.wait, 10)
    next_one = clock.prepare(TRIAL)
    # As far as it gets while the driver is still in its wait.
    await asyncio.wait([next_one.task], timeout=0.05)
    stopped = asyncio.ensure_future(clock.stop())
    await asyncio.sleep(0)
    slow.may_come_back.set()
    await stopped
    await over
    await next_one
    assert clock.backend.load.call_count == 1
