"""A calibration series: what the slice is in at each trial, and whether a curve can be fitted."""

from dataclasses import replace

import numpy as np
import pytest
from ophyd.sim import SynAxis

from blueslice.analysis import fit_calibration
from blueslice.errors import BadInputError
from blueslice.plans import calibrate
from blueslice.rig import make_sim_rig

KD_MM, RANGE = 84.2, 3.7


@pytest.fixture
def seen(small_rig, monkeypatch):
    """Let the light follow the sodium in the bath by the dye's curve, and note that sodium.

    The simulated cell does not take up sodium through ionophores.
    """
    found = []
    play = small_rig.bench.source.play

    def with_curve(wiring, index):
        sodium = wiring.bath.sodium_mM
        found.append((wiring.started_s, sodium, wiring.bath.ionophores))
        played = play(wiring, index)
        light = 1000 * (1 + RANGE * sodium / (sodium + KD_MM))
        return replace(played, frames=np.full_like(played.frames, round(light)))

    monkeypatch.setattr(small_rig.bench.source, "play", with_curve)
    return found


def test_a_curve_is_fitted_from_the_run_alone(run_engine, documents, small_rig, seen):
    levels_mM = [0, 10, 40, 100, 170]
    run_engine(calibrate(small_rig, sodium_mM=levels_mM, trials=2), documents)
    told_mM = documents.start["calibration"]["concentration_mM"]
    assert told_mM == [level for level in levels_mM for _ in range(2)]
    np.testing.assert_allclose([sodium for _, sodium, _ in seen], told_mM, atol=0.5)
    assert all(ionophores > 0.99 for _, _, ionophores in seen)
    frames = documents.read("camera")
    assert frames.shape == (10, 20, 24, 24)
    fitted = fit_calibration(told_mM, frames.mean((1, 2, 3)))
    assert fitted.dissociation_constant_mM == pytest.approx(KD_MM, rel=0.03)
    assert fitted.dynamic_range == pytest.approx(RANGE, rel=0.03)


def test_each_trial_says_what_it_was_taken_in(run_engine, documents, small_rig):
    run_engine(calibrate(small_rig, sodium_mM=[10.0, 0.0], trials=2, rest_s=30.0), documents)
    names = ["calibration 10 mM Na"] * 2 + ["calibration 0 mM Na"] * 2
    assert documents.column("trials", "trial-solution") == names
    assert documents.column("trials", "perfusion-solution") == names
    assert documents.column("trials", "trial-step") == [1, 1, 2, 2]
    assert documents.column("trials", "trial-number") == [1, 2, 3, 4]
    assert documents.start["trial_table"]["solution"] == names
    assert documents.start["calibration"]["ion"] == "sodium"
    times_s = np.diff(documents.column("trials", "rest-experiment_time_s"))
    wait_s = documents.start["calibration"]["wait_s"]
    # 60 s of tubing, four time constants of 90 s, and as long again for the cell.
    assert wait_s == 2 * (60 + 4 * 90)
    np.testing.assert_allclose(times_s, [30.04, wait_s + 0.04, 30.04], atol=1e-6)


def test_a_classic_perfusion_is_waited_for_as_told(messages, small_rig):
    small_rig.extra["sodium"] = SynAxis(name="sodium")
    plan = calibrate(
        small_rig, [5.0, 15.0], solution="{sodium_mM:g}", perfusion="sodium", wait_s=100.0
    )
    with pytest.raises(BadInputError, match="wait = 'arrival'"):
        next(calibrate(small_rig, [5.0], perfusion="sodium"))
    told = [s for s in messages(plan).settings() if s[0] in ("sodium", "rest")]
    assert told == [("sodium", "5"), ("rest", 100.0), ("sodium", "15"), ("rest", 100.0)]


def test_it_begins_and_ends_dark(messages, small_rig):
    sent = messages(calibrate(small_rig, [0.0, 10.0]))
    sent.check_dark()
    names = sent.names()
    # Each solution is let in and waited for before its trial is prepared.
    order = [n for n in names if n in ("set perfusion", "set rest", "prepare camera")]
    assert order == ["set perfusion", "set rest", "prepare camera"] * 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sodium_mM": []}, "sodium_mM = "),
        ({"sodium_mM": "0"}, "sodium_mM = '0'"),
        ({"sodium_mM": [-1.0]}, "sodium_mM = -1"),
        ({"sodium_mM": [5.0]}, "no solution 'calibration 5 mM Na'; it has ACSF"),
        ({"solution": "{sodium}"}, "solution = '{sodium}'"),
        ({"trials": 0}, "trials = 0"),
        ({"wait_s": -1}, "wait_s = -1"),
        ({"perfusion": "tap"}, "has no such device; its extra ones are stage_x, stage_y"),
        ({"exposure_s": 0.002}, "read out"),
    ],
)
def test_bad_input_is_refused_before_anything_is_told(small_rig, arguments, text):
    with pytest.raises(BadInputError, match=text) as refused:
        next(calibrate(small_rig, **arguments))
    assert "\n" not in str(refused.value)


def test_the_default_series_is_on_the_simulated_rig(messages, directory):
    sent = messages(calibrate(make_sim_rig(1, data_directory=directory)))
    assert len([m for m in sent if m.command == "collect"]) == 8


@pytest.mark.parametrize(
    "solution",
    ["{sodium_mM:999999999}", "{sodium_mM:>99999999g}", "{sodium_mM.real}", "{0}", "{", "a}", 5],
)
def test_only_the_concentration_is_filled_into_a_name(small_rig, messages, solution):
    with pytest.raises(BadInputError, match=r"give the name with \{sodium_mM:g\}") as refused:
        messages(calibrate(small_rig, [5.0], solution=solution))
    assert len(str(refused.value)) < 300
