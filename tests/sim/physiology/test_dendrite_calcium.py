"""Calcium that leaves a head with the dye: it arrives, spreads and is removed, and none is lost."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from blueslice.sim.physiology import (
    CalciumParameters,
    CellParameters,
    ReleaseParameters,
    SpineTraits,
    free_calcium,
)
from blueslice.sim.physiology._calcium_response import CalciumDye, neck_flow, neck_leak_per_ms
from blueslice.sim.physiology._dendrite_calcium import (
    STEP_UM,
    CalciumInflow,
    between_nodes,
    dendrite_calcium,
    grid_um,
)

DT_MS = 0.1
TIMES = 2001
TIME_MS = np.arange(TIMES) * DT_MS
AREA_UM2 = np.pi / 4
CALCIUM = CalciumParameters()
DYE = {"dye_uM": 300.0, "dye_kd_uM": 0.525}
NOTHING = np.zeros((1, TIMES))
NODES_UM = grid_um([0.0])
BURST = 100.0 * np.exp(-TIME_MS / 20) * (TIME_MS > 5)


def compute(inflows, entry=NOTHING, parameters=CALCIUM, nodes_um=NODES_UM):
    row = np.zeros(len(nodes_um), np.intp)
    return dendrite_calcium(nodes_um, entry, row, inflows, AREA_UM2, DT_MS, parameters, **DYE)


def test_at_rest_nothing_moves():
    found = compute([CalciumInflow(0.0, NOTHING[0])])
    np.testing.assert_allclose(found.free_uM, CALCIUM.rest_uM, atol=1e-13)
    np.testing.assert_allclose(found.bound, CALCIUM.rest_uM / (CALCIUM.rest_uM + 0.525))
    np.testing.assert_allclose(found.removed_uM, 0.0, atol=1e-10)


@pytest.mark.parametrize("places_um", [[0.0], [0.13, 0.2], [-4.0, 7.7]])
def test_all_that_arrives_is_there_or_was_removed(places_um):
    nodes_um = grid_um(places_um)
    found = compute([CalciumInflow(at, BURST) for at in places_um], nodes_um=nodes_um)
    arrived = np.concatenate([[0], np.cumsum((BURST[1:] + BURST[:-1]) / 2 * DT_MS)])
    volume = AREA_UM2 * STEP_UM
    kept = (found.stored_uM + found.removed_uM).sum(0) * volume
    np.testing.assert_allclose(kept, arrived * len(places_um), rtol=1e-9, atol=1e-9)
    assert 0.05 < found.removed_uM[:, -1].sum() * volume / kept[-1] < 1.0


def test_what_leaves_a_head_is_what_its_dye_gives_up():
    """The head's own balance: entered = stored + removed + left with the dye."""
    geometry = CellParameters().spine.geometry
    spine = SpineTraits(geometry, 0.0, 3.0, 1.0, 2.6, 0.7, ReleaseParameters(), 20.0)
    leak = neck_leak_per_ms(geometry, CALCIUM)
    entry = 10.0 * np.exp(-TIME_MS / 15)
    free, bound = (
        values[0] for values in free_calcium(entry[None], DT_MS, CALCIUM, leak_per_ms=leak, **DYE)
    )
    outside = np.full(TIMES, bound[0])
    left = neck_flow(spine, bound, outside, CalciumDye(300.0, 0.525), CALCIUM).uM_um3_per_ms

    def total(values):
        return np.trapezoid(values, dx=DT_MS)

    own = 1 + CALCIUM.endogenous_capacity
    stored = own * (free - free[0]) + 300.0 * (bound - bound[0])
    removed = CALCIUM.pump_per_ms * (free - free[0]) + CALCIUM.uptake_per_ms * stored
    expected = total(entry) - stored[-1] - total(removed)
    assert total(left) / geometry.head_volume_um3 == pytest.approx(expected, rel=2e-3)
    # And of that, none is lost below.
    found = compute([CalciumInflow(0.0, left)])
    kept = (found.stored_uM + found.removed_uM)[:, -1].sum() * AREA_UM2 * STEP_UM
    assert kept == pytest.approx(total(left), rel=1e-9)


def test_it_agrees_with_a_stiff_solver():
    found = compute([CalciumInflow(0.0, BURST)])
    capacity, kd, dye = 1 + CALCIUM.endogenous_capacity, DYE["dye_kd_uM"], DYE["dye_uM"]
    centre = int(np.argmin(abs(NODES_UM)))
    rest = CALCIUM.rest_uM

    def change(time_ms, free):
        bound = dye * free / (free + kd)
        padded = np.pad(bound, 1, mode="edge")
        flow = CALCIUM.dye_diffusion_um2_per_ms * np.diff(padded, 2) / STEP_UM**2
        stored = capacity * (free - rest) + bound - dye * rest / (rest + kd)
        flow -= CALCIUM.pump_per_ms * (free - rest) + CALCIUM.uptake_per_ms * stored
        flow[centre] += np.interp(time_ms, TIME_MS, BURST) / (AREA_UM2 * STEP_UM)
        return flow / (capacity + dye * kd / (free + kd) ** 2)

    start = np.full(len(NODES_UM), rest)
    at = slice(0, TIMES, 100)
    solved = solve_ivp(
        change, (0, TIME_MS[-1]), start, "BDF", TIME_MS[at], rtol=1e-7, atol=1e-9, max_step=0.5
    )
    expected = solved.y - rest
    np.testing.assert_allclose(found.free_uM[:, at] - rest, expected, atol=2e-3 * expected.max())


def test_without_spines_it_is_the_single_compartment():
    entry = 5.0 * np.exp(-((TIME_MS - 40) ** 2) / 50)[None]
    found = compute([], entry)
    free, bound = free_calcium(entry, DT_MS, CALCIUM, **DYE)
    np.testing.assert_allclose(found.free_uM, np.tile(free, (len(NODES_UM), 1)), rtol=1e-3)
    np.testing.assert_allclose(found.bound[7], bound[0], atol=1e-4)


def test_calcium_spreads_with_the_dye_alike_to_both_sides():
    found = compute([CalciumInflow(0.0, BURST)])
    risen = found.bound - found.bound[:, :1]
    np.testing.assert_allclose(risen, risen[::-1], atol=1e-12)
    peaks = risen.max(1)[len(NODES_UM) // 2 :]
    assert (np.diff(peaks) < 0).all()
    assert peaks[-1] < 0.02 * peaks[0]
    still = compute(
        [CalciumInflow(0.0, BURST)], parameters=CALCIUM.replace(dye_diffusion_um2_per_ms=0.0)
    )
    moved = np.ptp(still.bound, axis=1) > 1e-12
    assert np.flatnonzero(moved).tolist() == [len(NODES_UM) // 2]


def test_values_between_nodes_lie_on_lines():
    nodes_um = np.arange(-2.0, 2.1, STEP_UM)
    values = np.stack([3 * nodes_um, nodes_um**2], axis=1)
    places = np.array([-2.0, -0.25, 0.6, 2.0])
    found = between_nodes(nodes_um, values, places)
    np.testing.assert_allclose(found[:, 0], 3 * places)
    np.testing.assert_allclose(found[:, 1], np.interp(places, nodes_um, nodes_um**2))
