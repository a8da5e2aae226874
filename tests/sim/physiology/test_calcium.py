"""Calcium: the equation solved by another solver and another way, its limits, its balance."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from blueslice.sim.physiology import CalciumParameters, calcium_channels, free_calcium

DT_MS = 0.1
TIME_MS = np.arange(1501) * DT_MS
DYES = {
    "none": (0.0, 1.0),
    "bis-fura-2": (300.0, 0.525),
    "fura-FF": (300.0, 5.5),
    "OGB-1": (100.0, 0.19),
}
PARAMETERS = CalciumParameters()
CLOSED = CalciumParameters(pump_per_ms=0.0, uptake_per_ms=0.0)
ENTRY = 15.0 * np.exp(-np.maximum(TIME_MS - 20, 0) / 20) * (1 - np.exp(-TIME_MS / 8))
BRIEF = np.where((TIME_MS > 10) & (TIME_MS < 15), 1.0, 0.0)


def solve(entry, dye, parameters=PARAMETERS, leak_per_ms=0.0):
    dye_uM, dye_kd_uM = DYES[dye]
    free, bound = free_calcium(
        entry, DT_MS, parameters, dye_uM=dye_uM, dye_kd_uM=dye_kd_uM, leak_per_ms=leak_per_ms
    )
    return free, bound


def total_uM(free, dye, parameters=PARAMETERS):
    """Return free and bound calcium together."""
    dye_uM, kd_uM = DYES[dye]
    return (1 + parameters.endogenous_capacity) * free + dye_uM * free / (free + kd_uM)


def reference(entry, dye, parameters, leak_per_ms):
    """Solve for all the calcium, of which the free part is the root of a quadratic."""
    dye_uM, kd_uM = DYES[dye]
    own = 1 + parameters.endogenous_capacity
    rest = parameters.rest_uM
    total_rest = total_uM(rest, dye, parameters)

    def free_of(total):
        b = own * kd_uM + dye_uM - total
        return (-b + np.sqrt(b * b + 4 * own * total * kd_uM)) / (2 * own)

    def slope(time_ms, total):
        free = free_of(total)
        bound = dye_uM * (free / (free + kd_uM) - rest / (rest + kd_uM))
        return (
            np.interp(time_ms, TIME_MS, entry)
            - parameters.pump_per_ms * (free - rest)
            - parameters.uptake_per_ms * (total - total_rest)
            - leak_per_ms * bound
        )

    solved = solve_ivp(
        slope, (0, TIME_MS[-1]), [total_rest], t_eval=TIME_MS, rtol=1e-8, atol=1e-8, max_step=1.0
    )
    return free_of(solved.y[0])


@pytest.mark.parametrize("dye", DYES)
@pytest.mark.parametrize("leak_per_ms", [0.0, 0.05])
@pytest.mark.parametrize("size", [0.02, 1.0, 3.0])
def test_equals_an_ode_solver(dye, leak_per_ms, size):
    free, bound = solve(size * ENTRY, dye, leak_per_ms=leak_per_ms)
    expected = reference(size * ENTRY, dye, PARAMETERS, leak_per_ms)
    assert free.shape == bound.shape == (1, len(TIME_MS))
    assert free[0] == pytest.approx(expected, abs=2e-4 * np.ptp(expected), rel=0)
    assert bound[0] == pytest.approx(expected / (expected + DYES[dye][1]), abs=2e-4)


@pytest.mark.parametrize("dye", DYES)
def test_rest_stays_rest(dye):
    free, bound = solve(np.zeros((3, 1000)), dye, leak_per_ms=0.05)
    rest = PARAMETERS.rest_uM
    assert (free == rest).all()
    assert bound == pytest.approx(rest / (rest + DYES[dye][1]))


@pytest.mark.parametrize("dye", DYES)
@pytest.mark.parametrize("endogenous", [0.0, 20.0, 150.0])
def test_of_a_little_calcium_a_known_part_stays_free(dye, endogenous):
    dye_uM, kd_uM = DYES[dye]
    parameters = CLOSED.replace(endogenous_capacity=endogenous)
    entered = 1e-3
    free, _ = solve(BRIEF * entered / (BRIEF.sum() * DT_MS), dye, parameters)
    capacity = endogenous + dye_uM * kd_uM / (kd_uM + parameters.rest_uM) ** 2
    risen = free[0, -1] - parameters.rest_uM
    assert risen == pytest.approx(entered / (1 + capacity), rel=5e-3)


@pytest.mark.parametrize("dye", DYES)
def test_nothing_is_lost_without_a_way_out(dye):
    free, _ = solve(ENTRY, dye, CLOSED)
    steps = DT_MS * (ENTRY[1:] + ENTRY[:-1]) / 2
    gained = total_uM(free[0], dye, CLOSED) - total_uM(CLOSED.rest_uM, dye, CLOSED)
    assert gained[-1] == pytest.approx(steps.sum(), rel=1e-4)
    assert (np.diff(free[0]) >= 0).all()


@pytest.mark.parametrize(
    ("changes", "leak_per_ms"),
    [({"pump_per_ms": 3.0}, 0.0), ({"uptake_per_ms": 0.07}, 0.0), ({}, 0.05)],
    ids=["pump", "uptake", "leak"],
)
def test_each_way_out_brings_it_back(changes, leak_per_ms):
    kept, _ = solve(ENTRY, "bis-fura-2", CLOSED)
    free, _ = solve(ENTRY, "bis-fura-2", CLOSED.replace(**changes), leak_per_ms)
    assert free[0, -1] < free.max() <= kept.max()
    assert (free >= CLOSED.rest_uM - 1e-9).all()


def test_the_dye_saturates():
    sizes = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    _, bound = solve(sizes[:, None] * ENTRY, "bis-fura-2")
    peaks = bound.max(1)
    assert (np.diff(peaks) > 0).all()
    assert (np.diff(peaks) / np.diff(sizes) < 0.9 * peaks[0] / sizes[0]).all()
    assert 0.95 < peaks[-1] < 1


def test_compartments_do_not_know_each_other():
    together, _ = solve(np.stack([ENTRY, 0 * ENTRY, 2 * ENTRY]), "OGB-1")
    for row, size in zip(together, (1, 0, 2), strict=True):
        np.testing.assert_array_equal(row, solve(size * ENTRY, "OGB-1")[0][0])


@pytest.mark.parametrize(
    ("beyond_half", "share"), [(-1000, 0), (-1, 0.0723), (0, 0.25), (1, 0.5344), (1000, 1)]
)
def test_channels_open_with_the_square_of_a_boltzmann_gate(beyond_half, share):
    potential = PARAMETERS.channel_half_mV + beyond_half * PARAMETERS.channel_slope_mV
    found = calcium_channels(np.array([potential]), PARAMETERS)
    assert found / PARAMETERS.channel_uM_per_ms == pytest.approx(share, abs=1e-4)
