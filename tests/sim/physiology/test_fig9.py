"""The reference model: the figure's numbers, and how they move with each parameter."""

import math

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.physiology import Fig9Parameters, SpineGeometry, half_decay_ms, run_fig9

SIZES = SpineGeometry.model_fields


def head_half_decay_ms(**changes):
    sizes = {name: value for name, value in changes.items() if name in SIZES}
    others = {name: value for name, value in changes.items() if name not in SIZES}
    parameters = Fig9Parameters(geometry=SpineGeometry(**sizes), **others)
    probes, time_ms = run_fig9(parameters, duration_ms=300)
    return half_decay_ms(time_ms, probes[0])


def test_the_four_traces_peak_as_in_the_paper():
    probes, time_ms = run_fig9()
    assert time_ms[[0, -1]] == pytest.approx([0, 200])
    peaks_mM, peak_ms = probes.max(1), time_ms[probes.argmax(1)]
    assert peaks_mM == pytest.approx([5.00, 2.50, 0.24, 0.146], rel=0.01)
    assert peak_ms == pytest.approx([5.3, 5.7, 18.2, 50.0], abs=0.3)
    assert probes[:, 0].tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("changes", "expected_ms"),
    [
        ({}, 15.05),
        ({"nmda_nS": 0}, 12.66),
        ({"neck_diameter_um": 0.1}, 74),
        ({"neck_diameter_um": 0.4}, 6.1),
        ({"neck_length_um": 0.3}, 6.1),
        ({"neck_length_um": 2}, 34),
        ({"head_volume_um3": 0.05}, 4.7),
        ({"head_volume_um3": 0.6}, 43.7),
        ({"diffusion_um2_per_ms": 0.15}, 82),
        ({"neck_diffusion_um2_per_ms": 0.1}, 120),
        ({"dendrite_diameter_um": 0.5}, 19.3),
    ],
    ids=str,
)
def test_half_decay_moves_as_neuron_found(changes, expected_ms):
    assert head_half_decay_ms(**changes) == pytest.approx(expected_ms, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "larger"),
    [({"magnesium_mM": 0.02}, True), ({"voltage_mV": -40.0}, True), ({"ampa_nS": 0.0}, False)],
    ids=str,
)
def test_more_nmda_conductance_lets_more_in_late(changes, larger):
    normal, _ = run_fig9()
    changed, _ = run_fig9(Fig9Parameters(**changes))
    assert bool(changed[0, 400:].min() > normal[0, 400:].min()) == larger


def test_sampling_hardly_matters():
    coarse, _ = run_fig9(interval_ms=0.1)
    fine, _ = run_fig9(interval_ms=0.01)
    error = np.abs(coarse - fine[:, ::10]).max(1) / fine.max(1)
    assert error.max() < 0.002


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5])
def test_half_decay_is_measured_between_samples(shift):
    # a parabola about 10 + shift, 5 high: half of it is 5 later
    time_ms = np.arange(0, 40.0)
    found = half_decay_ms(time_ms, 5 - (time_ms - 10 - shift) ** 2 / 10)
    assert found == pytest.approx(5.0, abs=0.03)


def test_half_decay_is_not_made_up():
    time_ms = np.arange(20.0)
    assert math.isnan(half_decay_ms(time_ms, np.exp(-((time_ms - 10) ** 2) / 400)))
    assert math.isnan(half_decay_ms(time_ms, time_ms))
    assert math.isnan(half_decay_ms(time_ms, -time_ms))
    assert math.isnan(half_decay_ms([], []))
    with pytest.raises(BadInputError, match="one trace of each"):
        half_decay_ms(time_ms, time_ms[1:])


@pytest.mark.parametrize(
    ("duration_ms", "interval_ms"), [(10, 0), (10, -1), (1, 2), (math.inf, 1), (10, math.nan)]
)
def test_times_that_make_no_trace_are_refused(duration_ms, interval_ms):
    with pytest.raises(BadInputError, match="interval_ms ="):
        run_fig9(duration_ms=duration_ms, interval_ms=interval_ms)
