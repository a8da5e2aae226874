"""Each trial of each plan says what flows, since when, and how much of it has arrived."""

import bluesky.plan_stubs as bps
import numpy as np
import pytest

from blueslice.plans import (
    bap_train,
    blank,
    drug_wash,
    paired,
    single_pulse,
    trial_series,
    two_pulse,
)
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial

CNQX = "ACSF + 5 uM CNQX"
PLANS = {
    "two_pulse": lambda rig: two_pulse(rig, trials=1, blanks=1),
    "single_pulse": lambda rig: single_pulse(rig, trials=1),
    "blank": lambda rig: blank(rig, trials=1),
    "trial_series": lambda rig: trial_series(rig, [Trial(frame_count=40)] * 2),
    "bap_train": lambda rig: bap_train(rig, trials=1),
    "paired": lambda rig: paired(rig, trials=1),
    "drug_wash": lambda rig: drug_wash(rig, [{"name": "as it flows", "trials": 1}]),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_drug_that_was_started_by_hand_is_recorded(run_engine, documents, small_rig, name):
    plan = PLANS[name]

    def started_by_hand():
        yield from bps.mv(small_rig.perfusion, CNQX)
        yield from bps.mv(small_rig.rest, 120.0)
        return (yield from plan(small_rig))

    run_engine(started_by_hand(), documents)
    trials = len(documents.column("trials", "trial-number"))
    assert trials
    for of in ("trial", "perfusion"):
        assert documents.column("trials", f"{of}-solution") == [CNQX] * trials
        assert documents.column("trials", f"{of}-drug") == ["CNQX"] * trials
        assert documents.column("trials", f"{of}-concentration_uM") == [5.0] * trials
    assert documents.column("trials", "perfusion-since_s") == [0.0] * trials
    ended_s = np.array(documents.column("trials", "rest-experiment_time_s"))
    bath = small_rig.perfusion.backend
    expected = 1 - np.exp(-(ended_s - bath.delay_s) / bath.exchange_s)
    np.testing.assert_allclose(documents.column("trials", "perfusion-arrived"), expected, rtol=1e-6)


def test_another_solution_than_planned_is_what_is_recorded(
    run_engine, documents, small_rig, caplog
):
    """Somebody turns the valve back after the step's solution was let in."""
    backend = small_rig.perfusion.backend
    steps = [{"name": "CNQX", "solution": CNQX, "trials": 2, "interval_s": 10}]

    def turn_back(name, doc):
        if name == "event" and doc["data"].get("trial-number") == 1:
            backend.select("ACSF")

    run_engine(
        drug_wash(small_rig, steps), lambda name, doc: (documents(name, doc), turn_back(name, doc))
    )
    assert documents.column("trials", "trial-solution") == [CNQX, "ACSF"]
    assert documents.column("trials", "trial-drug") == ["CNQX", ""]
    assert f"trial 2 was planned in '{CNQX}', but 'ACSF' flowed" in caplog.text


def test_valves_that_do_not_tell_cost_no_trial(run_engine, documents, small_rig, monkeypatch):
    def fail():
        raise OSError("no cable")

    monkeypatch.setattr(small_rig.perfusion.backend, "selected", fail)
    with pytest.raises(Exception, match="did not tell what flows"):
        run_engine(two_pulse(small_rig, trials=2), documents)
    assert documents.column("trials", "trial-ok") == [True]
    assert documents.column("trials", "trial-solution") == ["unknown"]
    assert np.isnan(documents.column("trials", "perfusion-concentration_uM")).all()


def test_without_a_perfusion_the_bath_is_unknown(run_engine, documents):
    rig = make_sim_rig(3, rows=24, columns=24)
    rig.perfusion = None
    rig.trial_log._bath = None
    run_engine(two_pulse(rig, trials=1), documents)
    assert documents.column("trials", "trial-solution") == ["unknown"]
    assert documents.column("trials", "trial-drug") == ["unknown"]
    assert np.isnan(documents.column("trials", "trial-concentration_uM")).all()
    assert documents.column("trials", "trial-phase") == [""]


def test_a_drug_that_is_added_by_hand_is_recorded_beside_what_flows(
    run_engine, documents, small_rig
):
    """The perfusion knows nothing of what somebody adds to the bath."""
    steps = [
        {"name": "control", "trials": 1},
        {"name": "TTX", "drugs_uM": {"TTX": 1}, "trials": 1},
        {"name": "rinsed", "drugs_uM": {}, "trials": 1},
    ]
    run_engine(drug_wash(small_rig, steps), documents)
    assert documents.column("trials", "trial-solution") == ["ACSF"] * 3
    assert documents.column("trials", "trial-drug") == ["", "TTX", ""]
    assert documents.column("trials", "trial-concentration_uM") == [0.0, 1.0, 0.0]
    assert documents.column("trials", "perfusion-drug") == [""] * 3
