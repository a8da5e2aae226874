"""``blueslice run``: a protocol file by the path of the demo, checked before anything is made."""

import json
import threading
from functools import partial

import pytest

from blueslice._run_control import RunControl
from blueslice.callbacks import find_journals, read_journal
from blueslice.cli import main
from blueslice.session import Session

FILE = """
exposure_budget_s = 1.5
[metadata]
operator = "K. Ross"
cell = "c1"
[[steps]]
plan = "two_pulse"
trials = 3
[[steps]]
plan = "blank"
wait_before_s = 60
"""


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command without a catalogue; returns code, stdout and stderr."""
    without_catalogue = partial(Session, catalogue=False)
    monkeypatch.setattr("blueslice.commands._protocol_run.Session", without_catalogue)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.toml").write_text(FILE)

    def run(*arguments):
        code = main([*arguments, "--data-dir", str(tmp_path / "data")])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out, told.err

    return run


def starts(tmp_path):
    """The start documents of raw runs, with the uids of the derived runs' raw ones."""
    documents = [next(iter(read_journal(p)))[1] for p in find_journals(tmp_path / "data/journal")]
    return sorted((d for d in documents if "raw_run" not in d), key=lambda d: d["time"])


def test_a_stop_from_the_live_page_ends_the_command_in_one_line(command, tmp_path, monkeypatch):
    def stop_after_the_first_trial(engine, *arguments, **options):
        control = RunControl(engine)

        def hear(name, doc):
            if doc["data"].get("trial-number") == 1:
                threading.Thread(target=control.stop).start()

        engine.subscribe(hear, "event")

    monkeypatch.setattr(
        "blueslice.commands._protocol_run.ProgressDisplay", stop_after_the_first_trial
    )
    code, _, err = command("run", "file.toml", "--fast", "--json")
    assert (code, err) == (130, "blueslice: stopped; what was completed is kept\n")
    (start,) = starts(tmp_path)
    assert start["plan_name"] == "two_pulse"


def test_all_steps_are_run_and_told(command, tmp_path):
    code, out, err = command("run", "file.toml", "--fast", "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert [(s["step"], s["plan"]) for s in summary["steps"]] == [(1, "two_pulse"), (2, "blank")]
    two_pulse, blank = starts(tmp_path)
    assert [s["run"] for s in summary["steps"]] == [two_pulse["uid"], blank["uid"]]
    for start in (two_pulse, blank):
        assert (start["operator"], start["cell"]) == ("K. Ross", "c1")
    assert blank["protocol"] == {"name": "file.toml", "step": 2, "steps": 2}
    # The blank alone shows no ROI; it is measured where the step before was.
    rois = [s["rois"] for s in summary["steps"]]
    assert rois[0] == rois[1] != []
    assert {row["trial"] for row in summary["steps"][1]["measures"]} == {1}
    # The ledger has it, and the next run of the cell is held to the file's budget.
    code, out, _ = command("exposure", "c1", "--json")
    (cell,) = json.loads(out)
    assert (code, cell["trials"], len(cell["runs"])) == (0, 4, 2)
    assert cell["light_s"] == pytest.approx({"385": 0.36, "520": 0.36})
    code, _, _ = command("run", "file.toml", "--fast", "--json")
    assert code == 0
    code, _, err = command("run", "file.toml", "--fast")
    assert code == 2
    assert "cell 'c1' has had 1.44 s of light and this would add 0.72 s" in err
    assert len(err.splitlines()) == 1
    assert len(starts(tmp_path)) == 4
    code, _, err = command("run", "file.toml", "--fast", "--exceed-budget", "--json")
    assert code == 0
    assert "cell 'c1' will have had 1.98 s of light" in err


def test_what_a_person_sees(command, tmp_path):
    code, out, _ = command("run", "file.toml", "--fast", "--cell", "c9")
    assert code == 0
    for told in ("4 of 4 trials, done", "step 2: blank", "0.72 of 1.5 s for the cell c9"):
        assert told in out
    code, out, _ = command("exposure")
    assert code == 0
    (row,) = [line for line in out.splitlines() if "c9" in line]
    assert "0.360" in row
    assert "0.720" in row
    code, _, err = command("exposure", "c8")
    assert (code, err) == (2, "blueslice: cell 'c8': no run names it; there is c9\n")


@pytest.mark.parametrize("name", ["run", "demo"])
def test_a_dry_run_does_nothing(command, tmp_path, name):
    arguments = ["run", "file.toml"] if name == "run" else ["demo", "--trials", "3"]
    code, out, err = command(*arguments, "--dry-run")
    assert (code, err) == (0, "")
    for told in ("step 1: two_pulse", "trial A", "camera ", "LED 1 ", "nothing was lit"):
        assert told in out
    code, out, _ = command(*arguments, "--dry-run", "--json")
    summary = json.loads(out)
    assert summary["planned_light_s"] == pytest.approx(0.72)
    assert summary["duration_s"] == pytest.approx(60.8 if name == "run" else 0.8)
    assert summary["budget_s"] == (1.5 if name == "run" else 2.0)
    assert len(summary["timing"]) == 2
    assert not (tmp_path / "data").exists()


def test_a_dry_run_tells_of_light_that_will_be_refused(command):
    _, out, _ = command("demo", "--trials", "30", "--dry-run")
    assert "279% of its budget of 2 s; it will be refused without --exceed-budget" in out
    code, _, err = command("demo", "--trials", "30", "--fast")
    assert code == 2
    assert "this would add 5.58 s, more than its budget of 2 s" in err


WASH = '[[steps]]\nplan = "drug_wash"\n[[steps.steps]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ('[[steps]]\nplan = "two_pulse"\ntrails = 3', [], "step 1 (two_pulse): trails: there is"),
        ('[[steps]]\nplan = "two_pulse"\nrest_s = -5', [], "step 1 (two_pulse): rest_s = -5.0"),
        (WASH + 'solution = "ACSF + 5 uM CNQQ"', [], "CNQQ"),
        (FILE, ["--rig", "rig.toml", "--fast"], "--fast and --rig: the rig file decides it"),
        (FILE, ["--rig", "rig.toml", "--seed", "3"], "--seed and --rig: the rig file decides it"),
        (FILE, ["--rig", "none.toml"], "none.toml cannot be read"),
        (FILE, ["--seed", "-3"], "seed = -3"),
        (FILE, ["--cell", " "], "cell = ' ': give the cell a name"),
        (FILE, ["--roi", "1,2,3"], "1,2,3"),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_bad_input_is_one_line_before_anything_is_made(command, tmp_path, text, options, told, dry):
    (tmp_path / "file.toml").write_text(text)
    (tmp_path / "rig.toml").write_text('name = "mine"\n')
    code, out, err = command("run", "file.toml", *options, *(["--dry-run"] if dry else []))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_a_rig_file_is_taken(command, tmp_path):
    (tmp_path / "rig.toml").write_text('name = "north rig"\npace = "fast"\nseed = 3\n')
    code, _, _ = command("run", "file.toml", "--rig", "rig.toml", "--json")
    assert code == 0
    assert {start["rig"] for start in starts(tmp_path)} == {"north rig"}


WASH = """
[metadata]
operator = "K. Ross"
[[steps]]
plan = "blank"
[[steps]]
plan = "drug_wash"
frame_count = 40
onset_s = 0.02
steps = [
    {name = "control", trials = 2, wait = 0},
    {name = "CNQX", solution = "ACSF + 5 uM CNQX", trials = 3, wait = 60},
]
"""
BROKEN_RIG = """
name = "broken"
pace = "fast"
seed = 1
[[faults.silent_instrument]]
device = "camera"
phase = "read"
trials = [4]
"""


def test_a_wash_that_was_broken_off_goes_on_by_the_command(command, tmp_path):
    """In its step, with its cell, without the steps before it."""
    (tmp_path / "wash.toml").write_text(WASH)
    (tmp_path / "broken.toml").write_text(BROKEN_RIG)
    code, _, err = command("run", "wash.toml", "--rig", "broken.toml")
    assert code == 1
    assert "4 of 6 trials were completed and are kept" in err
    (_, broken_off) = starts(tmp_path)
    code, _, err = command("run", "wash.toml", "--fast", "--resume", broken_off["uid"][:8])
    assert (code, err.count("Traceback")) == (0, 0)
    going_on = starts(tmp_path)[2:]
    assert [start["plan_name"] for start in going_on] == ["drug_wash"]
    (start,) = going_on
    assert start["resumes"] == broken_off["uid"]
    assert start["completed_before"] == [1, 2, 3]
    assert start["trial_table"]["number"] == [4, 5]
    assert start["trial_table"]["phase"] == ["CNQX"] * 2
    assert (start["cell"], start["protocol"]["step"]) == (broken_off["cell"], 2)


@pytest.mark.parametrize(
    ("file", "uid", "told"),
    [
        ("file.toml", "abc", "uid = 'abc': give 6 characters of it or more"),
        ("file.toml", "abcdef12", "uid = 'abcdef12': there are 0 such runs in"),
        ("file.toml", None, "a run of 'two_pulse'; give a run of drug_wash"),
    ],
)
def test_what_cannot_be_resumed_is_one_line(command, tmp_path, file, uid, told):
    if uid is None:
        command("run", "file.toml", "--fast")
        uid = starts(tmp_path)[0]["uid"]
    before = len(starts(tmp_path)) if uid and len(uid) > 8 else 0
    code, out, err = command("run", file, "--fast", "--resume", uid)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    if before:
        assert len(starts(tmp_path)) == before
