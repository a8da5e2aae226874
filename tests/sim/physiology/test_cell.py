"""The cell: rest, causes before effects, what drugs and damage do, and where sodium goes."""

import itertools

import numpy as np
import pytest

from blueslice.sim.physiology import (
    Cell,
    CellParameters,
    Pipette,
    ReleaseParameters,
    SpineGeometry,
    SpineTraits,
    Surroundings,
    draw_spines,
)
from blueslice.sim.physiology._sodium import REACH_UM
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
        assert response.segment_calcium_uM.max() < 1.001 * REST_CALCIUM


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


def inject(amplitude_pA, width_s=0.2, **more):
    pulse = Pulse(onset_s=0.020, width_s=width_s, amplitude_pA=amplitude_pA, target="soma")
    surroundings = more.pop("surroundings", CONTROL)
    return respond((pulse,), surroundings, duration_ms=240.0, **more)


def test_a_stronger_current_fires_faster_and_sooner():
    currents_pA = [240.0, 300.0, 400.0, 450.0, 500.0, 600.0, 900.0]
    found = [inject(current_pA).spikes_ms for current_pA in currents_pA]
    counts = [len(spikes_ms) for spikes_ms in found]
    assert counts[0] == 0  # 18 of the 20 mV to the threshold
    assert all(few < more for few, more in itertools.pairwise(counts))
    assert counts[-1] < 200 / PARAMETERS.voltage.refractory_ms
    latencies_ms = [spikes_ms[0] - 20.0 for spikes_ms in found[1:]]
    voltage = PARAMETERS.voltage
    needed_mV = voltage.threshold_mV - voltage.rest_mV
    for current_pA, latency_ms in zip(currents_pA[1:], latencies_ms, strict=True):
        whole_mV = current_pA * voltage.soma_resistance_MOhm * 1e-3
        charged_ms = -voltage.soma_time_constant_ms * np.log1p(-needed_mV / whole_mV)
        assert charged_ms <= latency_ms <= charged_ms + DT_MS
    for spikes_ms in found[2:]:
        between_ms = np.diff(spikes_ms)
        # Each spike's after-hyperpolarisation slows the next.
        assert (np.diff(between_ms) > -DT_MS / 2).all()
        assert between_ms[-1] > between_ms[0]


@pytest.mark.parametrize("changes", [{"sodium_channels": 0.01}, {"can_spike": False}])
def test_without_sodium_channels_no_current_fires(changes):
    response = inject(900.0, surroundings=Surroundings(**changes))
    assert response.spikes_ms == ()
    assert response.voltage_mV.max() > PARAMETERS.voltage.threshold_mV + 20


def test_short_strong_pulses_fire_once_each():
    pulses = tuple(
        Pulse(onset_s=0.040 + 0.020 * k, width_s=0.003, amplitude_pA=3000.0, target="soma")
        for k in range(10)
    )
    for many in (pulses, pulses[:1]):
        response = respond(many, duration_ms=260.0)
        after_ms = np.array(response.spikes_ms) - [1e3 * pulse.onset_s for pulse in many]
        assert (after_ms > 1).all()
        assert (after_ms < 3).all()


def test_a_spike_ends_what_charged_the_soma():
    response = respond(SOMATIC)
    (spike_ms,) = response.spikes_ms
    at = round((spike_ms + 10) / DT_MS)
    quiet = respond(SOMATIC, Surroundings(can_spike=False))
    assert response.voltage_mV[at] < PARAMETERS.voltage.threshold_mV
    assert quiet.voltage_mV[at] > response.voltage_mV[at] + 5


def test_a_strong_stimulus_fires_the_cell():
    strong = paired_pulses(onset_s=0.020, amplitude_uA=400.0)
    cell = make_cell(plateau_spines=9)
    assert len(respond(strong, cell=cell).spikes_ms) == 1
    peaks_mV = []
    for amplitude_uA in (50.0, 100.0, 150.0, 200.0):
        pulses = paired_pulses(onset_s=0.020, amplitude_uA=amplitude_uA)
        response = respond(pulses, cell=cell)
        assert response.spikes_ms == ()
        peaks_mV.append(response.voltage_mV.max())
    assert (np.diff(peaks_mV) > 0).all()
    blocked = respond(strong, Surroundings(sodium_channels=0.01), cell=cell)
    assert_rest(blocked)
    quiet = respond(strong, Surroundings(can_spike=False), cell=cell)
    assert quiet.spikes_ms == ()
    assert quiet.voltage_mV.max() > PARAMETERS.voltage.threshold_mV


@pytest.mark.parametrize("after_s", [0.006, 0.008, 0.013])
def test_a_spike_on_the_epsp_brings_calcium_and_no_sodium(after_s):
    """Miyazaki & Ross 2017, Fig 8C: sodium the same (p 0.35), calcium larger (p 0.004)."""
    rng = np.random.default_rng(5)
    spine = PARAMETERS.spine.replace(release=READY)
    somatic = Pulse(onset_s=0.020 + after_s, width_s=0.003, amplitude_pA=3000.0, target="soma")
    found = []
    for number in range(20):
        cell = Cell(
            draw_spines(np.zeros(1), 0.0, spine, rng), SEGMENTS_UM, PARAMETERS, 300.0, KD_UM
        )
        pair = []
        for pulses, spikes in ((SINGLE, 0), ((*SINGLE, somatic), 1)):
            response = respond(pulses, Surroundings(magnesium_mM=1.0), cell=cell, seed=number)
            assert len(response.spikes_ms) == spikes
            bound = response.spine_bound[0]
            pair.append((response.spine_sodium_mM.max() - REST_SODIUM, bound.max() - bound[0]))
        found.append(pair)
    alone, both = np.mean(found, axis=0)
    assert 0.9 < both[0] / alone[0] < 1.1
    assert both[1] / alone[1] > 1.15


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


ROW_UM = (np.arange(8) - 3.5) * 0.8


def make_row(spines, **changes):
    parameters = PARAMETERS.replace(**changes)
    mean = parameters.spine.geometry
    row = [SpineTraits(mean, at_um, 3.0, 1.15, 2.6, 0.7, READY, 20.0) for at_um in ROW_UM[:spines]]
    return Cell(row, np.arange(-40.0, 40.5), parameters, 300.0, KD_UM)


def half_width_ms(values):
    risen = values - values[0]
    over = np.flatnonzero(risen > risen.max() / 2)
    return (over[-1] - over[0]) * DT_MS


def test_an_nmda_spike_is_large_long_local_and_blocked_by_cpp():
    """Miyazaki & Ross 2017, Fig 10A, B: long, large sodium and calcium, blocked by CPP."""
    found = {
        name: respond(SINGLE, Surroundings(can_spike=False, **changes), cell=cell, duration_ms=300)
        for name, cell, changes in (
            ("one", make_row(1), {}),
            ("many", make_row(8), {}),
            ("CPP", make_row(8), {"nmda": 0.05}),
        )
    }
    assert [r.plateau_ms is not None for r in found.values()] == [False, True, False]
    sodium = {name: r.spine_sodium_mM[0] for name, r in found.items()}
    assert half_width_ms(sodium["many"]) > 1.8 * half_width_ms(sodium["one"])
    assert half_width_ms(sodium["CPP"]) < 1.3 * half_width_ms(sodium["one"])
    below = {name: r.segment_sodium_mM[39] - REST_SODIUM for name, r in found.items()}
    assert below["many"].max() > 1.3 * below["CPP"].max()
    calcium = {name: r.segment_bound - r.segment_bound[:, :1] for name, r in found.items()}
    assert calcium["many"][39].max() > 10 * calcium["CPP"][39].max()
    assert half_width_ms(calcium["many"][39]) > 30
    # A few micrometres, not all of the dendrite.
    assert calcium["many"][[20, 60]].max() < 0.2 * calcium["many"][39].max()
    height_mV = {name: np.ptp(r.voltage_mV) for name, r in found.items()}
    assert height_mV["many"] > height_mV["CPP"] + 10


def test_unseen_neighbours_bring_sodium_without_a_threshold_in_0_magnesium():
    rises_mM = {}
    for magnesium_mM in (0.0, 2.0):
        for unseen in (0.0, 8.0):
            response = respond(
                SINGLE,
                Surroundings(can_spike=False, magnesium_mM=magnesium_mM),
                cell=make_row(4, unseen_spines=unseen),
                duration_ms=200,
            )
            assert response.plateau_ms is None
            rises_mM[magnesium_mM, unseen] = response.segment_sodium_mM[39].max() - REST_SODIUM
    assert rises_mM[0.0, 8.0] > 1.5 * rises_mM[0.0, 0.0]
    assert rises_mM[2.0, 8.0] < 1.3 * rises_mM[2.0, 0.0]
    alone = [
        respond(SINGLE, cell=make_row(1, unseen_spines=unseen)).segment_sodium_mM
        for unseen in (0.0, 8.0)
    ]
    np.testing.assert_array_equal(*alone)


def test_a_single_spine_shows_little_calcium_in_the_dendrite():
    """Miyazaki & Ross 2017, Fig 3: no dendritic calcium below a single spine."""
    response = respond(SINGLE, cell=make_row(1), duration_ms=200)
    head = np.ptp(response.spine_bound[0])
    dendrite = np.ptp(response.segment_bound, axis=1)
    assert 0.005 * head < dendrite.max() < 0.1 * head
    assert dendrite[np.abs(np.arange(-40, 40.5) - ROW_UM[0]) > 15].max() < 0.05 * dendrite.max()


@pytest.mark.parametrize("holding_pA", [-150.0, 80.0])
def test_a_holding_current_moves_the_potential_by_the_input_resistance(holding_pA):
    held = respond((), pipette=Pipette(holding_pA=holding_pA))
    voltage = PARAMETERS.voltage
    expected_mV = voltage.rest_mV + holding_pA * voltage.soma_resistance_MOhm * 1e-3
    np.testing.assert_allclose(held.voltage_mV, expected_mV, atol=1e-9)
    np.testing.assert_array_equal(held.current_pA, holding_pA)
    for kind in ("spine", "segment"):
        np.testing.assert_allclose(getattr(held, f"{kind}_sodium_mM"), REST_SODIUM, atol=1e-12)
        np.testing.assert_allclose(getattr(held, f"{kind}_calcium_uM"), REST_CALCIUM, atol=1e-12)


def test_a_hyperpolarised_cell_fires_later_and_has_a_larger_epsp():
    free, held = (
        inject(600.0, pipette=Pipette(holding_pA=holding_pA)) for holding_pA in (0.0, -150.0)
    )
    assert held.spikes_ms[0] > free.spikes_ms[0] + 2
    assert len(held.spikes_ms) < len(free.spikes_ms)
    epsp_mV = [
        np.ptp(respond(SINGLE, Surroundings(nmda=0.0), pipette=Pipette(holding_pA=pA)).voltage_mV)
        for pA in (0.0, -150.0)
    ]
    rest_mV = PARAMETERS.voltage.rest_mV
    moved_mV = -150.0 * PARAMETERS.voltage.soma_resistance_MOhm * 1e-3
    assert epsp_mV[1] / epsp_mV[0] == pytest.approx((rest_mV + moved_mV) / rest_mV, rel=1e-6)


def test_voltage_clamp_holds_the_soma_and_takes_the_epsp_as_current():
    pipette = Pipette("voltage", holding_mV=REST_MV, series_resistance_MOhm=5.0)
    clamped, free = respond(SINGLE, pipette=pipette), respond(SINGLE)
    assert np.ptp(clamped.voltage_mV) < 0.3 * np.ptp(free.voltage_mV)
    assert abs(clamped.current_pA[:200]).max() < 1e-6
    assert -200 < clamped.current_pA.min() < -50
    assert clamped.current_pA.max() < 5
    assert respond((*SINGLE, *SOMATIC), pipette=pipette).spikes_ms == ()


def test_held_at_a_positive_potential_the_synaptic_current_is_outward_and_slow():
    """The NMDA current, without magnesium's block, outlasts that of AMPA receptors."""
    currents = {}
    for holding_mV in (REST_MV, 40.0):
        pipette = Pipette("voltage", holding_mV=holding_mV, series_resistance_MOhm=5.0)
        current_pA = respond(SINGLE, pipette=pipette).current_pA
        currents[holding_mV] = current_pA - current_pA[0]
    inward, outward = currents.values()
    assert inward.min() < -50
    assert inward.max() < 5
    assert outward.max() > 30
    assert outward.min() > -5
    # 30 ms after its peak.
    late = [
        abs(c[c_peak + 300] / c[c_peak]) for c in currents.values() for c_peak in [abs(c).argmax()]
    ]
    assert late[1] > 2 * late[0]


def test_a_spikes_calcium_reaches_heads_with_the_dye():
    no_channels = PARAMETERS.calcium.replace(channel_uM_per_ms=0.0)
    still = no_channels.replace(dye_diffusion_um2_per_ms=0.0)
    found = [respond(SOMATIC, cell=make_cell(calcium=calcium)) for calcium in (no_channels, still)]
    dendrite = np.ptp(found[0].segment_bound[0])
    spine, closed = (np.ptp(response.spine_bound, axis=1).max() for response in found)
    assert 0.05 * dendrite < spine < dendrite
    assert closed < 1e-12
