"""Light: of the dye whose LED is on, averaged over the exposure, and paid for in dye."""

import numpy as np
import pytest

from blueslice.indicators import PAIRS, IndicatorPair, pair
from blueslice.sim import Wiring
from blueslice.sim.glow import FULL_EXPOSURE_S, glow_of
from blueslice.sim.optics import LOSS_PER_S, crosstalk, fluorescence, led_light
from blueslice.sim.physiology import CellResponse

FRAMES = 20
REST = (4.0, 0.07)
USUAL = pair("bis-fura-2+ANG-2")
# Dyes of no known spectrum have no light from the other's LED.
APART = IndicatorPair(
    led_1=USUAL.led_1.replace(name="only calcium"), led_2=USUAL.led_2.replace(name="only sodium")
)


def wire(**changes):
    values = {
        "frame_rate_Hz": 500.0,
        "frame_count": FRAMES,
        "exposure_s": 0.0018,
        "samples_per_frame": 0,
        "led_order": (1, 2),
        "led_exposure_s": 0.0018,
        "pulses": (),
    }
    return Wiring(**(values | changes))


def respond(interval_ms=0.1, sodium=None, calcium=None, kd_uM=0.525):
    """Return a response of 2 spines and 1 segment: at rest, but for what is given."""
    times = round(40 / interval_ms) + 2
    sodium_mM = np.full((3, times), REST[0]) if sodium is None else sodium
    calcium_uM = np.full((3, times), REST[1]) if calcium is None else calcium
    bound = calcium_uM / (calcium_uM + kd_uM)
    return CellResponse(
        interval_ms,
        np.full(times, -68.0),
        *(values[part] for values in (sodium_mM, calcium_uM, bound) for part in (slice(2), [2])),
        calcium_dye_kd_uM=kd_uM,
    )


def glow(dyes=APART, response=None, dose_s=(0.0, 0.0), seed=1, **changes):
    rng = np.random.default_rng(seed)
    return glow_of(wire(**changes), dyes, response or respond(), REST, dose_s, rng)


@pytest.mark.parametrize(
    ("changes", "light"),
    [
        ({}, [1, 1]),
        ({"led_order": (1, 0)}, [1, 0]),
        ({"led_order": (0, 0, 2, 0)}, [0, 0, 1, 0]),
        ({"led_order": ()}, [0]),
        ({"led_exposure_s": 0.0}, [0]),
    ],
)
def test_a_dark_frame_gives_nothing(changes, light):
    found = glow(USUAL, **changes)
    lit = np.resize(light, FRAMES) > 0
    for values in (found.compartments[0], found.background, found.intensity):
        assert values.shape == (FRAMES,)
        assert (values[~lit] == 0).all()
        assert (values[lit] > 0.5).all()
    if not lit.any():
        assert found.dose_s == (0.0, 0.0)


def test_light_that_no_camera_sees_is_counted_all_the_same():
    unseen, seen = glow(USUAL, exposure_s=0.0), glow(USUAL)
    assert (unseen.compartments == 0).all()
    assert (unseen.background == 0).all()
    assert min(unseen.dose_s) > 0
    assert unseen.dose_s == pytest.approx(seen.dose_s, rel=0.05)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("ion", ["sodium", "calcium"])
def test_an_led_lights_its_own_dye_and_a_little_of_the_other(name, ion):
    dyes = PAIRS[name]
    times = respond().spine_sodium_mM.shape[1]
    raised = (
        respond(sodium=np.full((3, times), 9.0))
        if ion == "sodium"
        else respond(calcium=np.full((3, times), 0.5))
    )
    rest, more = glow(dyes), glow(dyes, raised)
    change = ((more.compartments - rest.compartments) / rest.intensity)[0]
    by_led = np.array([change[::2].mean(), change[1::2].mean()])
    electrons = np.array([led_light(nm).rest_electrons for nm in dyes.wavelengths_nm])
    # What each LED excites of the dyes that changed, each in units of its light at rest.
    expected = np.zeros(2)
    for place, dye in enumerate(dyes.indicators):
        if dye.ion == ion:
            concentration, before = (9.0, 4.0) if ion == "sodium" else (0.5e-3, 0.07e-3)
            relative = fluorescence(concentration, dye) / fluorescence(before, dye) - 1
            expected += crosstalk(dyes)[:, place] * electrons[place] * relative
    assert by_led == pytest.approx(expected, rel=0.02)
    own = [place for place, dye in enumerate(dyes.indicators) if dye.ion == ion]
    if len(own) == 1:
        assert 0 < abs(by_led[1 - own[0]]) < 0.15 * abs(by_led[own[0]])


@pytest.mark.parametrize("name", ["SBFI+ANG-2", "bis-fura-2+ANG-2"])
def test_the_whole_cell_s_dye_follows_its_rest_and_no_response(name):
    dyes = PAIRS[name]
    times = respond().spine_sodium_mM.shape[1]
    sodium = np.full((3, times), REST[0])
    # A response begins later than the trial.
    sodium[:, 5:] = 20.0
    at_rest, responding = glow(dyes), glow(dyes, respond(sodium=sodium))
    for found in (at_rest, responding):
        np.testing.assert_allclose(found.out_of_focus, 0, atol=1e-9)
    # Through ionophores: the same rise everywhere and from the start, as in a compartment of the
    # cell, less what each of them has lost to light.
    filled = glow(dyes, respond(sodium=np.full((3, times), 50.0)))
    np.testing.assert_array_equal(filled.background, at_rest.background)
    rise = filled.compartments[2] - at_rest.compartments[2]
    np.testing.assert_allclose(filled.out_of_focus, rise, rtol=0.02)
    assert (filled.out_of_focus > 0.02 * filled.background).all()


@pytest.mark.parametrize("interval_ms", [0.1, 0.13, 0.7])
@pytest.mark.parametrize(
    ("exposure_s", "led_exposure_s"), [(0.0018, 0.0018), (0.00077, 0.0018), (0.0018, 0.0005)]
)
def test_a_frame_is_the_mean_over_its_exposure(interval_ms, exposure_s, led_exposure_s):
    rng = np.random.default_rng(2)
    times = round(40 / interval_ms) + 2
    sodium, calcium = rng.uniform(3, 20, (3, times)), rng.uniform(0.05, 3, (3, times))
    changes = {"exposure_s": exposure_s, "led_exposure_s": led_exposure_s}
    moving = glow(response=respond(interval_ms, sodium, calcium), **changes)
    # The same LEDs on a cell at rest: what is left is the cell.
    found = moving.compartments / glow(**changes).compartments
    seen_ms = 1e3 * min(exposure_s, led_exposure_s)
    fine = (np.arange(40_000) + 0.5) / 40_000 * seen_ms
    for frame in range(FRAMES):
        dye = APART.indicators[frame % 2]
        ions, rest = (sodium, REST[0]) if dye.ion == "sodium" else (calcium * 1e-3, REST[1] * 1e-3)
        samples = ((frame * 2.0 + fine) / interval_ms).astype(int)
        light = fluorescence(ions[:, samples], dye) / fluorescence(rest, dye)
        assert found[:, frame] == pytest.approx(light.mean(1), rel=2e-3)


@pytest.mark.parametrize("name", PAIRS)
def test_a_dye_without_its_own_solution_is_in_equilibrium(name):
    # The model's bound part belongs to one calcium dye; any other follows the free calcium.
    dyes = PAIRS[name]
    times = respond().spine_sodium_mM.shape[1]
    calcium = np.full((3, times), 0.6)
    own, other = respond(calcium=calcium), respond(calcium=calcium, kd_uM=123.0)
    kds = {1e3 * d.dissociation_constant_mM for d in dyes.indicators if d.ion == "calcium"}
    for kd in kds:
        same = glow(dyes, respond(calcium=calcium, kd_uM=kd)).compartments
        np.testing.assert_allclose(same, glow(dyes, other).compartments, rtol=1e-9)
    np.testing.assert_allclose(
        glow(dyes, own).compartments, glow(dyes, other).compartments, rtol=1e-9
    )


@pytest.mark.parametrize("dose_s", [(0.0, 0.0), (1.0, 0.0), (0.0, 2.0), (0.5, 3.0)])
def test_a_dye_is_bleached_by_the_light_of_its_own_led(dose_s):
    found = glow(dose_s=dose_s)
    np.testing.assert_array_equal(found.background, glow().background)
    # The background does not bleach and has the same LEDs' light.
    left = found.compartments / found.background
    assert np.ptp(left, axis=0).max() < 1e-12
    for led, dye in enumerate(APART.indicators):
        given = found.intensity[led::2] * 0.0018
        until = dose_s[led] + np.cumsum(given) - given / 2
        assert left[0, led::2] == pytest.approx(np.exp(-LOSS_PER_S[dye.ion] * until), rel=1e-9)


@pytest.mark.parametrize(
    "changes",
    [{}, {"exposure_s": 0.0009}, {"led_exposure_s": 0.0007}, {"led_order": (2, 2, 1, 0)}],
    ids=["usual", "camera sees half", "short flashes", "order"],
)
def test_the_dose_is_all_the_light_whether_the_camera_saw_it_or_not(changes):
    before = (0.3, 0.7)
    found = glow(dose_s=before, **changes)
    on_s = wire(**changes).led_on_s
    given = (found.intensity * on_s).sum(1)
    assert np.subtract(found.dose_s, before) == pytest.approx(given)
    assert given.min() > 0


@pytest.mark.parametrize(
    ("exposure_s", "led_exposure_s"), [(0.0009, 0.0018), (0.0018, 0.0009), (0.0018, 0.0004)]
)
def test_light_goes_with_the_time_that_is_lit_and_seen(exposure_s, led_exposure_s):
    part = glow(exposure_s=exposure_s, led_exposure_s=led_exposure_s)
    share = min(exposure_s, led_exposure_s) / FULL_EXPOSURE_S
    np.testing.assert_allclose(part.background, share * glow().background)


def test_a_frame_that_both_leds_light_has_the_light_of_both():
    on_s = np.full((2, FRAMES), 0.0018)
    both = glow(light_s=on_s)
    first, second = (glow(light_s=on_s * mask) for mask in ([[1], [0]], [[0], [1]]))
    for name in ("compartments", "background", "intensity"):
        together = getattr(first, name) + getattr(second, name)
        np.testing.assert_allclose(getattr(both, name), together)
    assert both.intensity.mean() == pytest.approx(2, abs=0.15)
    assert both.dose_s == (first.dose_s[0], second.dose_s[1])


def test_the_seed_decides_the_leds_noise():
    np.testing.assert_array_equal(glow(seed=3).intensity, glow(seed=3).intensity)
    assert not np.array_equal(glow(seed=3).intensity, glow(seed=4).intensity)
