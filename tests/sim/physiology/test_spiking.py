"""Where a potential fires, and what each spike takes from it."""

import numpy as np
import pytest

from blueslice.sim.physiology import VoltageParameters
from blueslice.sim.physiology._spiking import fire

DT_MS = 0.1
TIME_MS = np.arange(1000) * DT_MS
BARE = VoltageParameters(afterhyperpolarisation_mV=0.0)


@pytest.mark.parametrize(
    ("above_ms", "expected_ms"),
    [
        ([], []),
        ([(10, 12)], [10]),
        ([(0, 12)], []),
        ([(10, 12), (13, 14)], [10]),
        ([(10, 12), (14, 15)], [10, 14]),
        # The time runs from the spike, not from the crossing that it kept from firing.
        ([(10, 11), (13, 13.5), (15, 16)], [10, 15]),
    ],
    ids=["below", "one", "above from the start", "refractory", "just not", "from spike"],
)
def test_a_spike_begins_where_the_threshold_is_crossed_upwards(above_ms, expected_ms):
    potential_mV = np.full(1000, -68.0)
    for begin, end in above_ms:
        potential_mV[round(begin / DT_MS) : round(end / DT_MS)] = -30.0
    found, taken_mV = fire(potential_mV, DT_MS, BARE)
    assert (np.array(found) * DT_MS).tolist() == pytest.approx(expected_ms)
    assert (taken_mV >= 0).all()
    until = found[0] + 1 if found else 1000
    assert not taken_mV[:until].any()


def test_exactly_the_threshold_fires_and_just_below_does_not():
    potential_mV = np.where(TIME_MS >= 10, BARE.threshold_mV, -68.0)
    assert fire(potential_mV, DT_MS, BARE)[0] == [100]
    assert fire(potential_mV - 1e-9, DT_MS, BARE)[0] == []


@pytest.mark.parametrize("driven_mV", [-45.0, -30.0, 0.0])
def test_a_held_current_charges_the_membrane_again_after_each_spike(driven_mV):
    potential_mV = np.where(TIME_MS >= 10, driven_mV, -68.0)
    found, _ = fire(potential_mV, DT_MS, BARE)
    # The reset is reached but for exp(-4).
    reached = -np.expm1(-BARE.refractory_ms / BARE.reset_ms)
    below_mV = (driven_mV - BARE.reset_mV) * reached
    climb_ms = BARE.soma_time_constant_ms * np.log(below_mV / (driven_mV - BARE.threshold_mV))
    expected_ms = BARE.refractory_ms + climb_ms
    np.testing.assert_allclose(np.diff(found) * DT_MS, expected_ms, atol=1.5 * DT_MS)


def test_the_soma_is_at_its_reset_when_it_can_fire_again():
    potential_mV = np.where(TIME_MS >= 10, -30.0, -68.0)
    (spike, *_), taken_mV = fire(potential_mV, DT_MS, BARE)
    end = spike + round(BARE.refractory_ms / DT_MS)
    after_mV = (potential_mV - taken_mV)[end]
    assert after_mV == pytest.approx(BARE.reset_mV, abs=1.0)


def test_the_after_hyperpolarisation_adds_up_and_fades():
    pulses = np.full(1000, -68.0)
    pulses[[100, 200, 300]] = -40.0
    slow = VoltageParameters(afterhyperpolarisation_mV=2.0, afterhyperpolarisation_ms=50.0)
    found, taken_mV = fire(pulses, DT_MS, slow)
    assert found == [100, 200, 300]
    # Long after, only that is left: three of 2 mV, each faded from its own spike.
    expected_mV = 2 * sum(np.exp(-(1000 - 1 - k) * DT_MS / 50) for k in found)
    _, bare_mV = fire(pulses, DT_MS, BARE)
    assert taken_mV[-1] - bare_mV[-1] == pytest.approx(expected_mV, rel=1e-6)
