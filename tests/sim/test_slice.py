"""The simulated slice: seeded, causal, and coupled through what the instruments were told."""

import numpy as np
import pytest

from blueslice.analysis import prove_excitation
from blueslice.indicators import pair
from blueslice.sim import SimulatedSlice, SliceParameters, Wiring
from blueslice.sim.bath import CONTROL_BATH
from blueslice.sim.optics import Movement, Photodamage, crosstalk, fluorescence, led_light
from blueslice.sim.physiology import CellParameters, ReleaseParameters, SpineParameters
from blueslice.trial import Pulse, Trial, paired_pulses

PULSES = paired_pulses()
ONSET_FRAME = 18  # of the first pulse, 36 ms at 500 Hz
# A slice that lies still and takes no harm, with a synapse that never fails.
STEADY = SliceParameters(
    photodamage=Photodamage(half_dose_s=1e6),
    movement=Movement(between_trials_px=0, drift_px=0, jerk_px=0),
    cell=CellParameters(spine=SpineParameters(release=ReleaseParameters(probability=1.0))),
)


def wire(**changes):
    values = {
        "frame_rate_Hz": 500.0,
        "frame_count": 100,
        "exposure_s": 0.0018,
        "samples_per_frame": 40,
        "led_order": (1, 2),
        "led_exposure_s": 0.0018,
        "pulses": PULSES,
    }
    return Wiring(**(values | changes))


def make(seed=5, rows=24, columns=30, parameters=STEADY):
    return SimulatedSlice(seed, pair("bis-fura-2+ANG-2"), rows, columns, parameters)


def play(seed=5, **changes):
    return make(seed).play(wire(**changes), 0)


def spine_trace(source, played):
    """Return counts of the stimulated spine above the dark level, per frame."""
    y, x = np.rint(source.scene.spine_px[source.target_spine]).astype(int)
    frames = played.frames.astype(float) - source.dark_frame(0)
    return frames[:, y - 1 : y + 2, x - 1 : x + 2].mean((1, 2))


def test_the_same_seed_gives_the_same_bytes():
    first, second = make(7), make(7)
    for _ in range(2):
        np.testing.assert_array_equal(first.dark_frame(0), second.dark_frame(0))
        ours, theirs = first.play(wire(), 0), second.play(wire(), 0)
        np.testing.assert_array_equal(ours.frames, theirs.frames)
        for name, line in ours.channels.items():
            np.testing.assert_array_equal(line, theirs.channels[name])


def test_another_seed_gives_another_cell_and_other_noise():
    first, second = make(7), make(8)
    assert not np.array_equal(first.scene.background, second.scene.background)
    ours, theirs = first.play(wire(), 0), second.play(wire(), 0)
    assert not np.array_equal(ours.frames, theirs.frames)
    assert not np.array_equal(ours.channels["voltage"], theirs.channels["voltage"])


def test_noise_differs_from_trial_to_trial():
    source = make()
    assert not np.array_equal(
        source.play(wire(), 0).channels["led_1"], source.play(wire(), 1).channels["led_1"]
    )


def test_shapes_types_and_units():
    source = make()
    played = source.play(wire(frame_count=12), 0)
    assert played.frames.shape == (12, 24, 30)
    assert played.frames.dtype == np.uint16
    assert played.counter.tolist() == [*range(12)]
    assert {line.shape for line in played.channels.values()} == {(12, 40)}
    assert {line.dtype for line in played.channels.values()} == {np.dtype(np.float32)}
    assert set(played.channels) == set(source.channels)
    dark = source.dark_frame(0)
    assert dark.shape == (24, 30)
    assert dark.dtype == np.float32
    assert dark.mean() == pytest.approx(900, abs=12)


def test_an_amplifier_that_is_not_armed_records_nothing():
    assert play(samples_per_frame=0).channels == {}


@pytest.mark.parametrize(
    ("changes", "lit"),
    [
        ({}, [1, 2]),
        ({"led_order": (1, 1, 2)}, [1, 1, 2]),
        ({"led_order": (2, 0)}, [2, 0]),
        ({"led_order": ()}, [0]),
    ],
)
def test_frames_are_light_where_the_monitor_lines_say_so(changes, lit):
    played = play(pulses=(), **changes)
    lines = np.stack([played.channels["led_1"], played.channels["led_2"]])
    proved = prove_excitation(lines, threshold_V=2.5, frame_rate_Hz=500.0, exposure_s=0.0018)
    np.testing.assert_array_equal(proved, np.resize(lit, 100))
    light = played.frames.mean((1, 2)) - 900
    assert (light[proved == 0] < 5).all()
    assert (light[proved > 0] > 100).all()


@pytest.mark.parametrize("changes", [{"exposure_s": 0.0}, {"led_exposure_s": 0.0}])
def test_no_light_is_seen_without_exposure_or_led(changes):
    assert play(**changes).frames.mean() == pytest.approx(900, abs=12)


def test_half_the_exposure_is_half_the_light():
    whole, half = play(pulses=()), play(pulses=(), exposure_s=0.0009)
    ratio = (half.frames.mean() - 900) / (whole.frames.mean() - 900)
    assert ratio == pytest.approx(0.5, abs=0.01)


def test_the_led_drifts_in_a_corner_without_the_cell():
    frames = play(pulses=()).frames[:, :5, -6:].astype(float).mean((1, 2)) - 900
    for led, depth in ((0, 0.05), (1, 0.04)):
        light = frames[led::2]
        fall = light[:2].mean() / light[-5:].mean() - 1
        assert fall == pytest.approx(depth, abs=0.025)
        assert light[:10].mean() > light[20:30].mean() > light[-10:].mean()


def test_the_stimulus_moves_sodium_calcium_and_voltage_after_it_and_not_before():
    source, same = make(), make()
    with_pulses, without = source.play(wire(), 0), same.play(wire(pulses=()), 0)
    change = spine_trace(source, with_pulses) / spine_trace(same, without) - 1
    assert abs(change[:ONSET_FRAME].mean()) < 0.01
    after = change[28:45]
    assert after[0::2].mean() > 0.03  # sodium brightens ANG-2
    assert after[1::2].mean() < -0.01  # calcium darkens bis-fura-2
    voltage = with_pulses.channels["voltage"] - without.channels["voltage"]
    assert abs(voltage[: ONSET_FRAME - 1].mean()) < 0.05
    assert voltage[24:30].mean() > 2


@pytest.mark.parametrize(
    "pulses",
    [
        (),
        (Pulse(onset_s=0.036, amplitude_uA=5.0),),
        (Pulse(onset_s=0.036, amplitude_pA=300.0, target="soma"),),
    ],
    ids=["none", "too weak", "not to the synapse"],
)
def test_no_stimulus_to_the_synapse_no_response(pulses):
    source, same = make(), make()
    ours = source.play(wire(pulses=pulses), 0)
    theirs = same.play(wire(pulses=()), 0)
    np.testing.assert_array_equal(ours.frames, theirs.frames)


@pytest.mark.parametrize("onset_s", [0.0, 0.010, 0.0361, 0.19])
@pytest.mark.parametrize("width_s", [100e-6, 200e-6, 0.003])
def test_the_stimulus_line_shows_each_pulse_to_the_sample(onset_s, width_s):
    line = play(pulses=(Pulse(onset_s=onset_s, width_s=width_s),)).channels["stimulus"].ravel()
    high = np.flatnonzero(line > 2.5)
    first, count = round(onset_s * 20_000), round(width_s * 20_000)
    assert high.tolist() == [*range(first, first + count)]


def test_dyes_bleach_with_light_and_not_in_the_dark():
    source = make()

    def light(place):
        """Light of the spine's calcium dye relative to the background, which does not bleach."""
        played = source.play(wire(pulses=()), place)
        corner = (played.frames - source.dark_frame(0))[1::2, :5, -6:].mean()
        return spine_trace(source, played)[1::2].mean() / corner

    before = light(0)
    source.play(wire(pulses=(), led_order=()), 1)
    for k in range(9):
        source.play(wire(pulses=()), 2 + k)
    ten = light(11)
    for k in range(9):
        source.play(wire(pulses=()), 12 + k)
    twenty = light(21)
    assert twenty < ten < before
    assert (before - twenty) / (before - ten) == pytest.approx(2, rel=0.25)


def test_any_trial_can_be_played():
    make().check(Trial(excitation_order=(2, 2, 1, 0), frame_count=7))


@pytest.mark.parametrize(
    ("dyes", "led", "dissociation_constant_mM"),
    [("bis-fura-2+ANG-2", 1, 84.2), ("SBFI+ANG-2", 2, 24.5)],
)
def test_through_ionophores_sodium_follows_the_bath(dyes, led, dissociation_constant_mM):
    """The whole chain: bath, cell, dye, light; without what is not the cell."""
    chosen = pair(dyes)
    dye = chosen.indicators[led - 1]
    assert dye.ion == "sodium"
    assert dye.dissociation_constant_mM == dissociation_constant_mM
    levels_mM = np.array([0.0, 10.0, 40.0, 100.0, 170.0])
    light = []
    for level_mM in levels_mM.tolist():
        source = SimulatedSlice(5, chosen, 24, 30, STEADY)
        bath = CONTROL_BATH.replace(ionophores=1.0, sodium_mM=level_mM)
        played = source.play(wire(pulses=(), bath=bath), 0)
        assert source.truth is not None
        sodium_mM = source.truth.response.spine_sodium_mM
        np.testing.assert_allclose(sodium_mM, level_mM, atol=1e-9)
        light.append(spine_trace(source, played)[led - 1 :: 2].mean())
    bound = levels_mM / (levels_mM + dissociation_constant_mM)
    risen = (np.array(light) - light[0]) / (light[-1] - light[0])
    # The other dye's light under this LED, by the part that crosstalk gives it: two sodium dyes
    # see a little of each other.
    number = led - 1
    other = chosen.indicators[1 - number]
    leak = crosstalk(chosen)[number, 1 - number]
    if other.ion == "sodium":
        own_light = fluorescence(levels_mM, dye) / fluorescence(4.0, dye)
        other_light = fluorescence(levels_mM, other) / fluorescence(4.0, other)
        own = led_light(chosen.wavelengths_nm[number]).rest_electrons
        mixed = (
            own * own_light
            + leak * led_light(chosen.wavelengths_nm[1 - number]).rest_electrons * other_light
        )
        bound = mixed - mixed[0]
    np.testing.assert_allclose(risen, bound / bound[-1], atol=0.03)


def test_without_ionophores_the_bath_leaves_the_cell_as_it_is():
    source = make()
    source.play(wire(pulses=(), bath=CONTROL_BATH.replace(sodium_mM=10.0)), 0)
    assert source.truth is not None
    np.testing.assert_allclose(source.truth.response.spine_sodium_mM, 4.0)
