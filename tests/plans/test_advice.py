"""What is allowed and hardly meant is said once, in the run and by a dry run."""

import pytest

from blueslice.cli import main
from blueslice.plans import calibrate, drug_wash
from blueslice.protocols import rehearse
from blueslice.rig import make_sim_rig

CNQX = "ACSF + 5 uM CNQX"
CONTROL = {"name": "control", "trials": 1}
NEEDED = "is shorter than the 420 s that perfusion needs (60 s of dead volume and 4 x 90 s of exch"


def step(name="CNQX", solution=CNQX, **more):
    return {"name": name, "solution": solution, "trials": 1, **more}


# plan: arguments, what is said
CASES = {
    "arrival_s too short": (
        drug_wash, {"steps": [CONTROL, step()], "arrival_s": 5}, ["arrival_s = 5 s"]
    ),
    "arrival_s just enough": (drug_wash, {"steps": [CONTROL, step()], "arrival_s": 420}, []),
    "the perfusion's own": (drug_wash, {"steps": [CONTROL, step()]}, []),
    "a step's wait": (drug_wash, {"steps": [CONTROL, step(wait=60)]}, ["step 'CNQX': wait = 60 s"]),
    "a step's wait, long enough": (
        drug_wash, {"steps": [CONTROL, step(wait=1200)], "arrival_s": 5}, []
    ),
    "two steps": (
        drug_wash,
        {"steps": [CONTROL, step(), step("wash", "ACSF", wait=1)], "arrival_s": 5},
        ["arrival_s = 5 s", "step 'wash': wait = 1 s"],
    ),
    "the same solution on": (drug_wash, {"steps": [step(wait=420), step("more", wait=0)]}, []),
    "nothing chosen": (drug_wash, {"steps": [CONTROL], "arrival_s": 5}, []),
    "a calibration": (
        calibrate, {"sodium_mM": [0, 10], "trials": 1, "wait_s": 60}, ["wait_s = 60 s"]
    ),
    "a calibration, long enough": (
        calibrate, {"sodium_mM": [0, 10], "trials": 1, "wait_s": 420}, []
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_times_shorter_than_the_bath_needs(directory, caplog, case):
    plan, arguments, said = CASES[case]
    rig = make_sim_rig(data_directory=directory)
    advice = rehearse(plan(rig, **arguments), rig).advice
    assert [text.partition(" is shorter")[0] for text in advice] == said
    assert all(NEEDED in text for text in advice)
    assert caplog.records == []


def test_a_perfusion_that_tells_nothing_is_not_known(directory):
    rig = make_sim_rig(data_directory=directory)
    rig.perfusion = None
    assert rehearse(drug_wash(rig, [CONTROL, step()], arrival_s=5), rig).advice == ()


def test_the_run_says_it_once(directory, run_engine, caplog):
    rig = make_sim_rig(data_directory=directory, rows=24, columns=24)
    run_engine(drug_wash(rig, [CONTROL, step(wait=1)]))
    said = [r.getMessage() for r in caplog.records if "is shorter than" in r.getMessage()]
    assert len(said) == 1


def test_a_dry_run_shows_it(tmp_path, capsys):
    file = tmp_path / "file.toml"
    file.write_text(
        '[[steps]]\nplan = "drug_wash"\narrival_s = 5\n[[steps.steps]]\nname = "control"\n'
        f'[[steps.steps]]\nname = "CNQX"\nsolution = "{CNQX}"\n'
    )
    assert main(["run", str(file), "--dry-run", "--data-dir", str(tmp_path / "data")]) == 0
    told = capsys.readouterr()
    assert f"attention: step 1 (drug_wash): arrival_s = 5 s {NEEDED}" in told.out
    assert told.err == ""
