"""ROIs and images follow the tissue."""

import numpy as np
import pytest
from scipy.special import erf

from blueslice.analysis import Roi, Shift, moved_roi, register, shift_image
from blueslice.errors import BadInputError

DISK = np.hypot(*np.mgrid[-3:4, -3:4]) <= 3


def spots(y_px, x_px):
    """Draw Gaussian spots integrated over the pixels of a 60 x 50 image, exact at any shift."""
    rng = np.random.default_rng(2)
    at = rng.uniform(-5, 65, (2, 40))
    profiles = []
    for size, centre in ((60, at[0] + y_px), (50, at[1] + x_px)):
        edges = np.arange(size + 1) - 0.5
        profiles.append(np.diff(erf((edges - centre[:, None]) / (2**0.5 * 1.4)), axis=1))
    return 100 + 500 * profiles[0].T @ profiles[1]


def disk_roi(y, x):
    mask = np.zeros((60, 50), bool)
    mask[y : y + 7, x : x + 7] = DISK
    return Roi.from_mask("spine", mask)


@pytest.mark.parametrize(
    ("y_px", "x_px", "expected"),
    [(0.0, 0.0, (20, 30)), (-0.49, 0.49, (20, 30)), (3.6, -7.51, (24, 22)), (-20, 13, (0, 43))],
)
def test_roi_moves_by_whole_pixels(y_px, x_px, expected):
    shift = Shift(y_px=y_px, x_px=x_px)
    y, x = expected
    assert moved_roi(disk_roi(20, 30), shift, (60, 50)) == disk_roi(y, x)
    box = Roi(name="box", y=20, x=30, height=7, width=7)
    assert moved_roi(box, shift, (60, 50)) == box.replace(y=y, x=x)


@pytest.mark.parametrize(("y_px", "x_px"), [(-21, 0), (34, 0), (0, -31), (0, 14)])
def test_roi_that_leaves_the_image_is_refused(y_px, x_px):
    with pytest.raises(BadInputError, match=r"ROI 'spine' moved by .* leaves the image of 60 x 50"):
        moved_roi(disk_roi(20, 30), Shift(y_px=y_px, x_px=x_px), (60, 50))


def test_moved_roi_sees_the_light_that_the_roi_saw_in_the_reference():
    roi = disk_roi(20, 20)
    image, reference = spots(4.2, -3.1), spots(0, 0)
    moved = moved_roi(roi, register(image, reference), image.shape)
    here, there = reference[roi.mask((60, 50))].sum(), image[moved.mask((60, 50))].sum()
    left = image[roi.mask((60, 50))].sum()
    assert abs(there / here - 1) < 0.05 < abs(left / here - 1)


@pytest.mark.parametrize("truth", [(0.5, -0.5), (3.3, 2.8), (-6.4, 0.0), (0.0, 1.7)])
def test_image_lies_on_the_reference_again(truth):
    shift = Shift(y_px=truth[0], x_px=truth[1])
    aligned, reference = shift_image(spots(*truth), -shift), spots(0, 0)
    known = np.isfinite(aligned)
    sampled = np.add.outer(np.arange(60), [truth[0]]) * np.ones(50), np.arange(50) + truth[1]
    inside = (sampled[0] >= 0) & (sampled[0] <= 59) & ((sampled[1] >= 0) & (sampled[1] <= 49))
    np.testing.assert_array_equal(known, inside)
    # 5 pixels from the edge the spline no longer feels what it was told of the outside
    centre = slice(12, -12), slice(8, -8)
    assert np.abs(aligned - reference)[centre].max() < 0.002 * np.ptp(reference)


def test_whole_pixels_are_moved_unchanged():
    image = spots(0, 0)
    image[10, 12] = np.inf
    moved = shift_image(image, Shift(y_px=2, x_px=-3))
    expected = image[:-2, 3:].copy()
    expected[10, 9] = np.nan
    np.testing.assert_array_equal(moved[2:, :-3], expected)
    assert np.isnan(moved[:2]).all()
    assert np.isnan(moved[:, -3:]).all()
    assert np.isnan(shift_image(image, Shift(y_px=60, x_px=0))).all()


def test_unknown_pixels_stay_unknown_and_spoil_nothing_beyond_three_pixels():
    image = spots(0, 0)
    shift = Shift(y_px=0.4, x_px=0.0)
    whole = shift_image(image, shift)
    image[:5] = np.nan
    image[30, 20] = np.nan
    moved = shift_image(image, shift)
    assert np.isnan(moved[:8]).all()
    lost = np.isnan(moved) & ~np.isnan(whole)
    assert lost[27:34, 20].all()
    assert lost[8:].sum() == 7
    known = np.isfinite(moved)
    assert np.abs(moved - whole)[known].max() < 0.02 * np.ptp(spots(0, 0))


@pytest.mark.parametrize(
    "image", [np.ones(9), np.ones((2, 3, 4)), np.full((9, 9), np.nan), "dark", [[1, 2], [3]]]
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises(BadInputError, match=r"give .y, x."):
        shift_image(image, Shift(y_px=0.5, x_px=0))
