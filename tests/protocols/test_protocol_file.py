"""Protocol files: what they say, and one line for each thing that they may not say."""

import pytest

from blueslice import plans
from blueslice.errors import BadInputError
from blueslice.protocols import check_protocol, load_protocol, protocol_plans
from blueslice.rig import make_sim_rig

TOML = """
title = "two"
exposure_budget_s = 3
[metadata]
operator = "K. Ross"
cell = "c3"
[[steps]]
plan = "two_pulse"
trials = 2
interval_s = 12e-3
[[steps]]
plan = "blank"
wait_before_s = 60
"""
YAML = """
title: two
exposure_budget_s: 3
metadata: {operator: K. Ross, cell: c3}
steps:
- plan: two_pulse
  trials: 2
  interval_s: 12e-3
- plan: blank
  wait_before_s: 60
"""


@pytest.fixture(scope="module")
def rig():
    return make_sim_rig(1)


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, suffix=".toml", encoding="utf-8"):
        path = tmp_path / f"file{suffix}"
        path.write_text(text, encoding=encoding)
        return load_protocol(path)

    return write_and_load


@pytest.mark.parametrize("text", [TOML, YAML], ids=["toml", "yaml"])
def test_both_kinds_of_file_say_the_same(load, text):
    described = load(text, ".toml" if text is TOML else ".yaml")
    assert described.metadata.given() == {"operator": "K. Ross", "cell": "c3"}
    assert described.exposure_budget_s == 3.0
    first, second = described.steps
    assert (first.plan, first.arguments) == ("two_pulse", {"trials": 2, "interval_s": 0.012})
    assert (second.plan, second.wait_before_s, second.arguments) == ("blank", 60.0, {})


def test_a_byte_order_mark_does_no_harm(load):
    assert load(TOML, encoding="utf-8-sig") == load(TOML)


def test_the_plans_of_files_are_the_public_plans():
    assert set(protocol_plans()) < set(plans.__all__)
    assert {"two_pulse", "blank", "single_pulse", "replay"} <= set(protocol_plans())
    # Data and helpers are public too, and no plans.
    assert all(callable(plan) for plan in protocol_plans().values())
    assert not any(isinstance(plan, type) for plan in protocol_plans().values())


STEP = '[[steps]]\nplan = "two_pulse"\n'
WASH = '[[steps]]\nplan = "drug_wash"\n[[steps.steps]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (STEP + "intervall_s = 0.01", "(two_pulse): intervall_s: there is no such key; did you "),
        (STEP + "intervall_s = 0.01", "mean interval_s?"),
        (STEP + "Trials = 3", "Trials: there is no such key; did you mean trials?"),
        (STEP + "zebra = 3", "zebra: there is no such key; there is trials, interval_s"),
        (STEP + "rig = 'mine'", "rig: there is no such key"),
        (STEP + "md = {cell = 'c3'}", "md: there is no such key"),
        (STEP + "trials = '3'", "trials: is '3'; give a number"),
        (STEP + "trials = 2.5", "trials: is 2.5; give a whole number"),
        (STEP + "trials = true", "trials: is True; give a number"),
        (STEP + "width_s = nan", "width_s = nan: Input should be a finite number"),
        (STEP + "phase = 3", "phase = 3: Input should be a valid string"),
        (STEP + "onset_s = 2026-11-23", "onset_s: is datetime.date(2026, 11, 23); give a number"),
        (STEP + "wait_before_s = -1", "wait_before_s = -1.0: Input should be greater than or"),
        ('[[steps]]\nplan = "two_puls"', "plan = 'two_puls': there is no such plan; did you mean "),
        ('[[steps]]\nplan = "os.system"', "plan = 'os.system': there is no such plan; there is "),
        ('[[steps]]\nplan = "Gates"', "plan = 'Gates': there is no such plan"),
        ('[[steps]]\nplan = "__import__"', "plan = '__import__': there is no such plan"),
        ("[[steps]]\ntrials = 3", "step 1: there is no plan; give one"),
        ("[[steps]]\nplan = 3", "step 1: there is no plan; give one"),
        ('[[steps]]\nplan = "trial_series"', "step 1 (trial_series): trials: Field required"),
        (STEP + '[[steps]]\nplan = "blank"\ntrails = 1', "step 2 (blank): trails: there is no"),
        (WASH + 'solutoin = "ACSF"', "steps 1: solutoin: there is no such key; did you mean solut"),
        (STEP + "[metadata]\noperater = 'K'", "metadata: operater: there is no such key; did you"),
        (STEP + "[metadata]\ncell = 3", "metadata: cell = 3: Input should be a valid string"),
        ("stepz = []", "stepz: there is no such key; did you mean steps?"),
        ("steps = []", "there are no steps; write [[steps]]"),
        ("steps = 3", "there are no steps; write [[steps]]"),
        ("exposure_budget_s = 0\n" + STEP, "exposure_budget_s = 0: Input should be greater than"),
        ("steps = [", "file.toml is not TOML"),
    ],
)
def test_what_a_file_may_not_say_is_one_line(load, text, told):
    with pytest.raises(BadInputError) as refused:
        load(text)
    assert told in str(refused.value)
    assert str(refused.value).startswith("file.toml")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps:\n- plan: !!python/name:os.system\n", "not plain YAML: could not determine a cons"),
        ("steps:\n- !!python/object/apply:os.system ['true']\n", "(at line 2)"),
        ("steps:\n- plan: blank\n  trials: 1\n  trials: 2\n", 'found duplicate key "trials"'),
        ("steps: [\n", "not plain YAML"),
        ("- plan: blank\n", "there are no steps"),
        ("", "there are no steps"),
        ("[" * 5000, "file.yaml is nested too deeply"),
        # The parser could, but in a time that grows with the square of the depth.
        ("steps: " + "[" * 60 + "]" * 60, "file.yaml is nested too deeply"),
        ("steps: " + "[" * 40 + "]" * 40, "step 1: there is no plan"),
    ],
)
def test_a_yaml_file_is_plain_data(load, text, told):
    with pytest.raises(BadInputError) as refused:
        load(text, ".yaml")
    assert told in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_that_is_none(tmp_path):
    for name, told in (("none.toml", "cannot be read"), ("list.txt", "give .toml or .yaml")):
        with pytest.raises(BadInputError, match=told):
            load_protocol(tmp_path / name)
    (tmp_path / "cut.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="not text in UTF-8"):
        load_protocol(tmp_path / "cut.toml")
    (tmp_path / "large.toml").write_text("#" * 1_000_001)
    with pytest.raises(BadInputError, match="at most 1,000,000"):
        load_protocol(tmp_path / "large.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (STEP + "rest_s = -5", "step 1 (two_pulse): rest_s = -5.0: give"),
        (STEP + "onset_s = 0.5", "step 1 (two_pulse): Trial: the pulse from 500 to 500.2 ms is"),
        (STEP + "frame_rate_Hz = 9000", "step 1 (two_pulse): "),
        (STEP + '[[steps]]\nplan = "replay"', "step 2 (replay): the rig 'simulated' replays"),
        (WASH + 'solution = "ACSF + 5 uM CNQXX"', "step 1 (drug_wash): "),
        (WASH + 'solution = "ACSF + 5 uM CNQX"\ndrugs_uM = {CNQY = 5}', "CNQY"),
        (WASH + "interval_s = -3", "interval_s"),
        (WASH + "trials = 'many'", "trials"),
    ],
)
def test_what_the_rig_or_the_plan_refuses_names_the_step(load, rig, text, told):
    described = load(text)
    with pytest.raises(BadInputError) as refused:
        check_protocol(described, rig)
    assert told in str(refused.value)
    assert str(refused.value).startswith("file.toml: step ")
    assert len(str(refused.value).splitlines()) == 1


def test_data_within_arguments_are_data(load, rig):
    text = '[[steps]]\nplan = "trial_series"\ntrials = [{frame_count = 10, pulses = []}]\n'
    described = load(text)
    assert described.steps[0].arguments["trials"][0].frame_count == 10
    (rehearsal,) = check_protocol(described, rig)
    assert rehearsal.ends_s == pytest.approx(0.02)
    with pytest.raises(BadInputError, match=r"trials 1: frame_cont: .* did you mean frame_count\?"):
        load(text.replace("frame_count", "frame_cont"))
