"""Spikes evoked at the soma: trains of them, and one on the synaptic response or not."""

import numpy as np
import pytest

from blueslice.analysis.events import find_spikes
from blueslice.errors import BadInputError
from blueslice.plans import bap_train, paired, single_pulse
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial

RATE_HZ = 20_000.0


def spikes_of(documents):
    """Return the times of the spikes of each trial, from the recorded voltage."""
    voltage = documents.read("amplifier-voltage")
    return [find_spikes(one.ravel(), RATE_HZ) for one in voltage]


def test_single_pulses_come_after_their_blanks(run_engine, documents, small_rig):
    run_engine(single_pulse(small_rig, trials=2, blanks=1), documents)
    assert documents.start["blanks"] == [True, False, False]
    assert documents.column("trials", "trial-stimulus_uA") == [0.0, 50.0, 50.0]
    onsets = np.diff((documents.read("amplifier-stimulus") > 2.5).reshape(3, -1).astype(int))
    assert (onsets == 1).sum(axis=1).tolist() == [0, 1, 1]


def test_each_pulse_of_a_train_evokes_a_spike(run_engine, documents, small_rig):
    run_engine(bap_train(small_rig, trials=2, spikes=10, spike_rate_Hz=50.0, blanks=1), documents)
    first, blank, last = spikes_of(documents)
    assert len(blank) == 0
    for found in (first, last):
        np.testing.assert_allclose(found, 0.036 + 0.020 * np.arange(10), atol=0.004)
    assert documents.start["plan_name"] == "bap_train"
    assert documents.start["spikes"] == 10
    assert documents.start["trial_table"]["blank"] == [False, True, False]
    trial = Trial.from_document(documents.start["trial"])
    assert [pulse.amplitude_pA for pulse in trial.pulses] == [3000.0] * 10
    # None of it is current of the stimulating electrode.
    assert documents.column("trials", "trial-stimulus_uA") == [0.0] * 3


def test_a_train_is_as_fast_and_as_long_as_it_is_told(run_engine, documents, small_rig):
    run_engine(bap_train(small_rig, trials=1, spikes=3, spike_rate_Hz=25.0), documents)
    (found,) = spikes_of(documents)
    np.testing.assert_allclose(found, [0.036, 0.076, 0.116], atol=0.004)


def test_spikes_are_on_the_trials_that_say_so(run_engine, documents, directory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    plan = paired(rig, trials=3, delay_s=0.008, order="random", seed=4, blanks=1)
    run_engine(plan, documents)
    conditions = documents.column("trials", "trial-condition")
    assert sorted(conditions) == ["", *["with spike"] * 3, *["without spike"] * 3]
    assert conditions != [*["without spike", "with spike"] * 3]
    assert documents.start["trial_table"]["condition"] == conditions
    blanks = documents.column("trials", "trial-blank")
    assert [condition == "" for condition in conditions] == blanks
    for condition, found in zip(conditions, spikes_of(documents), strict=True):
        assert len(found) == (condition == "with spike"), condition
        if len(found):
            assert found[0] == pytest.approx(0.036 + 0.008, abs=0.004)
    # The synaptic stimulus is that of both.
    stimulus = documents.column("trials", "trial-stimulus_uA")
    assert stimulus == [0.0 if blank else 50.0 for blank in blanks]
    with_spike = Trial.from_document(documents.start["trials_by_condition"]["with spike"])
    assert [pulse.target for pulse in with_spike.pulses] == ["synapse", "soma"]
    assert with_spike.pulses[1].onset_s == pytest.approx(0.044)


@pytest.mark.parametrize(
    ("order", "seed", "expected"),
    [
        ("alternate", 0, [0, 1, 0, 1]),
        (["with spike", "with spike", "without spike", "without spike"], 0, [1, 1, 0, 0]),
        ("random", 1, None),
        ("random", 2, None),
    ],
)
def test_the_order_is_what_was_asked_for(messages, small_rig, order, seed, expected):
    def conditions():
        sent = messages(paired(small_rig, trials=2, order=order, seed=seed))
        (opened,) = [m for m in sent if m.command == "open_run"]
        names = opened.kwargs["trial_table"]["condition"]
        given = [
            m.args[0].delivered_pulses
            for m in sent
            if m.command == "prepare" and m.obj is small_rig.stimulator
        ]
        assert [len(pulses) - 1 for pulses in given] == [n == "with spike" for n in names]
        return [int(name == "with spike") for name in names]

    found = conditions()
    assert found == conditions()
    assert sorted(found) == [0, 0, 1, 1]
    if expected is not None:
        assert found == expected


def test_two_seeds_give_two_orders(messages, small_rig):
    def order(seed):
        (opened,) = [
            m
            for m in messages(paired(small_rig, trials=8, order="random", seed=seed))
            if m.command == "open_run"
        ]
        return opened.kwargs["trial_table"]["condition"]

    assert order(1) != order(2)


@pytest.mark.parametrize("plan", [bap_train, paired])
def test_it_begins_and_ends_dark(messages, small_rig, plan):
    messages(plan(small_rig, trials=1)).check_dark()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda rig: single_pulse(rig, blanks=-1), "blanks = -1"),
        (lambda rig: bap_train(rig, spikes=0), "spikes = 0"),
        (lambda rig: bap_train(rig, trials=0), "trials = 0"),
        (lambda rig: bap_train(rig, spike_rate_Hz=0.0), "spike_rate_Hz = 0.0"),
        (lambda rig: bap_train(rig, spike_rate_Hz="50"), "spike_rate_Hz = '50'"),
        (lambda rig: bap_train(rig, pulse_s=0.020), "not shorter than the 0.02 s"),
        (lambda rig: bap_train(rig, pulse_pA=0.0), "amplitude_pA"),
        (lambda rig: bap_train(rig, frame_count=100), "outside the trial"),
        (lambda rig: paired(rig, trials=0), "trials = 0"),
        (lambda rig: paired(rig, pulses=3), "pulses = 3"),
        (lambda rig: paired(rig, delay_s=0.3), "outside the trial"),
        (lambda rig: paired(rig, delay_s=None), "delay_s = None"),
        (lambda rig: paired(rig, order="sorted"), "order = 'sorted'"),
        (lambda rig: paired(rig, trials=2, order=["with spike"]), "1 'with spike' and 0"),
        (lambda rig: paired(rig, trials=1, order=["with spike", "with"]), "asks for 1 of each"),
    ],
)
def test_bad_input_is_refused_before_anything_is_told(small_rig, make, text):
    with pytest.raises(BadInputError, match=text) as refused:
        next(make(small_rig))
    assert "\n" not in str(refused.value)
