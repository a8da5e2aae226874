"""The camera gives back its constants when it is measured as cameras are."""

import numpy as np
import pytest
from scipy.stats import chisquare, poisson

from blueslice.errors import BadInputError
from blueslice.sim.optics import (
    CameraParameters,
    FixedPattern,
    draw_counts,
    draw_electrons,
    draw_fixed_pattern,
)

CAMERA = CameraParameters()


def even_sensor(shape, offset=900.0):
    ones = np.ones(shape, np.float32)
    return FixedPattern(offset * ones, ones, 0 * ones)


@pytest.mark.parametrize("expected", [0.3, 4.0, 19.9, 20.1, 60.0, 300.0, 900.0, 5000.0])
def test_electrons_have_the_moments_of_photons(expected):
    count = 1_000_000
    drawn = draw_electrons(np.full(count, expected, np.float32), np.random.default_rng(0))
    drawn = drawn.astype(np.float64)
    from_mean = drawn - drawn.mean()
    variance = (from_mean**2).mean()
    skewness = (from_mean**3).mean() / variance**1.5
    # Four standard errors of each estimate, and for the expansion 1 % of the skewness.
    assert drawn.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / count))
    spread = 4 * np.sqrt((2 + 1 / expected) / count)
    assert variance == pytest.approx(expected, rel=spread)
    error = 4 * np.sqrt((6 + 30 / expected) / count)
    assert skewness == pytest.approx(expected**-0.5, abs=error + 0.01 * expected**-0.5)


@pytest.mark.parametrize("expected", [3.0, 25.0, 120.0])
def test_electrons_are_distributed_as_photons(expected):
    count = 100_000
    drawn = np.rint(draw_electrons(np.full(count, expected, np.float32), np.random.default_rng(1)))
    edges = np.unique(poisson.ppf(np.linspace(0.02, 0.98, 25), expected))
    bins = np.concatenate([[-np.inf], edges + 0.5, [np.inf]])
    seen = np.histogram(drawn, bins)[0]
    wanted = count * np.diff(np.concatenate([[0], poisson.cdf(edges, expected), [1]]))
    assert chisquare(seen, wanted).pvalue > 1e-3


def test_electrons_of_mixed_pixels_are_each_their_own():
    expected = np.tile(np.array([0.0, 0.5, 19.0, 400.0], np.float32), 50_000)
    drawn = draw_electrons(expected, np.random.default_rng(2)).reshape(-1, 4)
    assert not drawn[:, 0].any()
    np.testing.assert_allclose(drawn.mean(axis=0)[1:], [0.5, 19, 400], rtol=0.02)
    np.testing.assert_allclose(drawn.var(axis=0)[1:], [0.5, 19, 400], rtol=0.04)


def test_photon_transfer_gives_gain_and_read_noise():
    light = np.linspace(30, 3000, 16)
    rng = np.random.default_rng(3)
    sensor = even_sensor((64, 64))
    means, variances = [], []
    for electrons in light:
        stack = np.full((30, 64, 64), electrons, np.float32)
        counts = draw_counts(stack, sensor, CAMERA, rng).astype(float) - 900
        means.append(counts.mean())
        variances.append(counts.var(axis=0, ddof=1).mean())
    np.testing.assert_allclose(means, light / 0.84, rtol=0.003)
    slope, floor = np.polyfit(means, variances, 1, w=1 / np.array(variances))
    assert 1 / slope == pytest.approx(0.84, rel=0.01)
    # Rounding to whole counts adds 1/12.
    assert np.sqrt(floor - 1 / 12) * 0.84 == pytest.approx(7.5, rel=0.04)


def test_dark_stack_gives_read_noise_offset_and_pattern():
    rng = np.random.default_rng(4)
    pattern = draw_fixed_pattern((80, 80), CAMERA, rng)
    dark = draw_counts(np.zeros((200, 80, 80), np.float32), pattern, CAMERA, rng).astype(float)
    noise = np.median(dark.std(axis=0, ddof=1))
    assert noise * 0.84 == pytest.approx(7.5, rel=0.01)
    mean = dark.mean(axis=0)
    cold = pattern.dark_electrons == 0
    assert np.abs(mean - pattern.offset_counts)[cold].max() < 4.5 * noise / np.sqrt(200)
    assert abs(mean.mean() - 900) < 25
    assert pattern.offset_counts[:40, :40].std() == pytest.approx(2.0, rel=0.1)


def test_pixels_differ_in_gain_and_a_few_are_hot():
    rng = np.random.default_rng(5)
    camera = CameraParameters(hot_pixel_fraction=0.001, hot_pixel_electrons=200)
    pattern = draw_fixed_pattern((300, 300), camera, rng)
    assert pattern.gain.std() == pytest.approx(0.004, rel=0.05)
    hot = pattern.dark_electrons > 0
    assert hot.mean() == pytest.approx(0.001, rel=0.4)
    dark = draw_counts(np.zeros((20, 300, 300), np.float32), pattern, camera, rng).mean(axis=0)
    expected = pattern.dark_electrons[hot] / camera.electrons_per_count
    np.testing.assert_allclose((dark - pattern.offset_counts)[hot], expected, atol=35, rtol=0.05)
    light = np.full((60, 300, 300), 8000, np.float32)
    lit = draw_counts(light, pattern, camera, rng).mean(axis=0) - pattern.offset_counts
    seen = (lit * camera.electrons_per_count - pattern.dark_electrons) / 8000
    assert (seen - pattern.gain).std() == pytest.approx(1 / np.sqrt(60 * 8000), rel=0.1)


@pytest.mark.parametrize(("bits", "full"), [(14, 16383), (12, 4095), (16, 65535)])
def test_the_converter_saturates(bits, full):
    camera = CameraParameters(bits=bits)
    light = np.full((1, 24, 24), 1e5, np.float32)
    counts = draw_counts(light, even_sensor((24, 24)), camera, np.random.default_rng(0))
    assert np.all(counts == full)
    assert counts.dtype == np.uint16
    low = draw_counts(0 * light, even_sensor((24, 24), 0), camera, np.random.default_rng(0))
    assert low.min() == 0
    assert low.max() < 60


def test_same_seed_same_bytes_in_one_call_or_in_blocks():
    pattern = draw_fixed_pattern((120, 110), CAMERA, np.random.default_rng(6))
    light = np.random.default_rng(7).uniform(0, 900, (9, 120, 110)).astype(np.float32)
    rng = np.random.default_rng(8)
    whole = draw_counts(light, pattern, CAMERA, np.random.default_rng(8))
    blocks = [draw_counts(light[part], pattern, CAMERA, rng) for part in (slice(4), slice(4, 9))]
    assert whole.tobytes() == np.concatenate(blocks).tobytes()
    other = draw_counts(light, pattern, CAMERA, np.random.default_rng(9))
    assert whole.tobytes() != other.tobytes()


@pytest.mark.parametrize(
    ("value", "shape", "word"),
    [(-1, (1, 24, 24), "negative"), (np.nan, (1, 24, 24), "finite"), (1, (24, 24), "shape"),
     (np.inf, (1, 24, 24), "finite"), (1, (1, 24, 25), "shape")],
)  # fmt: skip
def test_impossible_light_is_refused(value, shape, word):
    light = np.full(shape, value, np.float32)
    with pytest.raises(BadInputError, match=word):
        draw_counts(light, even_sensor((24, 24)), CAMERA, np.random.default_rng(0))
