"""Access resistance, rest and response of traces made from known ones."""

import numpy as np
import pytest

from blueslice.analysis.cell_condition import (
    access_resistance_MOhm,
    bridge_residual_MOhm,
    response_amplitude_mV,
    resting_potential_mV,
)
from blueslice.errors import BadInputError

RATE_HZ = 20_000.0
TIME_S = np.arange(4000) / RATE_HZ
PULSE_S = (0.140, 0.160)
MEMBRANE_MOHM, MEMBRANE_S = 75.0, 0.020


def noisy(values, sd, seed):
    return values + sd * np.random.default_rng(seed).standard_normal(len(values))


def in_pulse():
    return (PULSE_S[0] - 1e-9 <= TIME_S) & (PULSE_S[1] - 1e-9 > TIME_S)


def current_clamp(access_MOhm, step_pA=-100.0, seed=1):
    on = np.clip(TIME_S - PULSE_S[0], 0, PULSE_S[1] - PULSE_S[0])
    off = np.clip(TIME_S - PULSE_S[1], 0, None)
    charged = -np.expm1(-on / MEMBRANE_S) * np.exp(-off / MEMBRANE_S)
    membrane = -68.0 + step_pA * MEMBRANE_MOHM * 1e-3 * charged
    current = np.where(in_pulse(), step_pA, 0.0)
    voltage = membrane + current * access_MOhm * 1e-3
    return noisy(voltage, 0.12, seed), noisy(current, 2.0, seed + 1)


def voltage_clamp(access_MOhm, step_mV=-5.0, seed=1):
    share = MEMBRANE_MOHM / access_MOhm
    fast_s = MEMBRANE_S / (1 + share)
    since = TIME_S - PULSE_S[0]
    answer = step_mV / (MEMBRANE_MOHM + access_MOhm) * 1e3
    current = np.where(in_pulse(), answer * (1 + share * np.exp(-since / fast_s)), 0.0)
    voltage = -70.0 + np.where(in_pulse(), step_mV, 0.0)
    return noisy(voltage, 0.12, seed), noisy(current, 2.0, seed + 1)


@pytest.mark.parametrize("access_MOhm", [0.0, 8.0, 20.0, 45.0])
@pytest.mark.parametrize("step_pA", [-100.0, 100.0])
@pytest.mark.parametrize("bridge_MOhm", [None, 0.0, 8.0, 20.0])
def test_the_access_in_current_clamp_needs_the_bridge(access_MOhm, step_pA, bridge_MOhm):
    traces = current_clamp(access_MOhm - (bridge_MOhm or 0.0), step_pA)
    left = bridge_residual_MOhm(*traces, RATE_HZ, pulse_s=PULSE_S)
    assert left == pytest.approx(access_MOhm - (bridge_MOhm or 0.0), abs=1.2)
    found = access_resistance_MOhm(*traces, RATE_HZ, pulse_s=PULSE_S, bridge_MOhm=bridge_MOhm)
    if bridge_MOhm is None:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(access_MOhm, abs=1.2)


@pytest.mark.parametrize("access_MOhm", [5.0, 15.0, 40.0])
@pytest.mark.parametrize("step_mV", [-5.0, 5.0])
def test_the_access_in_voltage_clamp_is_measured(access_MOhm, step_mV):
    voltage, current = voltage_clamp(access_MOhm, step_mV)
    found = access_resistance_MOhm(voltage, current, RATE_HZ, pulse_s=PULSE_S, clamp="voltage")
    assert found == pytest.approx(access_MOhm, rel=0.06)


@pytest.mark.parametrize("clamp", ["current", "voltage"])
def test_where_no_pulse_is_nothing_is_measured(clamp):
    silent = noisy(np.full(4000, -70.0), 0.12, 1), noisy(np.zeros(4000), 2.0, 2)
    known = {"clamp": clamp, "bridge_MOhm": 15.0 if clamp == "current" else None}
    assert np.isnan(access_resistance_MOhm(*silent, RATE_HZ, pulse_s=PULSE_S, **known))
    assert np.isnan(access_resistance_MOhm([], [], RATE_HZ, pulse_s=PULSE_S, **known))
    assert np.isnan(bridge_residual_MOhm(*silent, RATE_HZ, pulse_s=PULSE_S))


def test_rest_is_the_median_before_the_stimulus():
    voltage = noisy(np.full(4000, -68.0), 0.12, 1)
    voltage[800:] += 40.0
    voltage[100] = 1e3
    assert resting_potential_mV(voltage, RATE_HZ, (0.0, 0.036)) == pytest.approx(-68.0, abs=0.05)
    assert np.isnan(resting_potential_mV([], RATE_HZ, (0.0, 0.036)))


@pytest.mark.parametrize("peak_mV", [0.0, 3.0, 9.0])
def test_the_response_is_its_peak_above_the_baseline(peak_mV):
    since = np.maximum(TIME_S - 0.049, 0)
    shape = np.exp(-since / 0.038) - np.exp(-since / 0.005)
    voltage = noisy(-68.0 + peak_mV * shape / shape.max(), 0.12, 4)
    # The artefact of the stimulus, which is over when the response is looked at.
    voltage += np.where(TIME_S >= 0.046, 50.0 * np.exp(-(TIME_S - 0.046) / 2e-4), 0.0)
    found = response_amplitude_mV(voltage, RATE_HZ, first_pulse_s=0.036, last_pulse_s=0.0462)
    assert found == pytest.approx(peak_mV, abs=0.15)
    short = voltage[:930]
    assert np.isnan(response_amplitude_mV(short, RATE_HZ, first_pulse_s=0.036, last_pulse_s=0.0462))


def test_traces_that_do_not_match_are_refused():
    with pytest.raises(BadInputError, match="voltage_mV has 4 samples and current_pA 3"):
        access_resistance_MOhm([0.0] * 4, [0.0] * 3, RATE_HZ, pulse_s=PULSE_S)
