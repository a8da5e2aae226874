"""Sodium of unseen neighbours: how many there are, and that it spreads by diffusion."""

import numpy as np
import pytest

from blueslice.sim.physiology import CellParameters
from blueslice.sim.physiology._first_order import first_order
from blueslice.sim.physiology._neighbours import spread_sodium, unseen_count

PARAMETERS = CellParameters(sodium_removal_ms=1e9, unseen_spread_um=2.0)
DT_MS = 0.1
TIMES = 1001


@pytest.mark.parametrize(
    ("releasing", "share"), [(1, 0.0), (2, 1 / 6), (4, 0.5), (7, 1.0), (12, 1.0)]
)
def test_more_releases_bring_more_neighbours(releasing, share):
    parameters = CellParameters(plateau_spines=7, unseen_spines=9.0)
    assert unseen_count(releasing, parameters) == pytest.approx(9 * share)


def test_sodium_spreads_as_a_gaussian_that_widens_and_keeps_its_amount():
    influx = np.zeros(TIMES)
    influx[1] = 1e-15
    away_um = np.arange(-29.75, 30, 0.5)
    found = spread_sodium(influx, away_um, DT_MS, PARAMETERS)
    area = PARAMETERS.spine.geometry.dendrite_area_um2
    amount = found[:, -1].sum() * 0.5 * area
    assert amount == pytest.approx(1e-15 * DT_MS * 1e15, rel=0.01)
    variance = (found[:, -1] * away_um**2).sum() / found[:, -1].sum()
    # Less what the neck holds back: it delays by its time constant, 11 ms.
    geometry = PARAMETERS.spine.geometry
    neck_ms = geometry.neck_length_um * geometry.head_volume_um3 / (0.6 * geometry.neck_area_um2)
    expected = 2.0**2 + 2 * 0.6 * (DT_MS * (TIMES - 2) - neck_ms)
    assert variance == pytest.approx(expected, rel=0.02)
    np.testing.assert_allclose(found, found[::-1], atol=1e-12)


def test_beyond_the_dendrite_there_is_none():
    influx = np.full(TIMES, 1e-16)
    found = spread_sodium(influx, np.array([0.0, 35.0, np.inf]), DT_MS, PARAMETERS)
    assert found[0, -1] > 0
    assert not found[1:].any()


@pytest.mark.parametrize("steady", [False, True])
def test_one_quantity_fades_exactly(steady):
    rate, time_ms = 0.3, np.arange(400) * DT_MS
    found = first_order(np.full(400, 0.6), rate, DT_MS, steady=steady)
    expected = np.full(400, 2.0) if steady else 2.0 * -np.expm1(-rate * time_ms)
    np.testing.assert_allclose(found, expected, atol=1e-12)
