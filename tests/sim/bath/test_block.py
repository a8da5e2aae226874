"""What drugs leave of their targets."""

import pytest

from blueslice.errors import BadInputError
from blueslice.sim.bath import DRUGS, Unblocked, drug_named, occupancy, unblocked


@pytest.mark.parametrize(
    ("concentration_uM", "ic50_uM", "hill", "part"),
    [
        (0.0, 1.0, 1.0, 0.0),
        (0.0, 1.0, 2.0, 0.0),
        (1.0, 1.0, 1.0, 0.5),
        (1.0, 1.0, 3.0, 0.5),
        (9.0, 1.0, 1.0, 0.9),
        (3.0, 1.0, 2.0, 0.9),
        (1e-9, 1.0, 200.0, 0.0),
    ],
)
def test_occupancy_is_hills(concentration_uM, ic50_uM, hill, part):
    assert occupancy(concentration_uM, ic50_uM, hill) == pytest.approx(part)


@pytest.mark.parametrize(
    ("drug", "concentration_uM", "target", "least", "most"),
    [
        # as the paper gives them: CNQX leaves sodium under 10 %, CPP calcium 5-20 %, TTX nothing
        ("CNQX", 5.0, "ampa", 0.0, 0.1),
        ("CPP", 10.0, "nmda", 0.0, 0.1),
        ("TTX", 1.0, "sodium_channels", 0.0, 0.01),
        ("CNQX", 0.3, "ampa", 0.5, 0.5),
        ("CPP", 0.54, "nmda", 0.5, 0.5),
        ("TTX", 0.0078, "sodium_channels", 0.5, 0.5),
        ("CNQX", 0.0, "ampa", 1.0, 1.0),
    ],
)
def test_a_drug_blocks_its_own_target_alone(drug, concentration_uM, target, least, most):
    left = unblocked({drug: concentration_uM}).model_dump()
    assert least <= round(left.pop(target), 12) <= most
    assert set(left.values()) == {1.0}


def test_without_a_drug_all_is_left_and_two_drugs_block_two_targets():
    assert unblocked({}) == Unblocked(ampa=1, nmda=1, sodium_channels=1)
    both = unblocked({"CNQX": 0.3, "CPP": 0.54})
    assert (both.ampa, both.nmda, both.sodium_channels) == pytest.approx((0.5, 0.5, 1.0))


@pytest.mark.parametrize("name", DRUGS)
def test_every_drug_says_where_its_value_comes_from(name):
    drug = drug_named(name)
    assert drug.name == name
    assert any(word.rstrip(",").isdigit() for word in drug.source.split()), "a year"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: unblocked({"milk": 1.0}), "'milk' is unknown.*CNQX, CPP, TTX"),
        (lambda: drug_named("ttx"), "'ttx' is unknown.*CNQX, CPP, TTX"),
        (lambda: unblocked({"TTX": -1.0}), "concentration_uM = -1.0"),
        (lambda: occupancy(float("nan"), 1.0), "concentration_uM = nan"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, text):
    with pytest.raises(BadInputError, match=text) as refused:
        call()
    assert "\n" not in str(refused.value)
