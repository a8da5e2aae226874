"""The bath keeps its history."""

import pytest

from blueslice.errors import BadInputError
from blueslice.sim.bath import ACSF, CONTROL_BATH, SOLUTIONS, Bath, Chamber, bath_at


def test_the_first_solution_flows_until_another_is_chosen():
    bath = Bath()
    assert bath.flowing == ACSF
    assert bath.at(1e6) == CONTROL_BATH
    bath.switch("ACSF + 10 uM CPP", 5.0)
    assert bath.flowing.name == "ACSF + 10 uM CPP"
    assert [(time_s, bottle.name) for time_s, bottle in bath.switches] == [
        (0.0, "ACSF"),
        (5.0, "ACSF + 10 uM CPP"),
    ]
    assert bath.at(200.0) == bath_at(bath.switches, 200.0, Chamber())
    assert bath.at(200.0).drugs_uM["CPP"] > 1


def test_choosing_what_flows_already_is_no_switch():
    bath = Bath()
    for time_s in (1.0, 2.0):
        bath.switch("1 Mg ACSF", time_s)
    assert [time_s for time_s, _ in bath.switches] == [0.0, 1.0]


def test_its_own_solutions_and_chamber():
    bath = Bath(SOLUTIONS[1:3], Chamber(dead_volume_mL=0.0))
    assert list(bath.solutions) == ["1 Mg ACSF", "0 Mg ACSF"]
    bath.switch("0 Mg ACSF", 0.0)
    assert bath.at(10.0).magnesium_mM < 1


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Bath([]), "no solution"),
        (lambda: Bath([ACSF, ACSF]), "have one name"),
        (lambda: Bath().switch("beer", 1.0), "no solution 'beer' on this rig; it has ACSF, 1 Mg"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, text):
    with pytest.raises(BadInputError, match=text) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_an_unknown_solution_leaves_the_flow_as_it_is():
    bath = Bath()
    with pytest.raises(BadInputError):
        bath.switch("beer", 1.0)
    assert bath.switches == ((0.0, ACSF),)
