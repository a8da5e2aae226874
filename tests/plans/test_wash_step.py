"""Steps of a drug wash as data: what is refused, how blanks are spread, what is left."""

import pytest

from blueslice.errors import BadInputError
from blueslice.plans import Gates, Stability, WashStep, remaining_steps
from blueslice.plans.wash_step import wash_steps

STEPS = (
    WashStep(name="control", trials=2, blanks=1),
    WashStep(name="CNQX", solution="ACSF + 5 uM CNQX", trials=3, blanks=1),
    WashStep(name="wash", solution="ACSF", trials=2),
)


@pytest.mark.parametrize(
    ("trials", "blanks", "places"),
    [
        (3, 0, [0, 0, 0]),
        (0, 2, [1, 1]),
        (2, 1, [0, 1, 0]),
        (4, 2, [0, 1, 0, 0, 1, 0]),
        (6, 2, [0, 0, 1, 0, 0, 0, 1, 0]),
    ],
)
def test_blanks_are_spread_evenly(trials, blanks, places):
    found = WashStep(name="a", trials=trials, blanks=blanks).blank_places
    assert found == tuple(bool(place) for place in places)


@pytest.mark.parametrize("trials", range(1, 9))
@pytest.mark.parametrize("blanks", range(1, 9))
def test_blanks_and_trials_come_at_the_same_time_on_the_average(trials, blanks):
    found = WashStep(name="a", trials=trials, blanks=blanks).blank_places
    assert (len(found), sum(found)) == (trials + blanks, blanks)
    others = [k for k, blank in enumerate(found) if not blank]
    # So they have seen the same bleaching.
    assert abs(sum(k for k, b in enumerate(found) if b) / blanks - sum(others) / trials) <= 1.0


@pytest.mark.parametrize(
    ("completed", "expected"),
    [
        (
            (),
            [(1, [1, 2, 3], False), (2, [4, 5, 6, 7], False), (3, [8, 9], False)],
        ),
        ((1, 2, 3), [(2, [4, 5, 6, 7], False), (3, [8, 9], False)]),
        ((1, 2, 3, 4, 5), [(2, [6, 7], True), (3, [8, 9], False)]),
        ((1, 3), [(1, [2], True), (2, [4, 5, 6, 7], False), (3, [8, 9], False)]),
        (tuple(range(1, 9)), [(3, [9], True)]),
        (tuple(range(1, 10)), []),
    ],
)
def test_what_is_left_is_what_was_not_done(completed, expected):
    left = remaining_steps(STEPS, completed)
    assert [(one.number, [n for n, _ in one.trials], one.begun) for one in left] == expected
    blank = {n: b for one in remaining_steps(STEPS) for n, b in one.trials}
    assert all(blank[n] == b for one in left for n, b in one.trials)
    assert all(one.step is STEPS[one.number - 1] for one in left)


@pytest.mark.parametrize("unknown", [0, 10, -1])
def test_a_trial_of_other_steps_is_refused(unknown):
    with pytest.raises(BadInputError, match=f"trial {unknown} is said.*trials 1 to 9"):
        remaining_steps(STEPS, {1, unknown})


def test_steps_are_plain_data():
    step = WashStep(
        name="CNQX",
        solution="ACSF + 5 uM CNQX",
        drugs_uM={"CNQX": 5},
        wait="stable",
        stability=Stability(within=0.1),
        gates=Gates(rest_mV=(-80, -60)),
    )
    assert WashStep.from_document(step.to_document()) == step
    assert wash_steps([step.to_document(), {"name": "wash", "wait": 600}]) == (
        step,
        WashStep(name="wash", wait=600.0),
    )


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"name": "a", "trial": 3}, "trial: there is no such key"),
        ({"name": "", "trials": 3}, "name = ''"),
        ({"name": "a", "trials": 0}, "'a' has no trial"),
        ({"name": "a", "trials": -1}, "trials = -1"),
        ({"name": "a", "trials": 2.5}, "trials"),
        ({"name": "a", "wait": "arrive"}, "wait: give a time from 0 to 86400 s, 'arrival' or"),
        ({"name": "a", "wait": -1}, "wait: give a time"),
        ({"name": "a", "wait": True}, "wait: give a time"),
        ({"name": "a", "wait": None}, "wait: give a time"),
        ({"name": "a", "drugs_uM": {"CNQX": 0}}, "drugs_uM.CNQX = 0"),
        ({"name": "a", "interval_s": float("nan")}, "interval_s"),
        ({"name": "a", "stability": {"responses": 1}}, "stability: Stability: responses = 1"),
        ({"name": "a", "gates": {"rest_mV": [-60, -80]}}, "rest_mV = .* lets nothing through"),
        ({"name": "a", "gates": {"rest": [-80, -60]}}, "gates: Gates: rest: there is no such key"),
        ({"name": "a", "gates": {"clamp": "voltage", "rest_mV": [-80, -60]}}, "voltage clamp"),
        ({"name": "a", "gates": {"access_MOhm": [0, 9], "test_pulse_pA": 0}}, "test_pulse_pA = 0"),
        ("control", "the document is a str"),
    ],
)
def test_a_step_that_is_none_is_named(step, text):
    with pytest.raises(BadInputError, match=f"steps 2: .*{text}") as refused:
        wash_steps([{"name": "control"}, step])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("steps", [None, [], (), "control", {"name": "control"}, 3])
def test_steps_are_a_list(steps):
    with pytest.raises(BadInputError, match="give a list of steps"):
        wash_steps(steps)


@pytest.mark.parametrize(
    ("responses_mV", "stable"),
    [
        ([], False),
        ([5.0, 5.0], False),
        ([5.0, 5.2, 5.4], True),
        ([5.0, 5.2, 6.4], False),
        ([9.0, 5.0, 5.2, 5.4], True),
        # What a drug has abolished is stable, though noise is all of it.
        ([0.1, -0.2, 0.15], True),
        ([5.0, float("nan"), 5.0], False),
    ],
)
def test_stable_is_alike_in_a_row(responses_mV, stable):
    assert Stability(responses=3, within=0.2, within_mV=0.5).holds(responses_mV) == stable
