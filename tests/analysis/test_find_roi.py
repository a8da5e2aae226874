"""The box that rose most for its light is found."""

import numpy as np
import pytest

from blueslice.analysis import Roi, find_responding_roi
from blueslice.errors import BadInputError


def test_planted_rise_is_found_with_its_score():
    baseline = np.full((40, 50), 400.0)
    baseline[10:20, 30:40] = 10000.0
    response = baseline.copy()
    response[25:31, 8:14] += 100.0  # score 100 / 20 = 5
    response[10:16, 30:36] += 300.0  # larger, but 300 / 100 = 3
    roi, score, significance = find_responding_roi(baseline, response, 6)
    assert roi == Roi.parse("found=25,8,6,6")
    assert score == pytest.approx(5.0, rel=1e-12)
    # Nearly all boxes have no change at all, so there is no noise to be above.
    assert significance == np.inf


def test_significance_tells_a_response_from_noise():
    rng = np.random.default_rng(3)
    baseline = rng.normal(400.0, 4.0, (80, 80))
    response = rng.normal(400.0, 4.0, (80, 80))
    noise = find_responding_roi(baseline, response, 6)
    response[40:46, 20:26] += 12.0
    found = find_responding_roi(baseline, response, 6)
    assert noise.significance < 5 < 10 < found.significance
    assert abs(found.roi.y - 40) <= 1


@pytest.mark.parametrize(("margin", "expected"), [(0, "found=0,0,4,4"), (3, "found=20,20,4,4")])
def test_margin_keeps_the_border_out(margin, expected):
    baseline = np.full((40, 40), 100.0)
    response = baseline.copy()
    response[:4, :4] += 90
    response[20:24, 20:24] += 50
    assert find_responding_roi(baseline, response, 4, margin=margin)[0] == Roi.parse(expected)


def test_equals_a_search_box_by_box():
    rng = np.random.default_rng(4)
    baseline, response = rng.uniform(50, 90, (2, 23, 19))
    best = max(
        (
            (response[y : y + 5, x : x + 5].mean() - b) / b**0.5,
            (y, x),
        )
        for y in range(2, 23 - 5 - 2 + 1)
        for x in range(2, 19 - 5 - 2 + 1)
        for b in [baseline[y : y + 5, x : x + 5].mean()]
    )
    roi, score, _ = find_responding_roi(baseline, response, 5)
    assert ((roi.y, roi.x), score) == (best[1], pytest.approx(best[0], rel=1e-12))


def test_masked_and_dark_boxes_are_not_chosen():
    baseline, response = np.full((2, 20, 20), 100.0)
    response[5:9, 5:9] = np.nan
    baseline[12:16, 12:16], response[12:16, 12:16] = -9000.0, 5000.0
    response[3:6, 12:15] += 30
    assert find_responding_roi(baseline, response, 3)[0] == Roi.parse("found=3,12,3,3")


@pytest.mark.parametrize(
    ("baseline", "response", "options", "message"),
    [
        (np.ones((9, 9)), np.ones((9, 8)), {}, "same"),
        (np.ones(9), np.ones(9), {}, "same"),
        (np.ones((9, 9)), np.ones((9, 9)), {}, "does not fit the image of 9 x 9"),
        (np.ones((9, 9)), np.ones((9, 9)), {"size": 0}, "0 x 0"),
        (np.ones((9, 9)), np.ones((9, 9)), {"size": 2, "margin": -1}, "margin of -1"),
        (np.zeros((20, 20)), np.ones((20, 20)), {}, "no box"),
        (np.ones((20, 20)), np.full((20, 20), np.nan), {}, "no box"),
    ],
)
def test_bad_images_are_refused(baseline, response, options, message):
    with pytest.raises(BadInputError, match=message):
        find_responding_roi(baseline, response, **options)
