"""The calibration curve, its inverse and its fit agree with each other and with the paper."""

import math

import numpy as np
import pytest

from blueslice.analysis import (
    concentration_change_mM,
    concentration_from_fluorescence_mM,
    fit_calibration,
    fluorescence_from_concentration,
    linear_concentration_change_mM,
)
from blueslice.errors import BadInputError
from blueslice.indicators import INDICATORS

ANG = {"fmin": 100.0, "fmax": 470.0, "dissociation_constant_mM": 84.2}
DARKENS = {"fmin": 100.0, "fmax": 12.0, "dissociation_constant_mM": 0.5}
SERIES_MM = np.array([0.0, 5, 10, 20, 40, 80, 120, 170])


@pytest.mark.parametrize("curve", [ANG, DARKENS])
def test_curve_and_inverse(curve):
    light = fluorescence_from_concentration([0, curve["dissociation_constant_mM"]], **curve)
    assert light == pytest.approx([curve["fmin"], (curve["fmin"] + curve["fmax"]) / 2])
    again = concentration_from_fluorescence_mM(
        fluorescence_from_concentration(SERIES_MM, **curve), **curve
    )
    assert again == pytest.approx(SERIES_MM, abs=1e-9)


def test_light_beyond_the_curve():
    found = concentration_from_fluorescence_mM([99.0, 470.0, 500.0, np.nan], **ANG)
    assert found[0] < 0
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("name", "rest_mM", "expected_mM"),
    # the figures that the paper's formula gives for 10 %
    [("ANG-2", 0, 2.3), ("ANG-2", 4, 3.0), ("ANG-2", 10, 4.1), ("SBFI", 0, 5.3)],
)
def test_ten_percent_by_the_formula(name, rest_mM, expected_mM):
    found = concentration_change_mM(0.1, INDICATORS[name], rest_mM=rest_mM)
    assert float(found) == pytest.approx(expected_mM, abs=0.06)


def test_exact_change_inverts_the_dye():
    dye = INDICATORS["bis-fura-2"]
    constant, dynamic = dye.dissociation_constant_mM, dye.dynamic_range
    curve = {"fmin": 1.0, "fmax": 1 + dynamic, "dissociation_constant_mM": constant}
    light = fluorescence_from_concentration([5e-5, 8e-4], **curve)
    dff = dye.sign * (light[1] / light[0] - 1)
    assert dff > 0
    change = concentration_change_mM([0.0, dff], dye, rest_mM=5e-5)
    assert change == pytest.approx([0, 7.5e-4], abs=1e-12)


def test_the_paper_s_rule():
    assert linear_concentration_change_mM([0.1, 0.241], INDICATORS["ANG-2"]) == pytest.approx(
        [2.3, 5.543]
    )
    assert float(linear_concentration_change_mM(0.1, INDICATORS["SBFI"])) == pytest.approx(4.6)


@pytest.mark.parametrize("curve", [ANG, {**DARKENS, "dissociation_constant_mM": 30.0}])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_fit_of_a_noise_free_series(curve, scale):
    light = scale * fluorescence_from_concentration(SERIES_MM, **curve)
    found = fit_calibration(SERIES_MM, light)
    assert found.dissociation_constant_mM == pytest.approx(
        curve["dissociation_constant_mM"], rel=1e-4
    )
    assert found.dynamic_range == pytest.approx(curve["fmax"] / curve["fmin"] - 1, rel=1e-4)


def test_standard_errors_are_those_of_repeated_series():
    rng = np.random.default_rng(8)
    sd = np.full(len(SERIES_MM), 4.0)
    light = fluorescence_from_concentration(SERIES_MM, **ANG)
    fits = [fit_calibration(SERIES_MM, light + rng.normal(0, sd), sd) for _ in range(150)]
    z = np.array(
        [(f.dissociation_constant_mM - 84.2) / f.dissociation_constant_error_mM for f in fits]
    )
    assert abs(z.mean()) < 0.3
    assert 0.8 < z.std() < 1.25


def test_given_errors_are_believed():
    light = fluorescence_from_concentration(SERIES_MM, **ANG)
    light += np.random.default_rng(9).normal(0, 4, len(light))
    one, twice = (fit_calibration(SERIES_MM, light, np.full(len(light), sd)) for sd in (4.0, 8.0))
    assert twice.dissociation_constant_error_mM == pytest.approx(
        2 * one.dissociation_constant_error_mM, rel=1e-3
    )
    # not given, they are taken from the scatter, which doubles with it
    scale = fit_calibration(SERIES_MM, light).fmin_error
    assert fit_calibration(SERIES_MM, 2 * light).fmin_error == pytest.approx(2 * scale, rel=1e-3)


def test_weights_count():
    light = fluorescence_from_concentration(SERIES_MM, **ANG)
    light[3] += 100
    light[5] = np.nan
    sd = np.ones(len(light))
    sd[3] = 1e4
    assert fit_calibration(SERIES_MM, light, sd).dissociation_constant_mM == pytest.approx(
        84.2, rel=1e-3
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fluorescence_from_concentration([-1.0], **ANG), "has -1"),
        (
            lambda: fluorescence_from_concentration(1, fmin=1, fmax=2, dissociation_constant_mM=0),
            "dissociation_constant_mM = 0",
        ),
        (
            lambda: concentration_from_fluorescence_mM(
                1, fmin=1, fmax=1, dissociation_constant_mM=2
            ),
            "make no curve",
        ),
        (lambda: concentration_change_mM(0.1, INDICATORS["OGB-1"], rest_mM=0), "dynamic_range"),
        (lambda: concentration_change_mM(0.1, INDICATORS["SBFI"], rest_mM=-4), "has -4"),
        (lambda: concentration_change_mM(0.1, INDICATORS["SBFI"], rest_mM=math.nan), "rest_mM"),
        (lambda: linear_concentration_change_mM(0.1, INDICATORS["OGB-1"]), "ANG-2, SBFI"),
        (lambda: fit_calibration([1, 2, 3], [1, 2]), "shapes"),
        (lambda: fit_calibration([0, 10, 20], [1, 2, 3]), "3 measurements"),
        (lambda: fit_calibration([0, 0, 9, 9], [1, 1, 2, 2]), "2 concentrations"),
        (lambda: fit_calibration([0, 5, 9, 20], [1, 2, 3, -4]), "above 0"),
        (lambda: fit_calibration([0, 5, 9, -20], [1, 2, 3, 4]), "has -20"),
        (lambda: fit_calibration([0, 5, 9, 20], [1, 2, 3, 4], [1, 1, 0, 1]), "errors"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
