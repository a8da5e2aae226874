"""Line profiles: through the place, with a width only where there is a peak."""

import numpy as np
import pytest

from blueslice.view.figures import ChangeOfIon, ProfilePictures, Scale, draw_profile, profiles_along

Y, X = np.indices((60, 60)).astype(float)
SIGMA_PX = 2.0
PEAK = 100 * np.exp(-((X - 30) ** 2 + (Y - 30) ** 2) / (2 * SIGMA_PX**2))
NOISE = np.random.default_rng(3).normal(0, 5, PEAK.shape)


@pytest.fixture
def pictures():
    resting = 50 + 200 * np.exp(-((Y - 30) ** 2) / 8)
    changes = [ChangeOfIon("sodium", PEAK + NOISE, 1), ChangeOfIon("calcium", NOISE.T, -1)]
    return ProfilePictures(resting, changes, 30.0, 30.0, 0.0, width_px=0.0, scale=Scale(0.5))


def test_a_width_is_told_only_of_a_peak_above_the_noise(pictures):
    (_, sodium), (_, calcium) = profiles_along(pictures)
    assert sodium.width_px == pytest.approx(2.355 * SIGMA_PX, rel=0.15)
    assert np.isnan(calcium.width_px)


def test_lines_are_drawn_in_um_where_they_lie(pictures):
    place, along, across = draw_profile(pictures).axes
    first, second = place.lines
    assert first.get_xdata() == pytest.approx([9.0, 21.0])
    assert first.get_ydata() == pytest.approx([15.0, 15.0])
    assert second.get_ydata() == pytest.approx([9.0, 21.0])
    assert along.lines[0].get_xdata()[[0, -1]] == pytest.approx([-6.0, 6.0])
    labels = [text.get_text() for text in along.get_legend().get_texts()]
    assert labels[0].startswith("Na: 2.")
    assert labels[0].endswith("µm at half maximum")
    assert labels[1] == "Ca (\N{MINUS SIGN}ΔF)"
    (light,) = across.lines
    assert light.get_ydata().max() == pytest.approx(100.0)
