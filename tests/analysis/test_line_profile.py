"""Widths, directions and background of drawn dendrites and spines equal those drawn."""

import math

import numpy as np
import pytest

from blueslice.analysis import (
    LineProfile,
    background_fraction,
    correct_for_background,
    dendrite_direction,
    line_profile,
    width_at_half_maximum,
)
from blueslice.errors import BadInputError

ROWS, COLUMNS = np.indices((60, 70), float)
FWHM_OF_SIGMA = 2 * math.sqrt(2 * math.log(2))


def spot(y, x, sigma_px, height=100.0):
    return height * np.exp(-((ROWS - y) ** 2 + (COLUMNS - x) ** 2) / (2 * sigma_px**2))


def dendrite(y, x, angle_rad, sigma_px=2.0, height=100.0):
    across = -(COLUMNS - x) * math.sin(angle_rad) + (ROWS - y) * math.cos(angle_rad)
    return height * np.exp(-(across**2) / (2 * sigma_px**2))


@pytest.mark.parametrize("angle_rad", [0.0, 0.4, math.pi / 2, -1.2])
@pytest.mark.parametrize("width_px", [0.0, 1.0])
@pytest.mark.parametrize("baseline", [0.0, 50.0])
def test_width_of_a_spot(angle_rad, width_px, baseline):
    image = spot(30.3, 33.7, 1.4) + baseline
    profile = line_profile(image, 30.3, 33.7, angle_rad, width_px=width_px)
    found = width_at_half_maximum(profile)
    assert found.width_px == pytest.approx(1.4 * FWHM_OF_SIGMA, rel=0.01)
    assert found.peak_px == pytest.approx(0, abs=1e-9)
    assert found.baseline == pytest.approx(baseline, abs=0.01)
    # the mean over a width of 1 px across a spot of SD 1.4 px
    assert found.peak - baseline == pytest.approx(100 if width_px == 0 else 97.9, rel=0.01)


def test_a_strip_averages_evenly_over_its_width():
    profile = line_profile(ROWS**2, 30, 30, 0.0, width_px=4.0)
    # the mean of y^2 over 28..32 is 900 + 4 / 3
    assert profile.values == pytest.approx(900 + 4 / 3, rel=1e-4)
    assert profile.distance_px[[0, -1]].tolist() == [-8.0, 8.0]


def test_a_line_runs_from_its_negative_to_its_positive_side():
    profile = line_profile(COLUMNS + 100 * ROWS, 30, 30, math.pi / 2, width_px=0)
    assert profile.values == pytest.approx(30 + 100 * (30 + profile.distance_px))


def test_unknown_and_outside_places_are_nan():
    image = np.ones((60, 70))
    image[30, 36] = np.nan
    profile = line_profile(image, 30, 30, 0.0, length_px=20, width_px=1)
    near = np.abs(profile.distance_px - 6) <= 2
    assert np.isnan(profile.values[near]).all()
    assert np.isfinite(profile.values[np.abs(profile.distance_px - 6) > 3]).all()
    edge = line_profile(np.ones((60, 70)), 30, 66, 0.0, width_px=0)
    assert np.isfinite(edge.values[edge.distance_px <= 3]).all()
    assert np.isnan(edge.values[edge.distance_px > 3]).all()


def test_a_peak_that_does_not_fall_to_half_has_no_width():
    profile = line_profile(spot(30, 30, 20), 30, 30, 0.0)
    assert math.isnan(width_at_half_maximum(profile, baseline=0).width_px)
    assert math.isnan(width_at_half_maximum(profile, baseline=500).width_px)
    torn = LineProfile(np.arange(-4.0, 5), np.array([0, 0, 0, 1, 2, np.nan, 0, 0, 0]))
    assert math.isnan(width_at_half_maximum(torn, baseline=0).width_px)


@pytest.mark.parametrize("angle_deg", [-80, -35, 0, 20, 60, 90])
def test_direction_of_a_dendrite(angle_deg):
    noise = np.random.default_rng(1).normal(0, 2, ROWS.shape)
    image = dendrite(30, 35, math.radians(angle_deg)) + noise
    image[3, 5] = np.nan
    angle_rad, coherence = dendrite_direction(image, 30, 35)
    error_deg = (math.degrees(angle_rad) - angle_deg + 90) % 180 - 90
    assert abs(error_deg) < 2
    assert -math.pi / 2 <= angle_rad <= math.pi / 2
    assert coherence > 0.9


def test_a_round_spot_has_no_direction():
    assert dendrite_direction(spot(30, 30, 3), 30, 30)[1] < 0.05


@pytest.mark.parametrize("fraction", [0.41, 0.62, 0.85])
def test_background_beside_a_spine_on_a_dendrite(fraction):
    # the dendrite on one side is brighter than the spine, as in the paper
    image = np.full(ROWS.shape, fraction * 100) + spot(30, 30, 1.2, (1 - fraction) * 100)
    image += dendrite(38, 30, 0.0, sigma_px=2.0, height=300)
    profile = line_profile(image, 30, 30, math.pi / 2, width_px=0)
    found = background_fraction(profile, averaged_px=0)
    assert found == pytest.approx(fraction, abs=0.005)
    measured = 0.24 * (1 - fraction)
    assert correct_for_background([measured], found) == pytest.approx([0.24], rel=0.02)


IMAGE = np.ones((30, 30))
LEVEL = LineProfile(np.arange(-8.0, 9), np.ones(17))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: line_profile(np.ones(9), 3, 3, 0), "give .y, x."),
        (lambda: line_profile(np.full((9, 9), np.nan), 3, 3, 0), "0 known"),
        (lambda: line_profile(IMAGE, 30, 3, 0), "outside the image"),
        (lambda: line_profile(IMAGE, 3, math.nan, 0), "outside the image"),
        (lambda: line_profile(IMAGE, 3, 3, 0, step_px=0), "not possible"),
        (lambda: line_profile(IMAGE, 3, 3, 0, width_px=-1), "not possible"),
        (lambda: dendrite_direction(IMAGE, 3, 3), "even"),
        (lambda: dendrite_direction(IMAGE, 3, 3, reach_px=0), "reach_px = 0"),
        (
            lambda: width_at_half_maximum(LineProfile(np.arange(3.0), np.full(3, np.nan))),
            "is known",
        ),
        (
            lambda: width_at_half_maximum(
                LineProfile(np.arange(-2.0, 3), np.array([np.nan, 1, 2, 1, np.nan]))
            ),
            "give the baseline",
        ),
        (lambda: background_fraction(LEVEL, beside_px=20), "make it longer"),
        (lambda: background_fraction(LEVEL, averaged_px=8), "reaches the middle"),
        (lambda: background_fraction(LineProfile(LEVEL.distance_px, -LEVEL.values)), "dark image"),
        (lambda: correct_for_background([0.1], 1.0), "fraction = 1.0"),
        (lambda: correct_for_background([0.1], math.nan), "fraction = nan"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
