"""The point spread keeps the light, and has the widths it says."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.optics import LightMaps, PointSpread, Window, spread_points

PIXEL_UM = 0.4
SPREAD = PointSpread()
WINDOW = Window(-40, -40, 81, 81)


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.5, 0.5), (-0.31, 0.77), (3.2, -5.9)])
def test_energy_is_kept_wherever_the_point_is(place):
    image = spread_points(np.array([place]), np.array([7.0]), WINDOW, SPREAD, PIXEL_UM)
    assert image.sum() == pytest.approx(7.0, rel=1e-6)
    at = np.indices(image.shape) - 40
    middle = (at * image).sum(axis=(1, 2)) / image.sum()
    assert middle == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    ("core_um", "halo_um", "fraction"), [(0.5, 2.5, 0.2), (0.5, 2.5, 0.0), (1.0, 2.0, 0.5)]
)
def test_second_moment_is_that_of_both_parts_and_the_pixel(core_um, halo_um, fraction):
    spread = PointSpread(core_sigma_um=core_um, halo_sigma_um=halo_um, halo_fraction=fraction)
    image = spread_points(np.zeros((1, 2)), np.ones(1), WINDOW, spread, PIXEL_UM)
    x = np.arange(-40, 41)
    variance = (image.sum(axis=0) * x**2).sum()
    parts = ((1 - fraction) * core_um**2 + fraction * halo_um**2) / PIXEL_UM**2
    assert variance == pytest.approx(parts + 1 / 12, rel=1e-3)


def test_maps_hold_what_was_spread_and_clip_at_the_edge():
    inside = Window(-5, -5, 40, 50)
    points = [np.array([[10.0, 12.0]]), np.array([[-4.0, 44.0]]), np.array([[500.0, 500.0]])]
    maps = LightMaps.of_points([(p, np.ones(1)) for p in points], inside, SPREAD, PIXEL_UM)
    whole = np.zeros((40, 50))
    maps.add_to(whole)
    expected = sum(spread_points(p, np.ones(1), inside, SPREAD, PIXEL_UM) for p in points)
    # What lies beyond four sigmas of the halo is left out.
    assert np.abs(whole - expected).max() < 1e-6
    assert maps.picture(2)[2].size == 0
    double = np.zeros((40, 50))
    maps.scaled(np.array([2.0, 0.0, 1.0])).add_to(double)
    only = np.zeros((40, 50))
    maps.add_to(only, 0, 1)
    np.testing.assert_allclose(double, 2 * only)


@pytest.mark.parametrize("bad", [{"core_sigma_um": 0}, {"halo_fraction": 1.2}, {"sigma": 1}])
def test_impossible_spreads_are_refused(bad):
    with pytest.raises(BadInputError):
        PointSpread(**bad)
