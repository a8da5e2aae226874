"""From the tap to the tissue: the delay, the exchange, and what sticks."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from blueslice.errors import BadInputError
from blueslice.sim.bath import (
    ACSF,
    CONTROL_BATH,
    DRUGS,
    SOLUTIONS,
    BathState,
    Chamber,
    bath_at,
    calibration,
)

BOTTLES = {bottle.name: bottle for bottle in SOLUTIONS}
CHAMBER = Chamber()
CNQX, CPP = BOTTLES["ACSF + 5 uM CNQX"], BOTTLES["ACSF + 10 uM CPP"]
ONE_MG, TTX = BOTTLES["1 Mg ACSF"], BOTTLES["ACSF + 1 uM TTX"]
IN_S = 100.0  # when the solution under test is let in
ARRIVES_S = IN_S + CHAMBER.delay_s


def test_the_default_chamber_is_perfused_at_the_papers_rate():
    assert CHAMBER.flow_mL_per_min == 1.0
    assert (CHAMBER.delay_s, CHAMBER.exchange_s) == (60.0, 90.0)
    twice = Chamber(flow_mL_per_min=2.0)
    assert (twice.delay_s, twice.exchange_s) == (30.0, 45.0)


@pytest.mark.parametrize("time_s", [-5.0, 0.0, 1e6])
def test_what_has_always_flowed_is_there(time_s):
    assert bath_at([(0.0, ACSF)], time_s, CHAMBER) == CONTROL_BATH
    assert dict(bath_at([(0.0, CNQX)], time_s, CHAMBER).drugs_uM) == {"CNQX": 5.0}


@pytest.mark.parametrize(
    ("after_arrival_s", "part"), [(-0.01, 0.0), (0.0, 0.0), (90.0, 1 - np.exp(-1)), (1e5, 1.0)]
)
def test_a_solution_comes_after_the_dead_volume_with_one_exponential(after_arrival_s, part):
    history = [(0.0, ACSF), (IN_S, BOTTLES["1 Mg ACSF + 5 uM CNQX"])]
    bath = bath_at(history, ARRIVES_S + after_arrival_s, CHAMBER)
    assert bath.drugs_uM["CNQX"] == pytest.approx(5 * part)
    assert bath.magnesium_mM == pytest.approx(2 - part)
    assert bath.calcium_mM == pytest.approx(2)


def test_it_is_the_solution_of_the_balance_of_the_chamber():
    # c' = (c_in - c) / tau, solved by scipy over four switches; CNQX leaves 3 times slower.
    history = [(0.0, ACSF), (30.0, CNQX), (200.0, CPP), (230.0, CNQX), (500.0, ONE_MG)]
    at_s = np.linspace(0, 1500, 61)

    def inflow(t):
        flowing = [bottle for begun_s, bottle in history if begun_s + CHAMBER.delay_s <= t]
        return (flowing or [ACSF])[-1]

    def slope(t, c):
        drug, magnesium = inflow(t).drugs_uM.get("CNQX", 0.0), inflow(t).magnesium_mM
        slow = 1.0 if drug >= c[0] else DRUGS["CNQX"].washout_slowing
        return [(drug - c[0]) / (90.0 * slow), (magnesium - c[1]) / 90.0]

    solved = solve_ivp(slope, (0, 1500), [0, 2], t_eval=at_s, max_step=0.5, rtol=1e-8)
    ours = [bath_at(history, t, CHAMBER) for t in at_s]
    np.testing.assert_allclose([b.drugs_uM["CNQX"] for b in ours], solved.y[0], atol=0.02)
    np.testing.assert_allclose([b.magnesium_mM for b in ours], solved.y[1], atol=0.005)


@pytest.mark.parametrize(("bottle", "drug"), [(CNQX, "CNQX"), (CPP, "CPP"), (TTX, "TTX")])
def test_a_drug_leaves_as_much_slower_as_it_sticks(bottle, drug):
    history = [(0.0, bottle), (IN_S, ACSF)]
    full_uM = bottle.drugs_uM[drug]
    slow_s = CHAMBER.exchange_s * DRUGS[drug].washout_slowing
    left_uM = bath_at(history, ARRIVES_S + slow_s, CHAMBER).drugs_uM[drug]
    assert left_uM == pytest.approx(full_uM / np.e)


def test_cnqx_washes_out_within_an_experiment_and_cpp_does_not():
    half_hour_s = ARRIVES_S + 1800
    left = {
        drug: bath_at([(0.0, bottle), (IN_S, ACSF)], half_hour_s, CHAMBER).drugs_uM[drug]
        for drug, bottle in (("CNQX", CNQX), ("CPP", CPP))
    }
    assert left["CNQX"] < 0.1 * DRUGS["CNQX"].ic50_uM
    assert left["CPP"] > 5 * DRUGS["CPP"].ic50_uM


def test_ionophores_stay_in_the_membrane_while_sodium_changes():
    history = [(0.0, ACSF), (IN_S, calibration(40.0)), (2 * IN_S + 1e4, ACSF)]
    assert bath_at(history, ARRIVES_S + 90.0, CHAMBER).ionophores == pytest.approx(1 - np.exp(-1))
    late = bath_at(history, 1e5, CHAMBER)
    assert (late.ionophores, late.sodium_mM) == pytest.approx((1.0, 151.25))


def test_a_switch_that_is_taken_back_in_the_tubing_still_comes():
    history = [(0.0, ACSF), (IN_S, CNQX), (IN_S + 10, ACSF)]
    most_uM = bath_at(history, ARRIVES_S + 10, CHAMBER).drugs_uM["CNQX"]
    assert most_uM == pytest.approx(5 * (1 - np.exp(-10 / 90)))
    assert 0 < bath_at(history, ARRIVES_S + 60, CHAMBER).drugs_uM["CNQX"] < most_uM


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: bath_at([], 0.0, CHAMBER), "no solution"),
        (lambda: bath_at([(5.0, ACSF), (4.0, CNQX)], 9.0, CHAMBER), "let in at 4 s, before"),
        (lambda: Chamber(flow_mL_per_min=0.0), "flow_mL_per_min = 0.0"),
        (lambda: Chamber(volume_mL=-1.0), "volume_mL = -1.0"),
        (lambda: BathState(magnesium_mM=-1.0, calcium_mM=2.0, sodium_mM=1.0), "magnesium_mM"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make, text):
    with pytest.raises(BadInputError, match=text) as refused:
        make()
    assert "\n" not in str(refused.value)
