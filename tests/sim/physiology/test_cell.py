"""The cell: rest, causes before effects, what drugs and damage do, and where sodium goes."""

import numpy as np
import pytest

from blueslice.sim.physiology import (
    Cell,
    CellParameters,
    ReleaseParameters,
    SpineGeometry,
    SpineTraits,
    Surroundings,
)
from blueslice.sim.physiology.cell import REACH_UM
from blueslice.trial import Pulse, paired_pulses

DT_MS = 0.1
KD_UM = 0.525
PARAMETERS = CellParameters()
REST_SODIUM, REST_CALCIUM = PARAMETERS.rest_sodium_mM, PARAMETERS.calcium.rest_uM
REST_MV = PARAMETERS.voltage.rest_mV
READY = ReleaseParameters(probability=1.0, probability_after_release=1.0)
SEGMENTS_UM = np.append(np.arange(-15.0, 15.5), np.inf)  # the last is a branch far away
TARGET = 1
CONTROL = Surroundings()
PAIR = paired_pulses(onset_s=0.020)
SINGLE = (Pulse(onset_s=0.020),)
SOMATIC = (Pulse(onset_s=0.020, width_s=0.005, amplitude_pA=3000.0, target="soma"),)
ARRAYS = ["voltage_mV"] + [
    f"{place}_{what}"
    for place in ("spine", "segment")
    for what in ("sodium_mM", "calcium_uM", "bound")
]


def make_cell(release=READY, **changes):
    spines = [
        SpineTraits(SpineGeometry(neck_length_um=0.84), at_um, 3.0, 1.0, 2.6, 0.7, release, uA)
        for at_um, uA in ((-5.0, 80.0), (0.0, 20.0), (2.5, 80.0), (9.0, 200.0))
    ]
    return Cell(spines, SEGMENTS_UM, PARAMETERS.replace(**changes), 300.0, KD_UM)


def respond(pulses=SINGLE, surroundings=CONTROL, *, cell=None, seed=1, duration_ms=120.0, **more):
    rng = np.random.default_rng(seed)
    return (cell or make_cell()).respond(duration_ms, pulses, surroundings, rng, **more)


def rises(response, spine=TARGET):
    """Return how far a spine's sodium (mM) and calcium (uM) rise."""
    return np.array(
        [
            response.spine_sodium_mM[spine].max() - REST_SODIUM,
            response.spine_calcium_uM[spine].max() - REST_CALCIUM,
        ]
    )


def assert_rest(response, before=None):
    part = slice(0, before)
    assert response.voltage_mV[part] == pytest.approx(REST_MV, abs=1e-9)
    for kind in ("spine", "segment"):
        sodium, calcium, bound = (
            getattr(response, f"{kind}_{what}")[:, part]
            for what in ("sodium_mM", "calcium_uM", "bound")
        )
        np.testing.assert_allclose(sodium, REST_SODIUM, atol=1e-12)
        np.testing.assert_allclose(calcium, REST_CALCIUM, atol=1e-12)
        np.testing.assert_allclose(bound, REST_CALCIUM / (REST_CALCIUM + KD_UM), atol=1e-12)


def test_without_a_stimulus_it_rests():
    response = respond(())
    assert_rest(response)
    assert (response.releases, response.spikes_ms, response.plateau_ms) == ({}, (), None)
    assert response.spine_sodium_mM.shape == (4, 1202)
    assert response.segment_bound.shape == (len(SEGMENTS_UM), 1202)


def test_nothing_happens_before_the_release():
    response = respond()
    assert list(response.releases) == [TARGET]
    (release,) = response.releases[TARGET]
    assert release.time_s >= 0.020 + READY.latency_s
    first = int(np.floor(20.0 + 1e3 * READY.latency_s) / DT_MS) + 1
    assert_rest(response, before=first)
    released = int(release.time_s * 1e3 / DT_MS) + 1
    np.testing.assert_array_equal(response.spine_sodium_mM[:, :released], REST_SODIUM)
    assert (rises(response) > [0.5, 0.05]).all()


@pytest.mark.parametrize("later", [PAIR[1], Pulse(onset_s=0.030, amplitude_pA=500, target="soma")])
def test_a_later_pulse_changes_nothing_before_it(later):
    one, both = respond(), respond((*SINGLE, later))
    until = round(1e3 * later.onset_s / DT_MS) + 1
    for name in ARRAYS:
        before, same = (getattr(response, name)[..., :until] for response in (one, both))
        np.testing.assert_array_equal(before, same)
    assert not np.array_equal(one.voltage_mV, both.voltage_mV)


@pytest.mark.parametrize(
    ("amplitude_uA", "released"), [(19.9, []), (20.0, [1]), (80.0, [0, 1, 2]), (500.0, [*range(4)])]
)
def test_a_spine_releases_at_its_threshold(amplitude_uA, released):
    quiet = Surroundings(can_spike=False)
    response = respond((Pulse(onset_s=0.020, amplitude_uA=amplitude_uA),), quiet)
    assert sorted(response.releases) == released
    risen = response.spine_sodium_mM.max(1) > REST_SODIUM + 0.5
    assert np.flatnonzero(risen).tolist() == released


@pytest.mark.parametrize(
    ("pulses", "changes", "releases", "spikes"),
    [
        (SINGLE, {}, True, 0),
        (SINGLE, {"sodium_channels": 0.01}, False, 0),
        (SINGLE, {"can_spike": False}, True, 0),
        (SOMATIC, {}, False, 1),
        (SOMATIC, {"sodium_channels": 0.01}, False, 0),
        (SOMATIC, {"can_spike": False}, False, 0),
        (SINGLE + SOMATIC, {}, True, 1),
        (SINGLE + SOMATIC, {"can_spike": False}, True, 0),
    ],
    ids=["synapse", "TTX", "QX-314", "soma", "soma TTX", "soma QX-314", "both", "both QX-314"],
)
def test_what_releases_and_what_spikes(pulses, changes, releases, spikes):
    response = respond(pulses, Surroundings(**changes))
    assert bool(response.releases) == releases
    assert len(response.spikes_ms) == spikes
    assert (response.voltage_mV.max() > 0) == bool(spikes)
    if not releases and not spikes:
        np.testing.assert_array_equal(response.spine_sodium_mM, REST_SODIUM)
        np.testing.assert_array_equal(response.segment_calcium_uM, REST_CALCIUM)


def test_a_spike_brings_sodium_and_calcium_everywhere():
    response = respond(SOMATIC)
    (spike_ms,) = response.spikes_ms
    assert 20 < spike_ms < 25
    later = round((spike_ms + 20) / DT_MS)
    brought = PARAMETERS.sodium_per_spike_mM * np.exp(-20 / PARAMETERS.sodium_removal_ms)
    for kind in ("spine", "segment"):
        sodium = getattr(response, f"{kind}_sodium_mM")
        np.testing.assert_allclose(sodium[:, later] - REST_SODIUM, brought, rtol=1e-3)
        assert (sodium[:, : round(spike_ms / DT_MS)] == REST_SODIUM).all()
        assert (getattr(response, f"{kind}_calcium_uM").max(1) > REST_CALCIUM + 1e-3).all()


@pytest.mark.parametrize("amplitude_pA", [200.0, -200.0])
def test_a_weak_current_charges_the_soma_and_no_more(amplitude_pA):
    response = respond((SOMATIC[0].replace(amplitude_pA=amplitude_pA, width_s=0.03),))
    voltage = PARAMETERS.voltage
    change_mV = response.voltage_mV - REST_MV
    whole_mV = amplitude_pA * voltage.soma_resistance_MOhm * 1e-3
    end_mV = whole_mV * (1 - np.exp(-30 / voltage.soma_time_constant_ms))
    assert np.abs(change_mV).max() == pytest.approx(abs(end_mV), rel=1e-6)
    left = np.exp(-20 / voltage.soma_time_constant_ms)
    assert change_mV[700] == pytest.approx(end_mV * left, rel=1e-6)
    np.testing.assert_array_equal(response.spine_sodium_mM, REST_SODIUM)


@pytest.mark.parametrize(
    ("changes", "sodium", "calcium"),
    [
        ({"ampa": 0.02}, (0.0, 0.4), (0.0, 0.7)),
        ({"nmda": 0.05}, (0.6, 0.999), (0.0, 0.85)),
        ({"ampa": 0.0, "nmda": 0.0}, (0.0, 1e-9), (0.0, 1e-6)),
        ({"magnesium_mM": 0.0}, (1.05, 5.0), (1.2, np.inf)),
        ({"magnesium_mM": 0.0, "nmda": 0.05}, (0.6, 1.1), (0.0, 1.2)),
        ({"magnesium_mM": 0.0, "ampa": 0.02}, (0.3, 3.0), (1.0, np.inf)),
    ],
    ids=["CNQX", "CPP", "CNQX and CPP", "0 Mg", "0 Mg and CPP", "0 Mg and CNQX"],
)
def test_drugs_and_magnesium_move_sodium_and_calcium(changes, sodium, calcium):
    control = rises(respond(PAIR, Surroundings(can_spike=False)))
    relative = rises(respond(PAIR, Surroundings(can_spike=False, **changes))) / control
    assert sodium[0] <= relative[0] <= sodium[1]
    assert calcium[0] <= relative[1] <= calcium[1]


def test_sodium_falls_off_along_the_dendrite():
    response = respond(duration_ms=200.0)
    risen = response.segment_sodium_mM - REST_SODIUM
    peaks, centre = risen.max(1), 15
    right, left = peaks[centre : centre + 12], peaks[centre : centre - 12 : -1]
    np.testing.assert_allclose(right, left, rtol=1e-9)
    head_mM = rises(response)[0]
    assert 0.3 * head_mM > right[0]
    assert (right[1:] < right[:-1]).all()
    assert (np.diff(risen[centre : centre + 12].argmax(1)) >= 0).all()
    beyond = np.abs(SEGMENTS_UM) >= REACH_UM
    assert right[-1] < 0.02 * head_mM
    np.testing.assert_array_equal(risen[beyond], 0.0)


def test_the_same_seed_gives_the_same_response():
    cell = make_cell(ReleaseParameters(probability=0.5))
    first, same = (respond(PAIR, cell=cell, seed=4) for _ in range(2))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(first, name), getattr(same, name))
    assert first.releases == same.releases
    others = [respond(PAIR, cell=cell, seed=seed) for seed in range(5, 10)]
    assert len({len(other.releases) for other in others}) > 1
    assert all(not np.array_equal(first.voltage_mV, other.voltage_mV) for other in others)


def test_damage_reduces_the_responses_and_raises_rest():
    healthy, harmed = respond(PAIR), respond(PAIR, Surroundings(response_factor=0.5))
    assert (rises(harmed) < 0.7 * rises(healthy)).all()
    assert np.ptp(harmed.voltage_mV) == pytest.approx(0.5 * np.ptp(healthy.voltage_mV))
    raised = respond(PAIR, rest_rise=(2.0, 0.1))
    np.testing.assert_allclose(raised.spine_sodium_mM, healthy.spine_sodium_mM + 2.0)
    np.testing.assert_allclose(raised.segment_calcium_uM, healthy.segment_calcium_uM + 0.1)
    free = raised.spine_calcium_uM
    np.testing.assert_allclose(raised.spine_bound, free / (free + KD_UM))


@pytest.mark.parametrize(
    ("changes", "needed", "begins"),
    [({}, 3, True), ({}, 4, False), ({"nmda": 0.05}, 3, False), ({"ampa": 0.05}, 3, False)],
)
def test_enough_releases_at_once_begin_an_nmda_spike(changes, needed, begins):
    surroundings = Surroundings(can_spike=False, **changes)
    pulses = (Pulse(onset_s=0.020, amplitude_uA=100.0),)
    response = respond(pulses, surroundings, cell=make_cell(plateau_spines=needed))
    assert (response.plateau_ms is not None) == begins
    if begins:
        times_s = [release.time_s for (release,) in response.releases.values()]
        assert response.plateau_ms == pytest.approx(1e3 * max(times_s))
    held_mV = response.voltage_mV[round(60 / DT_MS)] - REST_MV
    assert (held_mV > 10) == begins
