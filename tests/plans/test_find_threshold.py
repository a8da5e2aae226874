"""The search for the strongest quiet stimulus: where it settles, and that it is dark."""

import importlib
import math

import pytest

from blueslice.analysis.events import find_plateau, find_spikes
from blueslice.errors import BadInputError
from blueslice.plans import find_threshold, two_pulse
from blueslice.rig import make_sim_rig

RATE_HZ = 20_000.0


def search(run_engine, documents, rig, **arguments):
    """Run a search as a part of a plan; return what that plan gets."""
    found = []

    def plan():
        found.append((yield from find_threshold(rig, **arguments)))

    run_engine(plan(), documents)
    return found[0]


@pytest.mark.parametrize("seed", [1, 3])
def test_it_settles_just_below_the_first_event(run_engine, documents, directory, seed):
    rig = make_sim_rig(seed, data_directory=directory, rows=24, columns=24)
    found_uA = search(run_engine, documents, rig, from_uA=25.0, to_uA=400.0, step_uA=25.0)
    *trials, last = documents.events("threshold")
    tried_uA = [data["threshold-stimulus_uA"] for data in trials]
    assert documents.column("trials", "trial-stimulus_uA") == tried_uA
    searched = documents.column("trials", "trial-condition").count("search")
    assert tried_uA[:searched] == [25.0 * (k + 1) for k in range(searched)]
    assert found_uA == last["threshold-amplitude_uA"] == tried_uA[-1] == tried_uA[-2]
    assert found_uA < tried_uA[searched - 1] < 400.0
    assert all(math.isnan(data["threshold-amplitude_uA"]) for data in trials)
    # What it decided by is in the recorded voltage, for anyone to check.
    voltage = documents.read("amplifier-voltage").reshape(len(tried_uA), -1)
    quiet = []
    for place, data in enumerate(trials):
        artefacts = [(onset, onset + 0.003) for onset in (0.036, 0.046)]
        spikes = find_spikes(voltage[place], RATE_HZ, ignore_s=artefacts)
        held = find_plateau(voltage[place], RATE_HZ, baseline_s=(0.0, 0.036), ignore_s=artefacts)
        assert data["threshold-spikes"] == len(spikes)
        assert (data["threshold-plateau_s"] > 0) == (held is not None)
        quiet.append(not len(spikes) and held is None)
    assert quiet[: searched - 1] == [True] * (searched - 1)
    assert not quiet[searched - 1]
    # After each event a step lower, until two in a row are quiet.
    for place in range(searched, len(quiet)):
        lower = not quiet[place - 1]
        assert tried_uA[place] == tried_uA[place - 1] - 25.0 * lower
    assert quiet[-2:] == [True, True]
    assert documents.start["amplitudes_uA"][:2] == [25.0, 50.0]


@pytest.mark.parametrize("light", [False, True])
def test_no_led_is_lit_unless_asked_for(run_engine, documents, small_rig, light):
    search(run_engine, documents, small_rig, to_uA=40.0, light=light)
    lit_s = documents.column("trials", "led_pair-led_1_light_s")
    assert all(one_s > 0 for one_s in lit_s) == light
    assert any(lit_s) == light
    assert (documents.read("amplifier-led_1").max() > 2.5) == light
    # Without light there is nothing for the live analysis to do.
    assert ("leds" in documents.start) == light


def test_a_cell_that_is_always_quiet_gets_the_highest(run_engine, documents, small_rig):
    found_uA = search(run_engine, documents, small_rig, from_uA=10.0, to_uA=30.0, step_uA=10.0)
    assert found_uA == 30.0
    assert documents.column("threshold", "threshold-stimulus_uA") == [10, 20, 30, 30, 30, 30]


def test_a_cell_that_is_never_quiet_has_none(run_engine, documents, small_rig, caplog):
    found_uA = search(run_engine, documents, small_rig, from_uA=390.0, to_uA=400.0, step_uA=10.0)
    assert found_uA is None
    assert documents.stop["num_events"]["trials"] == 1
    assert math.isnan(documents.events("threshold")[-1]["threshold-amplitude_uA"])
    assert "no stimulus was found" in caplog.text


def test_an_event_while_confirming_goes_a_step_lower(run_engine, documents, small_rig, monkeypatch):
    shown = iter([0, 0, 0, 1, 0, 1, 0, 0])
    found = importlib.import_module("blueslice.plans.find_threshold")
    monkeypatch.setattr(found, "find_spikes", lambda *_, **__: [0.04] * next(shown))
    found_uA = search(run_engine, documents, small_rig, from_uA=10.0, to_uA=40.0, step_uA=10.0)
    tried_uA = documents.column("trials", "trial-stimulus_uA")
    assert tried_uA == [10.0, 20.0, 30.0, 40.0, 30.0, 30.0, 20.0, 20.0]
    assert found_uA == 20.0


def test_the_number_of_trials_is_bounded(messages, small_rig):
    sent = messages(
        find_threshold(small_rig, from_uA=10.0, to_uA=50.0, step_uA=10.0, confirm=3, max_trials=8)
    )
    sent.check_dark()
    taken = [m for m in sent if m.command == "collect"]
    assert len(taken) == 8
    orders = {
        m.args[0].excitation_order
        for m in sent
        if m.command == "prepare" and m.obj is small_rig.led_pair
    }
    assert orders == {(0,)}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"from_uA": 0.0}, "from_uA = 0.0"),
        ({"from_uA": 50.0, "to_uA": 40.0}, "to_uA = 40.0"),
        ({"step_uA": 0.0}, "step_uA = 0.0"),
        ({"step_uA": "20"}, "step_uA = '20'"),
        ({"max_trials": 10}, "max_trials = 10 is not enough for 20 currents and 2"),
        ({"confirm": -1}, "confirm = -1"),
        ({"to_uA": 2000.0, "step_uA": 100.0}, "at most 1000 uA"),
        ({"pulses": 0}, "pulses = 0"),
        ({"rest_s": -1.0}, "rest_s = -1"),
    ],
)
def test_bad_input_is_refused_before_anything_is_told(small_rig, arguments, text):
    with pytest.raises(BadInputError, match=text) as refused:
        next(find_threshold(small_rig, **arguments))
    assert "\n" not in str(refused.value)


def test_an_amplifier_without_voltage_is_refused(small_rig, monkeypatch):
    monkeypatch.setattr(small_rig.bench.source, "channels", {"stimulus": "V"})
    with pytest.raises(BadInputError, match="does not record the voltage"):
        next(find_threshold(small_rig))


def test_the_amplifier_is_listened_to_no_longer_than_the_search(
    run_engine, documents, small_rig, messages_broken_at
):
    search(run_engine, documents, small_rig, to_uA=20.0)
    assert small_rig.amplifier.tap._subscribers == []
    messages_broken_at(find_threshold(small_rig), 12, RuntimeError("broken"))
    assert small_rig.amplifier.tap._subscribers == []


def test_the_current_goes_into_the_next_plan(run_engine, documents, small_rig):
    def protocol():
        amplitude_uA = yield from find_threshold(small_rig, to_uA=40.0, step_uA=20.0)
        yield from two_pulse(small_rig, trials=1, amplitude_uA=amplitude_uA)

    run_engine(protocol(), documents)
    _, second = documents.of("start")
    assert [pulse["amplitude_uA"] for pulse in second["trial"]["pulses"]] == [40.0, 40.0]
