import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueslice.errors import BadInputError
from blueslice.trial import Pulse, Trial, paired_pulses


def test_default_trial_is_the_one_of_the_paper():
    trial = Trial()
    assert (trial.frame_rate_Hz, trial.frame_count, trial.exposure_s) == (500, 100, 0.0018)
    assert (trial.frame_interval_s, trial.duration_s) == (0.002, 0.2)
    assert trial.first_pulse_onset_s is None
    assert trial.delivered_pulses == ()


def test_excitation_repeats_its_order():
    trial = Trial(frame_count=5, excitation_order=(1, 2, 0))
    assert trial.excitation.tolist() == [1, 2, 0, 1, 2]
    assert trial.excitation.dtype == np.int8


def test_frame_times_are_mid_exposure():
    trial = Trial(frame_rate_Hz=250, frame_count=3, exposure_s=0.003)
    np.testing.assert_allclose(trial.frame_times_s, [0.0015, 0.0055, 0.0095], rtol=1e-12)


def test_light_is_counted_per_led():
    trial = Trial(frame_count=7, excitation_order=(1, 2, 1, 0))
    assert trial.light_s == pytest.approx({1: 4 * 0.0018, 2: 2 * 0.0018})


def test_blank_keeps_its_pulses_but_delivers_none():
    trial = Trial(pulses=paired_pulses())
    blank = trial.with_blank()
    assert blank.blank
    assert not trial.blank
    assert blank.pulses == trial.pulses == trial.delivered_pulses
    assert blank.delivered_pulses == ()
    assert blank.first_pulse_onset_s == trial.first_pulse_onset_s == 0.036


def test_pulses_are_kept_in_order_of_time():
    pulses = paired_pulses(count=3)
    assert Trial(pulses=pulses[::-1]) == Trial(pulses=pulses)


def test_pulses_on_different_targets_may_coincide():
    soma = Pulse(onset_s=0.036, target="soma", amplitude_pA=500)
    assert len(Trial(pulses=(*paired_pulses(), soma)).pulses) == 3


@pytest.mark.parametrize("count", [1, 2, 5])
def test_paired_pulses_are_equal_and_at_equal_intervals(count):
    pulses = paired_pulses(0.012, 0.0001, 0.02, 80, count)
    assert [p.onset_s for p in pulses] == pytest.approx([0.02 + 0.012 * k for k in range(count)])
    assert {(p.width_s, p.amplitude_uA, p.amplitude_pA) for p in pulses} == {(0.0001, 80, 0)}
    Trial(pulses=pulses)


def test_a_pulse_may_touch_the_next_and_the_end():
    Trial(pulses=paired_pulses(interval_s=0.01, width_s=0.01, onset_s=0.18))
    Trial(exposure_s=0.002)


@pytest.mark.parametrize("number", [np.int64(50), np.float32(50), 50, 50.0])
def test_numpy_numbers_are_numbers(number):
    trial = Trial(frame_count=number, frame_rate_Hz=number)
    assert (trial.frame_count, trial.frame_rate_Hz) == (50, 50.0)
    assert type(trial.frame_count) is int


# What is given, and what the one line of the error has to say.
REFUSED_TRIALS = {
    "rate 0": ({"frame_rate_Hz": 0}, "frame_rate_Hz = 0"),
    "rate negative": ({"frame_rate_Hz": -500}, "frame_rate_Hz = -500"),
    "rate absurd": ({"frame_rate_Hz": 1e9}, "less than or equal to 100000"),
    "rate NaN": ({"frame_rate_Hz": float("nan")}, "frame_rate_Hz = nan"),
    "rate infinite": ({"frame_rate_Hz": float("inf")}, "frame_rate_Hz = inf"),
    "rate true": ({"frame_rate_Hz": True}, "frame_rate_Hz: is True; give a number"),
    "rate text": ({"frame_rate_Hz": "500"}, "is '500'; give a number"),
    "rate complex": ({"frame_rate_Hz": 1j}, "give a number"),
    "rate array": ({"frame_rate_Hz": np.ones((40, 40))}, "give a number"),
    "rate too large to convert": ({"frame_rate_Hz": 10**5000}, "is too large"),
    "no frames": ({"frame_count": 0}, "frame_count = 0"),
    "too many frames": ({"frame_count": 1_000_001}, "frame_count = 1000001"),
    "half a frame": ({"frame_count": 99.5}, "is 99.5; give a whole number"),
    "frames true": ({"frame_count": True}, "is True; give a number"),
    "too long": ({"frame_count": 10**6, "frame_rate_Hz": 0.5}, "at most 1e+06 s is allowed"),
    "exposure 0": ({"exposure_s": 0}, "exposure_s = 0"),
    "exposure too long": ({"exposure_s": 0.0021}, "longer than the frame interval of 0.002 s"),
    "LED 3": ({"excitation_order": (1, 3)}, "LED 3 is unknown; give 1 or 2 per frame"),
    "LED -1": ({"excitation_order": (-1,)}, "LED -1 is unknown"),
    "no order": ({"excitation_order": ()}, "excitation_order = ()"),
    "order text": ({"excitation_order": "12"}, "excitation_order = '12'"),
    "order of truth values": ({"excitation_order": (True, 2)}, "excitation_order.0: is True"),
    "blank 1": ({"blank": 1}, "blank = 1"),
    "misspelt": ({"framerate": 500}, "framerate: there is no such key"),
    "pulse outside": ({"pulses": [{"onset_s": 0.1999}]}, "which ends at 200 ms"),
    "pulse inside out": ({"pulses": [{"onset_s": -0.01}]}, "onset_s = -0.01"),
    "pulses overlap": (
        {"pulses": [{"onset_s": 0.03, "width_s": 0.01}, {"onset_s": 0.0399}]},
        "synapse pulse at 39.9 ms overlaps the one from 30 to 40 ms",
    ),
    "pulse twice": ({"pulses": paired_pulses() * 2}, "overlaps"),
    "pulses a number": ({"pulses": 5}, "pulses = 5"),
}

REFUSED_PULSES = {
    "no onset": ({}, "onset_s: Field required"),
    "width 0": ({"onset_s": 0, "width_s": 0}, "width_s = 0"),
    "amplitude 0": ({"onset_s": 0, "amplitude_uA": 0}, "give more than 0, or mark the trial"),
    "amplitude negative": ({"onset_s": 0, "amplitude_uA": -5}, "amplitude_uA = -5"),
    "amplitude absurd": ({"onset_s": 0, "amplitude_uA": 5e4}, "less than or equal to 10000"),
    "unknown current into the cell": (
        {"onset_s": 0, "target": "soma", "amplitude_pA": 5, "amplitude_uA": None},
        "amplitude_uA = None on a pulse for the soma",
    ),
    "amplitude NaN": ({"onset_s": 0, "amplitude_uA": float("nan")}, "amplitude_uA = nan"),
    "soma without current": ({"onset_s": 0, "target": "soma"}, "needs amplitude_pA"),
    "soma absurd": (
        {"onset_s": 0, "target": "soma", "amplitude_pA": -2e5},
        "greater than or equal to -100000",
    ),
    "soma with uA": (
        {"onset_s": 0, "target": "soma", "amplitude_uA": 50},
        "amplitude_uA = 50 on a pulse for the soma; give amplitude_pA",
    ),
    "synapse with pA": (
        {"onset_s": 0, "amplitude_pA": 500},
        "amplitude_pA = 500 on a pulse for the synapse; give amplitude_uA",
    ),
    "unknown target": ({"onset_s": 0, "target": "axon"}, "'synapse' or 'soma'"),
}

REFUSED_TRAINS = {
    "interval 0": ({"interval_s": 0}, "interval_s = 0"),
    "interval text": ({"interval_s": "10 ms"}, "is '10 ms'; give a number"),
    "no pulse": ({"count": 0}, "count = 0"),
    "too many": ({"count": 10**9}, "less than or equal to 10000"),
    "overlap": ({"interval_s": 0.001, "width_s": 0.002}, "the pulses would overlap"),
    "onset": ({"onset_s": -1}, "onset_s = -1"),
    "onset text": ({"onset_s": "1"}, "onset_s: is '1'; give a number"),
    "width text": ({"width_s": "1"}, "width_s: is '1'; give a number"),
}


@pytest.mark.parametrize(
    ("make", "values", "text"),
    [
        pytest.param(make, *case, id=f"{make.__name__}-{name}")
        for make, cases in (
            (Trial, REFUSED_TRIALS),
            (Pulse, REFUSED_PULSES),
            (paired_pulses, REFUSED_TRAINS),
        )
        for name, case in cases.items()
    ],
)
def test_what_is_refused_says_value_and_rule_in_one_line(make, values, text):
    with pytest.raises(BadInputError) as caught:
        make(**values)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "trial", {1: 2}])
def test_document_of_another_kind_is_refused(document):
    with pytest.raises(BadInputError, match="give the mapping"):
        Trial.from_document(document)


times_s = st.floats(0.0, 0.09, allow_nan=False)


@given(
    st.builds(
        Trial,
        frame_rate_Hz=st.floats(100, 500),
        frame_count=st.integers(50, 500),
        excitation_order=st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=6).map(tuple),
        pulses=st.builds(
            lambda first_s, soma_s, amplitude: (
                Pulse(onset_s=first_s, amplitude_uA=amplitude),
                Pulse(onset_s=soma_s, target="soma", amplitude_pA=-amplitude),
            ),
            times_s,
            times_s,
            st.floats(0.1, 1000),
        ),
        blank=st.booleans(),
    )
)
def test_document_restores_the_trial_exactly(trial):
    assert Trial.from_document(json.loads(json.dumps(trial.to_document()))) == trial


def test_summary_is_one_line_with_the_stimulus():
    text = str(Trial(pulses=paired_pulses(count=6)).with_blank())
    assert text == (
        "100 frames at 500 Hz (200 ms), exposure 1.8 ms, LEDs 1-2, blank, pulses at 36 ms (50 uA),"
        " 46 ms (50 uA), 56 ms (50 uA), 66 ms (50 uA) and 2 more"
    )
    assert str(Trial(excitation_order=(1, 2) * 5)).endswith("LEDs 1-2-1-2-1-2-1-2-..., no pulses")
