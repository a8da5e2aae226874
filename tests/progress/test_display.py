"""The progress of a RunEngine: a bar on a terminal, lines elsewhere, nothing at a prompt."""

import io
import threading

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import pytest
from bluesky.utils import RunEngineInterrupted
from rich.console import Console

from blueslice.plans import two_pulse
from blueslice.progress import ProgressDisplay
from blueslice.protocols import rehearse
from blueslice.rig import make_sim_rig


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory)


def console(terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)


def threads():
    return [t.name for t in threading.enumerate() if t.name == "blueslice-progress"]


def test_lines_where_there_is_no_terminal(rig, run_engine, monkeypatch):
    monkeypatch.setattr("blueslice.progress.display.PLAIN_INTERVAL_S", 0.01)
    plain = console(False)
    expected = [rehearse(two_pulse(rig, trials=3, rest_s=1), rig)]
    ProgressDisplay(run_engine, rig.rest.name, plain, expected)
    run_engine(two_pulse(rig, trials=3, rest_s=1))
    lines = plain.file.getvalue().splitlines()
    assert lines[-1] == "3 of 3 trials, done"
    assert all(" of 3 trials, " in line for line in lines)
    assert lines == sorted(set(lines))
    assert threads() == []


def test_no_lines_where_a_program_reads(rig, run_engine):
    plain = console(False)
    ProgressDisplay(run_engine, rig.rest.name, plain, lines=False)
    run_engine(two_pulse(rig, trials=1))
    assert plain.file.getvalue() == ""


def test_a_bar_on_a_terminal_that_is_gone_at_the_prompt(rig, run_engine):
    terminal = console(True)
    display = ProgressDisplay(run_engine, rig.rest.name, terminal)

    def pause_after_two(message):
        if (
            message.command == "save" and saved.append(message) is None and len(saved) == 3
        ):  # one of the stage
            return None, bps.pause()
        return None, None

    saved = []
    plan = bpp.plan_mutator(two_pulse(rig, trials=4), pause_after_two)
    with pytest.raises(RunEngineInterrupted):
        run_engine(plan)
    shown = terminal.file.getvalue()
    assert "2 of 4 trials" in shown
    assert shown.endswith("\x1b[?25h")  # the cursor is back, and nothing drawn after it
    assert display.state.done == 2
    run_engine.resume()
    assert "4 of 4 trials, done" in terminal.file.getvalue()
    # The next call counts for itself.
    run_engine(two_pulse(rig, trials=1))
    assert terminal.file.getvalue().count("1 of 1 trials, done") >= 1


def test_a_line_at_once_and_then_now_and_again(rig, run_engine, monkeypatch):
    """A file that stays empty, or as it is for an hour, looks like a program that hangs."""
    monkeypatch.setattr("blueslice.progress.display.PLAIN_INTERVAL_S", 0.01)
    plain, now = console(False), [0.0]

    def look(message):
        if message.command == "open_run":
            seen.append(wait_for_lines(plain, 1))
        elif message.command == "save" and seen and len(seen) == 1:
            now[0] += 29.0
            seen.append(wait_for_lines(plain, 1))
            now[0] += 2.0
            seen.append(wait_for_lines(plain, 2))
        return None, None

    seen = []
    ProgressDisplay(
        run_engine, rig.rest.name, plain, [rehearse(two_pulse(rig, trials=1), rig)],
        clock=lambda: now[0],
    )  # fmt: skip
    run_engine(bpp.plan_mutator(two_pulse(rig, trials=1), look))
    assert seen == [1, 1, 2]
    assert plain.file.getvalue().splitlines()[0].startswith("0 of 1 trials")


def wait_for_lines(plain, count):
    """Return how many lines there are, once there are so many."""
    deadline = threading.Event()
    for _ in range(500):
        if len(plain.file.getvalue().splitlines()) >= count:
            break
        deadline.wait(0.01)
    return len(plain.file.getvalue().splitlines())
