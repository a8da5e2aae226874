"""Signals, a terminal that hangs up, a closed console window: dark, a stop document, the exit code.

Each in a process of its own, at real pace; see `benchmarks._signal_child` for what it is doing.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from blueslice._console_events import CONSOLE_EVENTS, console_handler
from blueslice._signals import ProcessEnd
from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals, read_journal

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
# What the child is doing, and what tells that it does.
SCENES = {
    "trials": {"what": "kept", "trial": 3},
    "deaf": {"what": "kept", "trial": 3},
    "rest": {"what": "resting"},
    "paused": {"what": "paused"},
    "held": {"what": "held"},
    "idle": {"what": "idle"},
    "closing": {"what": "closing"},
    "by_hand": {"what": "lit by hand"},
    "blocked": {"what": "blocked"},
    "stubborn": {"what": "kept", "trial": 2},
    "left_open": {"what": "left open"},
}
# On a machine that does much else.
DARK_S = 3.0
QUICK = [("deaf", "SIGTERM"), ("rest", "SIGHUP"), ("closing", "SIGTERM")]
MORE = [
    *[
        (scene, "SIGTERM")
        for scene in ("trials", "paused", "held", "idle", "by_hand", "blocked", "stubborn")
    ],
    *[(scene, "SIGHUP") for scene in ("trials", "paused", "idle", "closing")],
    *[(scene, "SIGQUIT") for scene in ("trials", "rest")],
]


@pytest.fixture
def begin(monkeypatch, tmp_path):
    """Begin a session in another process; returns it when it is in the middle of something."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks._signal_session import SignalledSession

    begun = []

    def begin_scene(scene, **options):
        session = SignalledSession(tmp_path / f"{len(begun)}", scene, **options)
        begun.append(session)
        session.wait_for(**SCENES[scene])
        return session

    yield begin_scene
    for session in begun:
        session.close()


def check(ended, reason):
    """Check that it is dark, that its run is closed, and that nothing that was kept is lost."""
    assert ended.dark_after_s < DARK_S, ended.output
    assert ended.found == ended.kept, ended.output
    assert ended.stops == [("success", "") if reason is None else ("abort", reason)], ended.output


def parameters(cases, *marks):
    return [pytest.param(*case, marks=marks, id="-".join(case)) for case in cases]


@pytest.mark.parametrize(
    ("scene", "name"),
    [*parameters(QUICK, pytest.mark.slow), *parameters(MORE, pytest.mark.long)],
)
def test_a_signal_ends_the_process_in_the_dark(begin, scene, name):
    number = getattr(signal, name)
    session = begin(scene)
    ended = session.end(session.send(number))
    check(ended, None if scene in ("idle", "closing") else f"ended by {name}")
    assert ended.status == 128 + number, ended.output


@pytest.mark.long
@pytest.mark.parametrize("scene", ["trials", "rest", "closing", "blocked", "stubborn"])
def test_another_signal_makes_it_quicker_and_not_lit(begin, scene):
    session = begin(scene)
    ended = session.end(session.send(signal.SIGTERM, signal.SIGTERM, signal.SIGHUP))
    check(ended, None if scene == "closing" else "ended by SIGTERM")
    assert ended.status == 128 + signal.SIGTERM
    assert ended.took_s < 15.0


@pytest.mark.slow
def test_a_terminal_that_hangs_up_cannot_be_printed_to(begin):
    session = begin("trials", terminal=True)
    ended = session.end(session.hang_up())
    check(ended, "ended by SIGHUP")
    assert ended.status == 128 + signal.SIGHUP


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param("trials", marks=pytest.mark.slow),
        pytest.param("paused", marks=pytest.mark.long),
    ],
)
def test_a_closed_console_window_leaves_it_dark_before_windows_ends_it(begin, scene):
    session = begin(scene, console=True)
    ended = session.end(session.send(signal.SIGUSR1))
    check(ended, "ended by a closed console window")
    assert ended.truth[-1]["what"] == "ended by the system"
    # Windows waits for five seconds.
    assert ended.took_s < 5.0


@pytest.mark.long
def test_a_handler_of_the_user_s_own_is_called_when_the_run_is_ended(begin):
    session = begin("trials", own_handler=True)
    ended = session.end(session.send(signal.SIGTERM))
    check(ended, "ended by SIGTERM")
    told = [line["what"] for line in ended.truth]
    called = told.index("own handler")
    # All is dark by then, and stays so; the session's close may say so to the instruments again.
    for what in ("clock", "leds", "pulses"):
        before = [one for one in told[:called] if one in (f"{what} on", f"{what} off")]
        assert before[-1] == f"{what} off"
        assert f"{what} on" not in told[called:]
    assert ended.status == 7


@pytest.mark.long
def test_a_signal_that_nohup_ignores_ends_nothing(begin):
    session = begin("trials", ignored=["SIGHUP"])
    session.send(signal.SIGHUP)
    session.wait_for("kept", trial=5)
    ended = session.end(session.send(signal.SIGTERM))
    check(ended, "ended by SIGTERM")


@pytest.mark.long
def test_ctrl_c_twice_pauses_and_the_program_s_end_closes_the_run(begin):
    session = begin("trials")
    ended = session.end(session.send(signal.SIGINT, signal.SIGINT))
    check(ended, "the session was closed while paused")


@pytest.mark.slow
def test_a_session_that_nobody_closes_is_closed_at_the_program_s_end(begin):
    session = begin("left_open")
    ended = session.end(time.monotonic())
    check(ended, "the session was closed while paused")
    assert ended.status == 0, ended.output


@pytest.mark.long
def test_a_child_process_is_ended_by_its_signals_as_ever(begin):
    """A pool of processes ends its workers by SIGTERM; they have inherited the handler."""
    session = begin("idle", fork=True)
    (line,) = [line for line in session.truth() if line["what"] == "forked"]
    os.kill(line["child"], signal.SIGTERM)
    session.wait_for("child ended", status=-signal.SIGTERM)
    ended = session.end(session.send(signal.SIGTERM))
    check(ended, None)


PROTOCOL = """
exposure_budget_s = 100
[[steps]]
plan = "two_pulse"
trials = 100
"""


def raw_runs(directory):
    runs = [list(read_journal(path)) for path in find_journals(DataDirectory(directory).journal)]
    return [run for run in runs if run and "raw_run" not in run[0][1]]


def numbers(run):
    data = [doc["data"] for name, doc in run if name == "event"]
    return [values["trial-number"] for values in data if "trial-number" in values]


@pytest.mark.long
def test_a_protocol_that_the_command_runs_is_ended_so_too(tmp_path):
    (tmp_path / "file.toml").write_text(PROTOCOL)
    data = tmp_path / "data"
    command = ["-W", "ignore", "-m", "blueslice.cli", "run", str(tmp_path / "file.toml")]
    process = subprocess.Popen(
        [sys.executable, *command, "--data-dir", str(data)],
        env={**os.environ, "TILED_PROFILES": str(tmp_path / "profiles")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not (runs := raw_runs(data)) or len(numbers(runs[0])) < 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    # As systemd does it: the catalogue's process gets it too.
    os.killpg(process.pid, signal.SIGTERM)
    printed, _ = process.communicate(timeout=100)
    assert process.returncode == 128 + signal.SIGTERM, printed
    assert "Traceback" not in printed
    assert "blueslice: ended by SIGTERM; what was completed is kept" in printed
    (run,) = raw_runs(data)
    name, stop = run[-1]
    assert (name, stop["exit_status"], stop["reason"]) == ("stop", "abort", "ended by SIGTERM")
    assert numbers(run) == [*range(1, stop["num_events"]["trials"] + 1)]


@pytest.mark.long
@pytest.mark.parametrize("at", ["prompt", "run", "pause", "other code"])
@pytest.mark.parametrize("how", ["SIGTERM", "hung up"])
def test_the_shell_is_ended_so_too(tmp_path, at, how):
    pexpect = pytest.importorskip("pexpect")
    data = tmp_path / "data"
    shell = pexpect.spawn(
        sys.executable,
        ["-W", "ignore", "-m", "blueslice.cli", "shell", "--data-dir", str(data)],
        env={
            **os.environ,
            **{"TERM": "dumb", "IPYTHONDIR": str(tmp_path), "TILED_PROFILES": str(tmp_path)},
        },
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 200),
    )
    shell.expect(r"In \[1\]: ")
    shell.sendline("session.allow_exposure(); pause = lambda *_: RE.request_pause(False)")
    shell.expect(r"In \[2\]: ")
    if at == "pause":
        shell.sendline("import threading; threading.Timer(1.5, pause).start()")
        shell.expect(r"In \[3\]: ")
    if at in ("run", "pause"):
        shell.sendline("RE(two_pulse(rig, trials=99), {'event': lambda *_: print('k' + 'ept')})")
        shell.expect("kept")
    if at == "pause":
        shell.expect(r"In \[4\]: ")
    elif at == "other code":
        shell.sendline("import time; print('sle' + 'eping'); time.sleep(600)")
        shell.expect("sleeping")
    number = signal.SIGTERM if how == "SIGTERM" else signal.SIGHUP
    if how == "SIGTERM":
        os.kill(shell.pid, number)
        shell.expect(pexpect.EOF)
        shell.close()
        assert shell.exitstatus == 128 + number
    else:
        os.close(shell.child_fd)
        _, status = os.waitpid(shell.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 128 + number
    ends = [(run[-1][1].get("exit_status"), run[-1][1].get("reason")) for run in raw_runs(data)]
    assert ends == [("abort", f"ended by {number.name}")] * (at in ("run", "pause"))


class TestConsoleEvents:
    def test_are_those_at_which_windows_ends_a_program(self):
        told = []
        handle = console_handler(lambda reason, limit_s: told.append((reason, limit_s)))
        # Ctrl-C and Ctrl-Break come to Python as signals.
        assert [handle(event) for event in range(8)] == [
            event in CONSOLE_EVENTS for event in range(8)
        ]
        assert [reason for reason, _ in told] == [*CONSOLE_EVENTS.values()]
        assert all(0 < limit_s < 5 for _, limit_s in told)

    def test_a_failure_is_logged_and_does_not_reach_windows(self, caplog):
        def fail(reason, limit_s):
            raise OSError("no disk")

        assert console_handler(fail)(2)
        assert "the session was not ended in an orderly way" in caplog.text


class FakeSession:
    """What is ended with the process, without a rig."""

    def __init__(self):
        self.closed, self.is_closing = threading.Event(), False

    def end_run(self, reason, **limits):
        return []

    def close(self):
        self.closed.set()


class TestHandlers:
    def test_are_as_before_when_the_last_session_is_closed(self):
        before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
        own = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            process, sessions = ProcessEnd(), [FakeSession(), FakeSession()]
            for session in sessions:
                process.add(session)
                assert callable(signal.getsignal(signal.SIGTERM))
            process.remove(sessions[0])
            assert callable(signal.getsignal(signal.SIGTERM))
            process.remove(sessions[1])
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        finally:
            signal.signal(signal.SIGTERM, before)
            signal.signal(signal.SIGHUP, own)

    def test_of_somebody_else_since_then_are_left_alone(self):
        before = signal.getsignal(signal.SIGTERM)
        try:
            process, session = ProcessEnd(), FakeSession()
            process.add(session)
            newer = lambda *_: None  # noqa: E731
            signal.signal(signal.SIGTERM, newer)
            process.remove(session)
            assert signal.getsignal(signal.SIGTERM) is newer
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_are_not_set_from_another_thread(self):
        before = signal.getsignal(signal.SIGTERM)
        process, session = ProcessEnd(), FakeSession()
        thread = threading.Thread(target=process.add, args=(session,))
        thread.start()
        thread.join()
        assert signal.getsignal(signal.SIGTERM) == before
        process.remove(session)
