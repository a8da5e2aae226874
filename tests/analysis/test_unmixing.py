"""What crosstalk mixed is unmixed again, with its errors."""

import numpy as np
import pytest

from blueslice.analysis import mix_channels, unmix_channels
from blueslice.errors import BadInputError

PAIR = np.array([[1.0, 0.08], [0.15, 1.0]])
TRIPLE = np.array([[1.0, 0.1, 0.0], [0.2, 1.0, 0.1], [0.0, 0.3, 1.0]])


def test_a_channel_holds_its_dye_and_a_part_of_the_other():
    assert mix_channels(PAIR, [10.0, 100.0]) == pytest.approx([18.0, 101.5])


@pytest.mark.parametrize("matrix", [PAIR, TRIPLE])
@pytest.mark.parametrize("shape", [(), (7,), (3, 7)])
def test_unmixing_undoes_mixing(matrix, shape):
    dyes = np.random.default_rng(2).normal(size=(len(matrix), *shape))
    found = unmix_channels(matrix, mix_channels(matrix, dyes))
    assert found.values == pytest.approx(dyes)
    assert found.errors is None


def test_errors_are_those_of_many_noisy_channels():
    rng = np.random.default_rng(3)
    sd = np.array([[0.5], [2.0]])
    noisy = np.array([[1.0], [4.0]]) + rng.normal(size=(2, 20000)) * sd
    found = unmix_channels(PAIR, noisy, sd)
    assert found.errors is not None
    assert found.errors[:, 0] == pytest.approx(found.values.std(axis=1), rel=0.03)


def test_an_unknown_channel_makes_every_dye_unknown():
    found = unmix_channels(PAIR, [[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]]).values
    assert np.isnan(found[:, 1]).all()
    assert np.isfinite(found[:, [0, 2]]).all()


@pytest.mark.parametrize(
    ("matrix", "channels", "errors", "message"),
    [
        ([[1, 1], [1, 1.001]], [1, 2], None, "nearly singular"),
        ([[1, 1], [1, 1]], [1, 2], None, "nearly singular"),
        ([[1, 0, 0], [0, 1, 0]], [1, 2], None, "as many of one"),
        ([[1, np.nan], [0, 1]], [1, 2], None, "finite"),
        (PAIR, [1, 2, 3], None, "first axis must be 2"),
        (PAIR, 1.0, None, "first axis must be 2"),
        (PAIR, [1, 2], [1, -2], "hold -2"),
        (PAIR, [1, 2], [1, 2, 3], "do not fit channels"),
    ],
)
def test_bad_input_is_refused(matrix, channels, errors, message):
    with pytest.raises(BadInputError, match=message):
        unmix_channels(matrix, channels, errors)
