"""Making and ending a RunEngine: Ctrl-C pauses a plan wherever waits cannot be interrupted."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import bluesky.plan_stubs as bps
import matplotlib
import pytest
from bluesky import RunEngine
from bluesky.utils import DefaultDuringTask, RunEngineInterrupted
from matplotlib import _pylab_helpers

from blueslice._engine import PollingDuringTask, close_run_engine, make_run_engine
from blueslice._interruptible_wait import INTERVAL_S
from blueslice.broker import DataDirectory
from blueslice.paper.laboratory import Laboratory
from blueslice.rig import make_sim_rig
from blueslice.session import Session

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="masks a signal to act as Windows does")


class WindowsEvent(threading.Event):
    """Its waits are as on Windows: a signal is acted on between two of them, never within one."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[float | None] = []
        self.begun = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.timeouts.append(timeout)
        # Another thread gets it: Python notes that, and acts on it when this one goes on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self.begun.set()
        try:
            return super().wait(timeout)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.fixture
def engine() -> Iterator[RunEngine]:
    made = make_run_engine()
    yield made
    if made.state != "idle":
        made.abort()
    close_run_engine(made)


def press_ctrl_c_and_go_on(waiting: threading.Event) -> Any:
    yield from bps.open_run()
    yield from bps.checkpoint()
    assert waiting.wait(10)
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(100):
        yield from bps.checkpoint()
        yield from bps.sleep(0.05)
    yield from bps.close_run()


@POSIX
def test_ctrl_c_pauses_a_plan_where_a_wait_cannot_be_interrupted(engine):
    engine._blocking_event = waited = WindowsEvent()
    with pytest.raises(RunEngineInterrupted):
        engine(press_ctrl_c_and_go_on(waited.begun))
    assert engine.state == "paused"
    # So does what goes on after a pause.
    engine.abort()
    assert set(waited.timeouts) == {INTERVAL_S}


def test_what_is_in_use_pauses_too(directory: DataDirectory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    with Session(rig, directory, catalogue=False) as session:
        assert isinstance(session.RE._during_task, PollingDuringTask)
    with Laboratory(directory, "a").cell(1) as cell:
        assert isinstance(cell.engine._during_task, PollingDuringTask)
        assert cell.engine.context_managers == []


def test_metadata_is_the_callers_own():
    own = {"cell": "c1"}
    made = make_run_engine(own, context_managers=[])
    assert made.md is own
    close_run_engine(made)


def test_a_notebooks_figures_are_still_drawn(monkeypatch: pytest.MonkeyPatch):
    ended, drawn = threading.Event(), []

    class Canvas:
        class figure:
            stale = True

        def draw(self) -> None:
            drawn.append(True)
            ended.set()

    class Manager:
        canvas = Canvas()

    monkeypatch.setattr(matplotlib, "get_backend", lambda: "module://ipympl.backend_nbagg")
    monkeypatch.setattr(_pylab_helpers.Gcf, "get_all_fig_managers", lambda: [Manager()])
    PollingDuringTask().block(ended)
    assert drawn


def test_a_window_backends_loop_is_bluesky_s(monkeypatch: pytest.MonkeyPatch):
    waited = []
    monkeypatch.setattr(DefaultDuringTask, "block", lambda self, event: waited.append(event))
    PollingDuringTask().block(ended := threading.Event())
    assert not waited[0].is_set()
    ended.set()
    assert waited[0].is_set()
    assert waited[0].wait()
