"""``blueslice run`` at a pause that the plan asks for: what is asked, and what each answer does."""

import io
import json
import logging
from functools import partial

import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice.callbacks import find_journals, read_journal
from blueslice.cli import main
from blueslice.commands import _protocol_run
from blueslice.commands._pause_question import read_terminal
from blueslice.plans import Gates, calibrate, drug_wash, find_threshold
from blueslice.protocols import load_protocol, protocol, rehearse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

FILE = """
[[steps]]
plan = "drug_wash"
[[steps.steps]]
name = "control"
trials = 2
{more}
"""
GATES = "[steps.gates]\nrest_mV = [-60, -50]\n"
REST = "the resting potential is -68.0 mV, allowed are -60 to -50 mV"
NOBODY = "nobody can be asked without a terminal, so the run was ended"
KEPT = "of 2 trials were completed and are kept"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run a file without a catalogue, with the lines that its user would type."""
    without_catalogue = partial(Session, catalogue=False)
    monkeypatch.setattr("blueslice.commands._protocol_run.Session", without_catalogue)

    def run(answers, *options, more=GATES):
        (tmp_path / "file.toml").write_text(FILE.format(more=more))
        lines = None if answers is None else iter(answers)
        reader = None if lines is None else lambda: next(lines, "")
        monkeypatch.setattr(_protocol_run, "read_terminal", lambda: reader)
        file, data = str(tmp_path / "file.toml"), str(tmp_path / "data")
        code = main(["run", file, "--fast", *options, "--data-dir", data])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out, told.err

    return run


def last_run(tmp_path):
    runs = [list(read_journal(path)) for path in find_journals(tmp_path / "data/journal")]
    raw = max(
        (run for run in runs if "raw_run" not in run[0][1]), key=lambda run: run[0][1]["time"]
    )
    numbers = [
        d["data"]["trial-number"] for n, d in raw if n == "event" and "trial-number" in d["data"]
    ]
    return numbers, raw[-1][1]


# answers: code, trials taken, what the last line says, how the run ended
ANSWERS = {
    "on and on": (["g\n", "g\n"], 0, [1, 2], "", "success"),
    "not understood": (["\n", "resume\n", " G \n", "go\n"], 0, [1, 2], "", "success"),
    "ended at once": (["e\n"], 1, [], f"{REST}; the run was ended; 0 {KEPT}", "abort"),
    "ended then": (["g\n", "End\n"], 1, [1], f"{REST}; the run was ended; 1 {KEPT}", "abort"),
    "no more comes": (["g\n"], 1, [1], f"{NOBODY}; 1 {KEPT}", "abort"),
    "no terminal": (None, 1, [], f"{NOBODY}; 0 {KEPT}", "abort"),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_each_answer_does_what_it_says(command, tmp_path, case):
    answers, code, trials, told, status = ANSWERS[case]
    found, out, err = command(answers)
    assert found == code
    numbers, stop = last_run(tmp_path)
    assert (numbers, stop["exit_status"]) == (trials, status)
    assert "RE." not in out + err
    if answers is None:
        assert len(err.splitlines()) == 1
    else:
        assert f"paused before trial 1 (control): {REST}\n" in err
        assert "  g  takes the trial all the same\n  e  ends the run; what is completed is" in err
    if told:
        line = err.splitlines()[-1]
        assert told in line
        uid = stop["run_start"][:8]
        assert f"'blueslice run FILE --resume {uid}' goes on with that step" in line
        assert stop["reason"].startswith("ended at the pause before trial")


def test_a_run_that_was_ended_at_a_gate_goes_on(command, tmp_path):
    command(["g\n", "e\n"])
    _, stop = last_run(tmp_path)
    code, out, err = command(["g\n"], "--resume", stop["run_start"][:8], "--json")
    numbers, stop = last_run(tmp_path)
    assert (code, numbers, stop["exit_status"]) == (0, [2], "success")
    assert json.loads(out)["plan"] == "drug_wash"
    assert "RE." not in err


def test_a_solution_by_hand_is_asked_for_too(command, tmp_path, monkeypatch):
    make = make_sim_rig

    def without_perfusion(*arguments, **options):
        rig = make(*arguments, **options)
        rig.perfusion = None
        return rig

    monkeypatch.setattr(_protocol_run, "make_sim_rig", without_perfusion)
    code, _, err = command(["g\n"], more='solution = "high K"\nwait = 0\n')
    assert code == 0
    assert "paused before 'control': let 'high K' flow\n  g  goes on with it\n" in err
    code, _, err = command(None, more='solution = "high K"\nwait = 0\n')
    assert code == 1
    assert "let 'high K' flow; nobody can be asked" in err


def test_ctrl_c_at_the_question_ends_the_run(command, tmp_path, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    class Interrupted:
        def __iter__(self):
            return self

        def __next__(self):
            interrupt()

    code, _, err = command(Interrupted())
    assert code == 130
    assert err.splitlines()[-1] == "blueslice: stopped; what was completed is kept"
    numbers, stop = last_run(tmp_path)
    assert (numbers, stop["exit_status"]) == ([], "abort")


def test_where_there_is_no_terminal_nobody_reads(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for nothing in (None, io.StringIO("g"), closed):
        monkeypatch.setattr("sys.stdin", nothing)
        assert read_terminal() is None


UNMET = Gates(rest_mV=(-60, -50), response_mV=(90, 99))
STABLE = {"name": "a", "trials": 1, "wait": "stable"}
REHEARSED = {
    "gates": (drug_wash, {"steps": [{"name": "a", "trials": 2}], "gates": UNMET}),
    "a step's gates": (drug_wash, {"steps": [{"name": "a", "trials": 2, "gates": UNMET}]}),
    "a response that is never stable": (drug_wash, {"steps": [STABLE]}),
    "solutions by hand": (drug_wash, {"steps": [{"name": "a", "solution": "x", "wait": 0}]}),
    "calibration by hand": (calibrate, {"sodium_mM": [0, 10], "wait_s": 1}),
    "a threshold": (find_threshold, {"max_trials": 20, "confirm": 0}),
}


@pytest.mark.parametrize("case", REHEARSED)
def test_a_rehearsal_tells_nobody_anything(directory, caplog, case):
    plan, arguments = REHEARSED[case]
    rig = make_sim_rig(data_directory=directory)
    if "hand" in case:
        rig.perfusion = None
    caplog.set_level(logging.INFO)
    assert rehearse(plan(rig, **arguments), rig).events
    assert [record.getMessage() for record in caplog.records] == []


def test_a_dry_run_prints_no_alarm(command):
    code, out, err = command(None, "--dry-run")
    assert (code, err) == (0, "")
    assert "test of the cell" in out


def test_at_a_prompt_it_is_the_run_engine_that_goes_on(run_engine, directory, tmp_path, caplog):
    (tmp_path / "file.toml").write_text(FILE.format(more=GATES))
    rig = make_sim_rig(data_directory=directory)
    with pytest.raises(RunEngineInterrupted):
        run_engine(protocol(rig, load_protocol(tmp_path / "file.toml")))
    (told,) = [r.getMessage() for r in caplog.records if r.name.startswith("blueslice.plans")]
    assert told == (
        f"paused before trial 1 (control): {REST}; RE.resume() takes the trial all the same, "
        "RE.abort() ends the run"
    )
    run_engine.abort()
