"""Membrane potential: shapes with the heights and times they state, and spikes where they begin."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.physiology import VoltageParameters
from blueslice.sim.physiology.voltage import (
    difference_of_exponentials,
    plateau,
    spikes,
    spine_depolarisation,
)

TIME_MS = np.arange(-20, 300, 0.01)


@pytest.mark.parametrize(
    ("rise_ms", "decay_ms"), [(5.0, 38.0), (0.25, 0.9), (13.2, 71.0), (38.0, 5.0)]
)
def test_a_difference_of_exponentials_is_1_at_its_peak(rise_ms, decay_ms):
    shape = difference_of_exponentials(TIME_MS, rise_ms, decay_ms)
    assert (shape[TIME_MS <= 0] == 0).all()
    assert shape.max() == pytest.approx(1, abs=1e-4)
    # Where the slope is 0: both terms fall equally fast.
    peak_ms = np.log(decay_ms / rise_ms) / (1 / rise_ms - 1 / decay_ms)
    assert TIME_MS[shape.argmax()] == pytest.approx(peak_ms, abs=0.02)
    late = TIME_MS > 150
    tail = shape[late] * np.exp(TIME_MS[late] / max(rise_ms, decay_ms))
    assert np.ptp(tail) / tail.mean() < 1e-3


@pytest.mark.parametrize("height_mV", [85.0, 40.0])
def test_a_spike_is_as_high_as_it_says_and_as_short(height_mV):
    wave = spikes(TIME_MS, [10.0], height_mV)
    assert (wave[TIME_MS <= 10] == 0).all()
    assert height_mV <= wave.max() < 1.05 * height_mV
    assert TIME_MS[wave.argmax()] == pytest.approx(10.4, abs=0.1)
    width_ms = 0.01 * np.count_nonzero(wave > height_mV / 2)
    assert 0.8 < width_ms < 1.5
    after = wave[(TIME_MS > 17) & (TIME_MS < 20)]
    assert (after > 0).all()
    assert after.max() < 0.06 * height_mV


def test_spikes_add_up():
    both = spikes(TIME_MS, [10.0, 15.0], 85.0)
    np.testing.assert_allclose(
        both, spikes(TIME_MS, [10.0], 85.0) + spikes(TIME_MS, [15.0], 85.0), atol=1e-12
    )
    assert not spikes(TIME_MS, [], 85.0).any()


@pytest.mark.parametrize(
    ("after_ms", "share", "within"),
    [
        (-0.01, 0, 0),
        (0, 0.02, 0.01),
        (8, 0.5, 0.01),
        (13, 0.92, 0.01),
        (30, 0.99, 0.01),
        (60, 0.5, 0.001),
        (75, 0.08, 0.01),
        (110, 0, 0.001),
    ],
)
def test_a_plateau_is_held_for_its_length(after_ms, share, within):
    found = plateau(np.array([40.0 + after_ms]), 40.0, 35.0, 60.0)
    assert found[0] / 35.0 == pytest.approx(share, abs=within)


def test_a_longer_plateau_lasts_longer_and_has_one_top():
    short, long = (plateau(TIME_MS, 40.0, 35.0, length) for length in (60.0, 90.0))
    assert short.max() < 35.0
    assert np.count_nonzero(np.diff(np.sign(np.diff(short[TIME_MS > 40.1])))) <= 2
    over = [0.01 * np.count_nonzero(wave > 17.5) for wave in (short, long)]
    assert over[1] - over[0] == pytest.approx(30, abs=0.1)


def test_releases_depolarise_their_spine_each_by_its_size():
    parameters = VoltageParameters(release_mV=30.0, release_rise_ms=1.0, release_decay_ms=7.0)
    first, second = (10.0, 1.0), (20.0, 0.5)
    both = spine_depolarisation(TIME_MS, [first, second], parameters)
    alone = spine_depolarisation(TIME_MS, [first], parameters)
    assert (both[TIME_MS <= 10] == 0).all()
    assert alone[TIME_MS > 10].min() >= 0
    # Of A (exp(-t/7) - exp(-t)) at t = 7/6 ln 7.
    assert alone.max() == pytest.approx(30 * 6 / 7 * 7 ** (-1 / 6), rel=1e-4)
    shifted = np.interp(TIME_MS - 10, TIME_MS, alone, left=0.0)
    np.testing.assert_allclose(both, alone + 0.5 * shifted, atol=1e-9)
    assert not spine_depolarisation(TIME_MS, [], parameters).any()


def test_a_spike_has_to_end_below_its_threshold():
    with pytest.raises(BadInputError, match="reset_mV = -50 is not below threshold_mV = -55"):
        VoltageParameters(reset_mV=-50.0, threshold_mV=-55.0)
