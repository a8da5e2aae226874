"""Diffusion in a spine: nothing lost, exact in time, and the same on a finer mesh."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from blueslice.errors import BadInputError
from blueslice.sim.physiology import (
    FIG9_PROBES,
    Fig9Parameters,
    SpineDiffusion,
    SpineGeometry,
)
from blueslice.sim.physiology._chain import linear_filter

DT_MS = 0.1
TIME_MS = np.arange(601) * DT_MS
INFLUX = Fig9Parameters().influx_mol_per_s(TIME_MS)
# a spike's worth in the dendrite, over some ms
SPIKE_MM_PER_MS = 0.166 * np.exp(-0.5 * ((TIME_MS - 20) / 0.5) ** 2) / (0.5 * np.sqrt(2 * np.pi))
GEOMETRIES = {
    "Fig 9": SpineGeometry(),
    "thin neck": SpineGeometry(neck_diameter_um=0.1),
    "wide and short": SpineGeometry(neck_diameter_um=0.4, neck_length_um=0.3),
    "small on thin": SpineGeometry(head_volume_um3=0.05, dendrite_diameter_um=0.5),
}


def trapezoid(values, dt):
    return dt * (values.sum() - (values[0] + values[-1]) / 2)


def entered_mM_um3(influx):
    # mol/s over ms into um3: 1e-3 s, 1e18 um3 in a m3, where mol/m3 is mM
    return trapezoid(influx, DT_MS) * 1e15


def unfolded_matrix(geometry, neck_diffusion, neck, nodes_um):
    """Write the whole spine down compartment by compartment, both sides of the dendrite apart."""
    neck_area = np.pi / 4 * geometry.neck_diameter_um**2
    dendrite_area = np.pi / 4 * geometry.dendrite_diameter_um**2
    step = geometry.neck_length_um / neck
    volumes = [geometry.head_volume_um3] + [neck_area * step] * neck
    links = []
    length = (4 * geometry.head_volume_um3 / np.pi) ** (1 / 3)
    head_part = (length / 2) / (0.6 * np.pi / 4 * length**2)
    links.append((0, 1, 1 / (head_part + step / 2 / (neck_diffusion * neck_area))))
    links += [(k, k + 1, neck_diffusion * neck_area / step) for k in range(1, neck)]
    base = neck + 1
    links.append((neck, base, neck_diffusion * neck_area / (step / 2)))
    borders = (nodes_um[1:] + nodes_um[:-1]) / 2
    volumes.append(2 * dendrite_area * borders[0])
    for _side in range(2):
        previous = base
        for k in range(1, len(nodes_um)):
            right = borders[k] if k < len(borders) else nodes_um[-1]
            volumes.append(dendrite_area * (right - borders[k - 1]))
            here = len(volumes) - 1
            links.append((previous, here, 0.6 * dendrite_area / (nodes_um[k] - nodes_um[k - 1])))
            previous = here
    matrix = np.zeros((len(volumes), len(volumes)))
    for a, b, exchange in links:
        matrix[a, a] -= exchange
        matrix[b, b] -= exchange
        matrix[a, b] += exchange
        matrix[b, a] += exchange
    return matrix / np.array(volumes)[:, None], np.array(volumes)


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("neck_diffusion", [0.6, 0.2])
def test_equals_a_matrix_exponential_of_the_whole_spine(geometry, neck_diffusion):
    spine = SpineDiffusion(
        geometry,
        neck_diffusion_um2_per_ms=neck_diffusion,
        neck_compartments=5,
        dendrite_compartments=51,
    )
    matrix, volumes = unfolded_matrix(geometry, neck_diffusion, 5, spine._nodes_um)
    found = spine.concentration(INFLUX, DT_MS, dendrite_influx_mM_per_ms=SPIKE_MM_PER_MS)
    size = len(volumes)
    # augmented with the influx and its slope: exact for an influx linear over the step
    into = np.zeros((size, 2))
    into[0, 0] = 1 / volumes[0]
    into[6:, 1] = 1.0
    step = np.zeros((size + 4, size + 4))
    step[:size, :size], step[:size, size : size + 2] = matrix, into
    step[size : size + 2, size + 2 :] = np.eye(2)
    step = expm(step * DT_MS)
    influx = np.stack([INFLUX * 1e15, SPIKE_MM_PER_MS])
    state = np.zeros(size)
    for k in range(len(TIME_MS) - 1):
        slope = (influx[:, k + 1] - influx[:, k]) / DT_MS
        state = (step @ np.concatenate([state, influx[:, k], slope]))[:size]
        # the first side of the dendrite: the second is like it
        one_side = state[: found.shape[0]]
        np.testing.assert_allclose(found[:, k + 1], one_side, rtol=1e-9, atol=1e-11)
    assert found[:, 0].tolist() == [0.0] * len(found)


def test_equals_an_ode_solver():
    geometry = GEOMETRIES["Fig 9"]
    spine = SpineDiffusion(geometry, neck_compartments=5, dendrite_compartments=51)
    matrix, volumes = unfolded_matrix(geometry, 0.6, 5, spine._nodes_um)
    head = np.zeros(len(volumes))
    head[0] = 1e15 / volumes[0]

    def slope(time_ms, state):
        return matrix @ state + head * Fig9Parameters().influx_mol_per_s(time_ms)

    until = TIME_MS[TIME_MS <= 20]
    solved = solve_ivp(
        slope,
        (0, until[-1]),
        np.zeros(len(volumes)),
        "BDF",
        until,
        jac=matrix,
        rtol=1e-7,
        atol=1e-9,
    )
    fine_ms = np.arange(0, 20 + 1e-9, 0.01)
    found = spine.concentration(Fig9Parameters().influx_mol_per_s(fine_ms), 0.01, ["head", 3.0])
    assert found[0, ::10] == pytest.approx(solved.y[0], abs=1e-3)


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_all_that_entered_is_in_the_spine(geometry):
    spine = SpineDiffusion(geometry)
    content = spine.volumes_um3 @ spine.concentration(INFLUX, DT_MS)
    assert content[-1] == pytest.approx(entered_mM_um3(INFLUX), rel=1e-9)
    total = (
        geometry.head_volume_um3
        + geometry.neck_area_um2 * geometry.neck_length_um
        + geometry.dendrite_area_um2 * geometry.dendrite_length_um
    )
    assert spine.volumes_um3.sum() == pytest.approx(total)


def test_a_spike_fills_the_dendrite_alike_and_the_spine_later():
    spine = SpineDiffusion(SpineGeometry())
    nothing = np.zeros_like(TIME_MS)
    places = ["head", "neck_base", 10.0, 25.0]
    found = spine.concentration(nothing, DT_MS, places, dendrite_influx_mM_per_ms=SPIKE_MM_PER_MS)
    after = np.searchsorted(TIME_MS, 23.0)
    assert found[2:, after] == pytest.approx(0.166, rel=2e-3)
    assert found[0, after] < 0.05
    assert found[0, -1] > found[0, after]
    # what the spine takes is missing beside it
    assert found[1, after] < found[2, after]


def test_removal_fades_what_diffusion_leaves():
    geometry = SpineGeometry()
    plain = SpineDiffusion(geometry)
    pumped = SpineDiffusion(geometry, removal_time_constant_ms=40.0)
    pulse = np.where(TIME_MS < 1.05, 1e-15, 0.0)
    left = plain.volumes_um3 @ pumped.concentration(pulse, DT_MS)
    since = np.flatnonzero(TIME_MS > 2)
    ratio = left[since[-1]] / left[since[0]]
    assert ratio == pytest.approx(
        np.exp(-(TIME_MS[since[-1]] - TIME_MS[since[0]]) / 40.0), rel=1e-9
    )
    assert plain.volumes_um3 @ plain.concentration(pulse, DT_MS)[:, -1] > left[-1]


def test_is_linear_and_does_not_know_when():
    spine = SpineDiffusion(SpineGeometry())
    other = np.concatenate([np.zeros(100), INFLUX[:-100]])
    alone = spine.concentration(INFLUX, DT_MS, FIG9_PROBES)
    both = spine.concentration(2 * INFLUX + other, DT_MS, FIG9_PROBES)
    later = np.concatenate([np.zeros((4, 100)), alone[:, :-100]], axis=1)
    np.testing.assert_allclose(both, 2 * alone + later, atol=1e-9)


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_a_finer_mesh_changes_little(geometry):
    places = [*FIG9_PROBES, -0.4, 10.0]
    default = SpineDiffusion(geometry).concentration(INFLUX, DT_MS, places)
    fine = SpineDiffusion(geometry, neck_compartments=61, dendrite_compartments=401)
    reference = fine.concentration(INFLUX, DT_MS, places)
    error = np.abs(default - reference).max(1) / reference.max(1)
    assert error[:4].max() < 0.002
    assert error.max() < 0.005


def test_places_are_where_they_say():
    spine = SpineDiffusion(SpineGeometry())
    every = spine.concentration(INFLUX, DT_MS)
    base = 16
    places = ["head", "mid_neck", "neck_base", 0.0, float(spine._nodes_um[7]), 30.0]
    found = spine.concentration(INFLUX, DT_MS, places)
    np.testing.assert_allclose(found, every[[0, 8, base, base, base + 7, -1]], atol=1e-12)
    both = spine.concentration(INFLUX, DT_MS, [4.2, -4.2])
    assert both[0].tolist() == both[1].tolist()
    assert spine.concentration(INFLUX, DT_MS, []).shape == (0, len(TIME_MS))


@pytest.mark.parametrize("rate_step", [0.0, 1e-8, 1e-3, 0.0099, 0.0101, 0.5, 40.0, 2000.0])
def test_the_filter_is_exact_for_a_ramp(rate_step):
    kept, old, new = (float(x[0]) for x in linear_filter(np.array([rate_step / 0.1]), 0.1))
    rate = rate_step / 0.1
    # drive a + b s over the step, by quadrature fine enough for the fastest
    nodes, weights = np.polynomial.legendre.leggauss(400)
    s = 0.05 * (nodes + 1)
    decay = np.exp(-rate * (0.1 - s)) * weights * 0.05
    assert kept == pytest.approx(np.exp(-rate_step))
    assert new == pytest.approx((decay * s / 0.1).sum(), rel=1e-11)
    assert old == pytest.approx((decay * (1 - s / 0.1)).sum(), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: SpineDiffusion(SpineGeometry(), neck_compartments=6), "neck_compartments = 6; "),
        (lambda: SpineDiffusion(SpineGeometry(), dendrite_compartments=49), "at least 51"),
        (lambda: SpineDiffusion(SpineGeometry(), diffusion_um2_per_ms=0), "above 0"),
        (lambda: SpineDiffusion(SpineGeometry(), neck_diffusion_um2_per_ms=-1), "above 0"),
        (lambda: SpineDiffusion(SpineGeometry(), removal_time_constant_ms=np.nan), "above 0"),
        (lambda: SpineGeometry(neck_diameter_um=0), "neck_diameter_um"),
        (lambda: solve(dt_ms=0.0), "dt_ms = 0;"),
        (lambda: solve(places=["neck"]), "'neck' in a spine; give one of head"),
        (lambda: solve(places=[31.0]), "at most 30 um"),
        (lambda: solve(places=[np.nan]), "at most 30 um"),
        (lambda: solve(influx=[[0.0]]), "has shape"),
        (lambda: solve(influx=[]), "has shape"),
        (lambda: solve(influx=[0.0, np.inf]), "not finite"),
        (lambda: solve(dendrite=[0.0]), "1 samples and influx_mol_per_s 2"),
    ],
)
def test_what_cannot_be_solved_is_refused(call, text):
    with pytest.raises(BadInputError, match=text) as error:
        call()
    assert "\n" not in str(error.value)


def solve(*, influx=(0.0, 0.0), dt_ms=0.1, places=("head",), dendrite=None):
    spine = SpineDiffusion(SpineGeometry())
    return spine.concentration(influx, dt_ms, places, dendrite_influx_mM_per_ms=dendrite)
