"""LED drift and noise, bleaching and damage by light."""

import numpy as np
import pytest

from blueslice.sim.optics import (
    LED_LIGHT,
    LOSS_PER_S,
    LedLight,
    Photodamage,
    damage_from_light,
    draw_led_intensity,
    led_drift,
    led_light,
    light_dose_s,
    remaining_dye,
)

TIME_S = np.arange(50) * 0.004


@pytest.mark.parametrize("wavelength_nm", list(LED_LIGHT))
def test_drift_in_a_trial_is_four_to_six_percent_and_fast_at_first(wavelength_nm):
    led = led_light(wavelength_nm)
    drift = led_drift(TIME_S, led)
    assert 0.040 <= drift[0] - drift[-1] <= 0.056
    assert np.all(np.diff(drift) < 0)
    assert drift[0] - drift[1] > 2 * (drift[-2] - drift[-1])
    assert led_drift([0.2], led)[0] == pytest.approx(1, abs=1e-6)
    assert led_drift([100.0], led)[0] > 0.8


def test_noise_of_flashes_and_of_trials_is_what_it_says():
    led = LedLight(frame_noise=5e-4, trial_noise=0.02)
    rng = np.random.default_rng(1)
    trials = np.array([draw_led_intensity(TIME_S, led, rng) for _ in range(400)])
    trials /= led_drift(TIME_S, led)
    levels = trials.mean(axis=1)
    assert levels.std() == pytest.approx(0.02, rel=0.1)
    assert levels.mean() == pytest.approx(1, abs=0.004)
    assert (trials / levels[:, None]).std() == pytest.approx(5e-4, rel=0.05)


def test_an_led_the_rig_lacks_is_an_ordinary_one():
    assert led_light(490.0) == LedLight()


@pytest.mark.parametrize(("ion", "loss"), [("sodium", 0.01), ("calcium", 0.03)])
def test_a_trial_bleaches_as_measured(ion, loss):
    middle, after = light_dose_s(np.ones(50), 0.0018)
    assert after == pytest.approx(0.09)
    assert middle[0] == pytest.approx(0.0009)
    assert middle[-1] == pytest.approx(0.0891)
    assert 1 - remaining_dye(after, LOSS_PER_S[ion]) == pytest.approx(loss)
    _, second = light_dose_s(np.ones(50), 0.0018, after)
    assert remaining_dye(second, LOSS_PER_S[ion]) == pytest.approx((1 - loss) ** 2)


def test_dose_counts_brightness_and_no_flash_is_no_dose():
    assert light_dose_s(np.full(10, 0.5), 0.002)[1] == pytest.approx(0.01)
    none, after = light_dose_s(np.empty(0), 0.002, 3.0)
    assert none.size == 0
    assert after == 3.0


def test_damage_shows_after_five_to_ten_trials():
    per_trial_s = 100 * 0.0018
    trials = [damage_from_light(n * per_trial_s) for n in range(31)]
    fractions = np.array([state.fraction for state in trials])
    assert fractions[0] == 0
    assert np.all(np.diff(fractions) > 0)
    assert fractions[4] < 0.05
    assert 0.3 < fractions[10] < 0.6
    assert fractions[30] > 0.95
    assert trials[4].response_factor > 0.97
    assert trials[10].response_factor < 0.8
    assert trials[10].sodium_rise_mM > 2
    assert trials[10].calcium_rise_uM > 0.1


def test_damage_can_be_switched_off():
    unharmed = Photodamage(lost_response=0, sodium_rise_mM=0, calcium_rise_uM=0)
    state = damage_from_light(100.0, unharmed)
    assert (state.response_factor, state.sodium_rise_mM, state.calcium_rise_uM) == (1, 0, 0)
