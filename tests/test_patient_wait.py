"""What starts is waited for as long as it gets on, and what stands still is named."""

import logging
import sys
import threading
import time

import pytest

from blueslice._patient_wait import WORKED_S, wait_while_it_gets_on
from blueslice._worker_process import WorkerProcess
from blueslice.errors import StorageError


class Clock:
    """A clock and an event on it, set at a time; waiting for it lets the time go by."""

    def __init__(self, set_at_s):
        self.now_s, self.set_at_s = 0.0, set_at_s

    def __call__(self):
        return self.now_s

    def wait(self, timeout=None):
        self.now_s += timeout
        return self.now_s >= self.set_at_s


# set at, changes each so many s until: whether it was waited for, how often it was said
WAITS = {
    "at once": (0.0, 1.0, 1e9, True, 0),
    "in time": (59.0, 1e9, 0.0, True, 0),
    "it does nothing": (1e9, 1e9, 0.0, False, 0),
    "late, and it gets on": (200.0, 5.0, 1e9, True, 3),
    "late, and it hardly gets on": (200.0, 59.0, 1e9, True, 3),
    "it stands still half-way": (1e9, 5.0, 100.0, False, 2),
}


@pytest.mark.parametrize("case", WAITS)
def test_it_is_waited_for_as_long_as_it_gets_on(case):
    set_at_s, each_s, until_s, ready, said = WAITS[case]
    clock, told = Clock(set_at_s), []
    waited = wait_while_it_gets_on(
        clock,
        60.0,
        lambda: min(clock.now_s, until_s) // each_s,
        on_slow=told.append,
        clock=clock,
    )
    assert (waited, len(told)) == (ready, said)
    if not ready:
        assert clock.now_s == pytest.approx(min(until_s, 1e9) + 60.0, abs=0.5)


def test_a_wait_does_not_pass_for_work():
    """Of a process that stands still the wait itself is all that takes processor time."""
    before_s = time.thread_time()
    assert not wait_while_it_gets_on(threading.Event(), 3.0, lambda: time.process_time() // 1e9)
    assert (time.thread_time() - before_s) * 60 / 3 < WORKED_S


SCRIPT = """
import json, sys, threading
def tell(**values): print(json.dumps(values), flush=True)
def rest(seconds): threading.Event().wait(seconds)
"""
BUSY = "for k in range(12): tell(stage='Tiled', worked_s=float(k)); rest(0.1)\n"
STAGES = BUSY.replace("'Tiled'", "str(k)").replace("float(k)", "0.0")
READY = "tell(ready='http://127.0.0.1:1/', api_key='k'); rest(60)"
# what the process does: what is raised of it, what is said meanwhile
PROCESSES = {
    "ready": (READY, None, 0),
    "slow, and at work": (BUSY + READY, None, 1),
    "from stage to stage": (STAGES + READY, None, 1),
    "it says nothing": ("rest(60)", "for 0.5 s it has done nothing, at the start of Python;", 0),
    "alive and idle": (
        BUSY.replace("float(k)", "0.001 * k").replace("12", "100"),
        "did not start: for 0.5 s it has done nothing, at Tiled; check that the disk",
        0,
    ),
    "it fails": ("tell(failed='catalogue x is damaged')", "catalogue x is damaged", 0),
    "it ends": ("tell(stage='Tiled', worked_s=0.0)", "ended before it was ready, at Tiled", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", PROCESSES)
def test_the_start_of_a_process(directory, caplog, case):
    script, error, said = PROCESSES[case]
    caplog.set_level(logging.WARNING)
    worker = WorkerProcess(directory)
    worker._command = [sys.executable, "-c", SCRIPT + script]
    worker.start()
    try:
        # Python itself takes longer to start than the process of these tests may stand still.
        if case != "it says nothing":
            assert any(worker._news or worker._ready.wait(0.05) for _ in range(400))
        if error is None:
            worker.wait_ready(0.5)
            assert worker.uri
        else:
            with pytest.raises(StorageError, match=error):
                worker.wait_ready(0.5)
    finally:
        worker._process.kill()
        worker.end()
    told = [r.getMessage() for r in caplog.records if "waiting for the catalogue" in r.getMessage()]
    assert bool(told) is bool(said)
    assert all("the machine is busy" in line for line in told)
