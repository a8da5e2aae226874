"""Solutions: what is in the bottles, and what cannot be."""

import pytest

from blueslice.errors import BadInputError
from blueslice.sim.bath import ACSF, SOLUTIONS, Solution, calibration

BOTTLES = {bottle.name: bottle for bottle in SOLUTIONS}


def make(**changes):
    values = {"name": "mine", "magnesium_mM": 1.0, "calcium_mM": 2.0, "sodium_mM": 150.0}
    return Solution(**(values | changes))


@pytest.mark.parametrize(
    ("name", "magnesium_mM", "drugs_uM"),
    [
        ("ACSF", 2.0, {}),
        ("1 Mg ACSF", 1.0, {}),
        ("0 Mg ACSF", 0.04, {}),
        ("ACSF + 1 uM TTX", 2.0, {"TTX": 1.0}),
        ("1 Mg ACSF + 5 uM CNQX", 1.0, {"CNQX": 5.0}),
        ("1 Mg ACSF + 10 uM CPP", 1.0, {"CPP": 10.0}),
        ("1 Mg ACSF + 5 uM CNQX + 10 uM CPP", 1.0, {"CNQX": 5.0, "CPP": 10.0}),
        ("0 Mg ACSF + 5 uM CNQX", 0.04, {"CNQX": 5.0}),
    ],
)
def test_the_solutions_of_the_paper_are_there(name, magnesium_mM, drugs_uM):
    bottle = BOTTLES[name]
    assert (bottle.magnesium_mM, bottle.calcium_mM, bottle.sodium_mM) == (magnesium_mM, 2, 151.25)
    assert dict(bottle.drugs_uM) == drugs_uM
    assert not bottle.ionophores


def test_every_bottle_has_its_own_name_and_acsf_comes_first():
    assert len(BOTTLES) == len(SOLUTIONS)
    assert SOLUTIONS[0] == ACSF


def test_calibration_solutions_span_both_dyes_and_open_the_membrane():
    series = [bottle for bottle in SOLUTIONS if bottle.ionophores]
    assert [bottle.sodium_mM for bottle in series] == sorted(b.sodium_mM for b in series)
    assert series[0].sodium_mM == 0
    assert series[-1].sodium_mM == 170
    assert series[0].name == "calibration 0 mM Na"
    # Kd of SBFI and ANG-2
    for kd_mM in (24.5, 84.2):
        assert sum(b.sodium_mM < kd_mM for b in series) >= 3
        assert sum(b.sodium_mM > kd_mM for b in series) >= 3


def test_drugs_are_added_to_those_that_are_in_it():
    both = make(drugs_uM={"TTX": 1.0}).with_drugs({"CNQX": 2.5})
    assert dict(both.drugs_uM) == {"TTX": 1.0, "CNQX": 2.5}
    assert both.name == "mine + 2.5 uM CNQX"
    assert both.magnesium_mM == 1.0


@pytest.mark.parametrize(
    ("make_it", "text"),
    [
        (lambda: make(drugs_uM={"milk": 1.0}), "the drug 'milk' is unknown.*CNQX, CPP, TTX"),
        (lambda: ACSF.with_drugs({"cnqx": 1.0}), "the drug 'cnqx' is unknown.*CNQX, CPP, TTX"),
        (lambda: make(drugs_uM={"CPP": 0.0}), r"drugs_uM\.CPP = 0\.0.*greater than 0"),
        (lambda: make(drugs_uM={"CPP": True}), "give a number"),
        (lambda: make(magnesium_mM=-1.0), "magnesium_mM = -1.0"),
        (lambda: make(name=""), "name = ''"),
        (lambda: make(potassium_mM=2.5), "potassium_mM: there is no such key"),
        (lambda: calibration(171.0), "sodium_mM = 171.0.*give 0 to 170"),
    ],
)
def test_what_cannot_be_in_a_bottle_is_refused_in_one_line(make_it, text):
    with pytest.raises(BadInputError, match=text) as refused:
        make_it()
    assert "\n" not in str(refused.value)
