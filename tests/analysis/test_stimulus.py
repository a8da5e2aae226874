"""Pulse onsets from the stimulator's monitor line."""

import numpy as np
import pytest

from blueslice.analysis import find_pulses
from blueslice.errors import BadInputError

N = np.nan


@pytest.mark.parametrize(
    ("line", "samples"),
    [
        ([0, 0, 5, 5, 0, 5, 0], [2, 5]),
        ([5, 5, 0, 0], [0]),
        ([0, 0, 0], []),
        ([], []),
        ([0, 1, 1, 0], []),
        ([0, 5, N, N], [1]),
        ([N, N, 0, 5], [3]),
        ([0, 5, N, 5, 0, 5], [1, 5]),
        ([0, N, 5, 0], [2]),
        ([N, N], []),
        ([[0, 0, 5], [5, 0, 5]], [2, 5]),
    ],
    ids=[
        "two pulses",
        "high from the start",
        "none",
        "no sample",
        "exactly the threshold",
        "recording stops",
        "recording begins late",
        "gap within a pulse",
        "gap before a pulse",
        "nothing recorded",
        "by frames",
    ],
)
def test_onsets(line, samples):
    onsets_s = find_pulses(line, sample_rate_Hz=4000.0, threshold_V=1.0)
    assert onsets_s.dtype == np.float64
    assert onsets_s.tolist() == [sample / 4000.0 for sample in samples]


@pytest.mark.parametrize("rate", [0.0, -1.0, N])
def test_sample_rate_must_be_positive(rate):
    with pytest.raises(BadInputError, match="sample_rate_Hz"):
        find_pulses([0.0], sample_rate_Hz=rate, threshold_V=1.0)
