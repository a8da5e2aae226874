"""Gates: what a cell's condition is said to be, and the recording it is measured by."""

import math

import pytest

from blueslice.errors import BadInputError
from blueslice.plans import CellCondition, Gates, failing_gates
from blueslice.plans.gates import sweep_trial
from blueslice.trial import Trial, paired_pulses

GATES = Gates(access_MOhm=(5, 30), bridge_MOhm=12, rest_mV=(-80, -60), response_mV=(1, 12))
GOOD = {"access_MOhm": 12.0, "rest_mV": -70.0, "response_mV": 5.0}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"access_MOhm": 34.06}, ["the access resistance is 34.1 MOhm, allowed are 5 to 30 MOhm"]),
        ({"rest_mV": -51.0}, ["the resting potential is -51.0 mV, allowed are -80 to -60 mV"]),
        ({"response_mV": 0.4}, ["the response is 0.4 mV, allowed are 1 to 12 mV"]),
        (
            {"access_MOhm": math.nan},
            ["the access resistance could not be measured, allowed are 5 to 30 MOhm"],
        ),
        (
            {"access_MOhm": 1.0, "rest_mV": -90.0},
            [
                "the access resistance is 1.0 MOhm, allowed are 5 to 30 MOhm",
                "the resting potential is -90.0 mV, allowed are -80 to -60 mV",
            ],
        ),
    ],
)
def test_each_gate_that_fails_is_said(changed, said):
    assert failing_gates(GATES, CellCondition(**{**GOOD, **changed})) == said


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ({"access_MOhm": (5, 30)}, True),
        ({"access_MOhm": (5, 30), "bridge_MOhm": 0}, False),
        ({"access_MOhm": (5, 30), "clamp": "voltage"}, False),
        ({"rest_mV": (-80, -60)}, False),
    ],
)
def test_access_in_current_clamp_without_the_bridge_is_not_measured(given, lacks):
    gates = Gates(**given)
    assert gates.lacks_bridge is lacks
    told = "; ".join(failing_gates(gates, CellCondition(rest_mV=-70.0)))
    assert ("is not measured in current clamp without bridge_MOhm" in told) is lacks


def test_what_has_no_limits_cannot_fail():
    assert failing_gates(Gates(), CellCondition()) == []
    assert Gates().is_open
    assert not Gates(rest_mV=(-80, -60)).is_open


@pytest.mark.parametrize(
    ("gates", "stimulated", "targets"),
    [
        (Gates(rest_mV=(-80, -60)), False, []),
        (Gates(access_MOhm=(5, 30)), False, ["soma"]),
        (GATES, True, ["synapse", "synapse", "soma"]),
    ],
)
def test_the_recording_is_dark_and_has_what_is_needed(gates, stimulated, targets):
    trial = Trial(pulses=paired_pulses(), blank=True)
    sweep = sweep_trial(trial, gates, stimulated=stimulated)
    assert sweep.light_s == {1: 0.0, 2: 0.0}
    assert [pulse.target for pulse in sweep.delivered_pulses] == targets
    assert sweep.frame_count == trial.frame_count
    if "soma" in targets:
        assert (sweep.pulses[-1].onset_s, sweep.pulses[-1].width_s) == (0.14, 0.02)


@pytest.mark.parametrize(
    "trial",
    [Trial(frame_count=20), Trial(frame_count=60, pulses=paired_pulses(onset_s=0.06))],
    ids=["too short", "stimulus too late"],
)
def test_a_trial_without_room_for_a_test_pulse_is_refused(trial):
    with pytest.raises(BadInputError, match="has no room for a test pulse"):
        sweep_trial(trial, GATES, stimulated=True)
