"""The darkest corner is chosen, inside the border."""

import numpy as np
import pytest

from blueslice.analysis import Corner, choose_corner
from blueslice.errors import BadInputError


@pytest.mark.parametrize("y", [2, 28])
@pytest.mark.parametrize("x", [2, 48])
def test_darkest_corner_is_chosen(y, x):
    image = np.full((40, 60), 100.0)
    image[y : y + 10, x : x + 10] = 99.0
    assert choose_corner(image) == Corner(y=y, x=x, height=10, width=10)


def test_border_does_not_count():
    image = np.full((40, 60), 100.0)
    image[:2] = 0  # a dead edge must not make the top corners dark
    image[30, 50] = 50
    assert choose_corner(image, size=10, border=2) == Corner(y=28, x=48, height=10, width=10)


def test_equal_corners_give_the_first_and_nan_is_avoided():
    image = np.zeros((24, 24))
    assert choose_corner(image) == Corner(y=2, x=2, height=10, width=10)
    image[5, 5] = np.nan
    assert choose_corner(image) == Corner(y=2, x=12, height=10, width=10)
    with pytest.raises(BadInputError, match="not finite"):
        choose_corner(np.full((24, 24), np.nan))


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((23, 24), {}, r"need an image of 24 x 24, this one is 23 x 24"),
        ((24, 23), {}, r"this one is 24 x 23"),
        ((80, 80), {"size": 0}, "corner size 0"),
        ((80, 80), {"border": -1}, "border -1"),
        ((4, 80, 80), {}, "3 dimensions"),
    ],
)
def test_corner_that_does_not_fit_is_refused(shape, options, message):
    with pytest.raises(BadInputError, match=message):
        choose_corner(np.zeros(shape), **options)


@pytest.mark.parametrize(("y", "x"), [(31, 0), (0, 31)])
def test_corner_outside_the_image_is_refused(y, x):
    with pytest.raises(BadInputError, match="leaves the image of 40 x 40"):
        Corner(y=y, x=x, height=10, width=10).check((40, 40))
    Corner(y=30, x=30, height=10, width=10).check((40, 40))
