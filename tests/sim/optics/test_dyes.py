"""From concentration to light: the dyes' equations, and crosstalk."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.indicators import INDICATORS, PAIRS, Indicator
from blueslice.sim.optics import (
    EXCITATION,
    SIMULATED_DYES,
    bound_dye_fluorescence,
    bound_fraction,
    crosstalk,
    fluorescence,
    mix_channels,
    simulated_dye,
)


@pytest.mark.parametrize("name", list(INDICATORS))
def test_each_dye_goes_from_free_to_saturated(name):
    dye = SIMULATED_DYES[name]
    half = dye.dissociation_constant_mM
    light = fluorescence([0.0, half, 1e6 * half], INDICATORS[name])
    full = 1 + (dye.dynamic_range or 0)
    np.testing.assert_allclose(light, [1, (1 + full) / 2, full], rtol=1e-4)
    assert np.sign(full - 1) == dye.sign
    assert bound_fraction(half, dye) == 0.5
    np.testing.assert_allclose(bound_dye_fluorescence([0, 0.5, 1], dye), light, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "rest_mM", "rise_mM", "change"),
    # Miyazaki & Ross (2017), Fig 5: 10 % is 2.3 mM from rest 0 (ANG-2), 4.4 mM with SBFI's Kd.
    [
        ("ANG-2", 0, 2.34, 0.10),
        ("ANG-2", 4, 3.0, 0.10),
        ("ANG-2", 4, 7.5, 0.24),
        ("SBFI", 0, 5.33, 0.10),
    ],
)
def test_sodium_dyes_change_as_calibrated(name, rest_mM, rise_mM, change):
    rest, raised = fluorescence([rest_mM, rest_mM + rise_mM], INDICATORS[name])
    assert raised / rest - 1 == pytest.approx(change, abs=0.005)


def test_bis_fura_2_saturates():
    light = fluorescence([70e-6, 1e-3, 10e-3, 20e-3], INDICATORS["bis-fura-2"])
    fall = -np.diff(light)
    assert np.all(fall > 0)
    assert fall[2] < 0.1 * fall[0]


@pytest.mark.parametrize("name", list(PAIRS))
def test_crosstalk_of_the_papers_pairs_is_small_and_unmixes(name):
    matrix = crosstalk(PAIRS[name])
    assert np.diag(matrix).tolist() == [1, 1]
    assert 0 < matrix[0, 1] <= 0.05
    assert 0 < matrix[1, 0] <= 0.05
    light = np.random.default_rng(0).uniform(100, 400, (2, 3, 5))
    mixed = mix_channels(matrix, light)
    assert mixed[0, 1, 2] == pytest.approx(light[0, 1, 2] + matrix[0, 1] * light[1, 1, 2])
    np.testing.assert_allclose(mix_channels(np.linalg.inv(matrix), mixed), light)


def test_the_dye_of_the_matrix_is_the_one_the_led_does_not_belong_to():
    pair = PAIRS["bis-fura-2+ANG-2"]
    assert crosstalk(pair)[0, 1] == EXCITATION["bis-fura-2"][520.0]
    assert crosstalk(pair)[1, 0] == EXCITATION["ANG-2"][385.0]


def test_beside_a_dye_of_which_more_is_filled_in_the_other_gets_less_light():
    pair = PAIRS["SBFI+ANG-2"]
    led = [dye.name for dye in pair.indicators].index("SBFI")
    share = EXCITATION["ANG-2"][385.0] * 0.3 / 2.0
    assert crosstalk(pair)[led, 1 - led] == pytest.approx(share)
    assert crosstalk(pair)[1 - led, led] == EXCITATION["SBFI"][520.0]


def test_a_dye_without_range_is_refused():
    dye = Indicator(
        name="CoroNa", ion="sodium", dissociation_constant_mM=80, wavelength_nm=490, sign=1
    )
    with pytest.raises(BadInputError, match="CoroNa"):
        simulated_dye(dye)
    with pytest.raises(BadInputError, match="dynamic_range"):
        fluorescence([1.0], dye)
