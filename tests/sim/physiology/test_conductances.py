"""Conductances and influx: values worked out by hand, and what must hold for any time."""

import numpy as np
import pytest

from blueslice.sim.physiology import (
    RESIDUAL_MAGNESIUM_MM,
    ampa_conductance,
    nmda_conductance,
    sodium_influx,
    unblocked_fraction,
)


@pytest.mark.parametrize(
    ("conductance", "time_ms", "expected_nS"),
    [
        (ampa_conductance, -1.0, 0.0),
        (ampa_conductance, 0.0, 0.0),
        # e^-1 - e^-4
        (ampa_conductance, 2.0, 0.36787944 - 0.01831564),
        # the peak, at ln(4) / 1.5: 4^(-1/3) - 4^(-4/3)
        (ampa_conductance, 0.92419624, 0.47247039),
        (nmda_conductance, -1.0, 0.0),
        (nmda_conductance, 0.0, 0.0),
        # e^(-13.2 / 71) (1 - e^-1)
        (nmda_conductance, 13.2, 0.83034376 * 0.63212056),
        (nmda_conductance, 71.0, 0.36787944 * (1 - 0.00461326)),
    ],
)
def test_conductance_follows_its_equation(conductance, time_ms, expected_nS):
    assert conductance(time_ms, 1.0) == pytest.approx(expected_nS, abs=1e-7)
    assert conductance([time_ms], 3.0) == pytest.approx([3 * expected_nS], abs=3e-7)


def test_time_constants_are_those_given():
    time_ms = np.linspace(0, 50, 11)
    np.testing.assert_allclose(
        ampa_conductance(time_ms, 1.0, decay_ms=4.0, rise_ms=1.0),
        ampa_conductance(time_ms / 2, 1.0),
    )
    np.testing.assert_allclose(
        nmda_conductance(time_ms, 1.0, decay_ms=142.0, rise_ms=26.4),
        nmda_conductance(time_ms / 2, 1.0),
    )


def test_long_before_the_release_nothing_overflows():
    assert ampa_conductance(-1e9, 1.0) == 0
    assert nmda_conductance(-1e9, 1.0) == 0


@pytest.mark.parametrize(
    ("voltage_mV", "magnesium_mM", "expected"),
    [
        (0.0, 1.07, 0.5),
        (-70.0, 2.0, 0.009800),
        (-70.0, 1.0, 0.019410),
        (-70.0, RESIDUAL_MAGNESIUM_MM, 0.331040),
        (40.0, 2.0, 0.839500),
        (-70.0, 0.0, 1.0),
    ],
)
def test_magnesium_leaves_a_fraction(voltage_mV, magnesium_mM, expected):
    assert unblocked_fraction(voltage_mV, magnesium_mM) == pytest.approx(expected, abs=1e-5)


def test_a_nanosiemens_lets_in_what_physics_says():
    # 1e-9 S x 0.11 V / 96485 C/mol
    assert sodium_influx(1.0, -70.0) == pytest.approx(1.14007e-15, rel=1e-5)
    assert sodium_influx(1.0, 40.0) == 0
    assert sodium_influx(2.0, 50.0, reversal_mV=60.0) == pytest.approx(2 * 1.03643e-16, rel=1e-5)


def test_conductance_and_voltage_are_broadcast():
    assert sodium_influx(np.ones((3, 1)), np.zeros(4)).shape == (3, 4)
    assert unblocked_fraction(np.zeros((3, 1)), np.ones(4)).shape == (3, 4)
