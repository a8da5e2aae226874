"""Voltage clamp: a soma behind a series resistance, against what a circuit does."""

import numpy as np
import pytest

from blueslice.sim.physiology import Pipette, VoltageParameters, command_mV
from blueslice.sim.physiology.pipette import clamped_soma
from blueslice.trial import Pulse

DT_MS = 0.02
TIME_MS = np.arange(6000) * DT_MS
CELL = VoltageParameters(rest_mV=-68.0, soma_time_constant_ms=20.0, soma_resistance_MOhm=60.0)
NOTHING = np.zeros(len(TIME_MS))
STEP = Pulse(onset_s=0.020, width_s=0.050, amplitude_pA=-100.0, target="soma")


@pytest.mark.parametrize("clamp", ["current", "voltage"])
def test_a_pipette_says_where_the_soma_rests(clamp):
    pipette = Pipette(clamp, holding_pA=-100.0, holding_mV=-80.0)
    expected = {"current": -68.0 - 6.0, "voltage": -80.0}[clamp]
    assert pipette.resting_mV(CELL) == pytest.approx(expected)


def test_pulses_into_the_soma_step_the_command():
    pipette = Pipette("voltage", holding_mV=-70.0, command_mV_per_pA=0.1)
    command = command_mV(TIME_MS, [STEP, Pulse(onset_s=0.010)], pipette)
    on = (TIME_MS >= 20 - 1e-6) & (TIME_MS < 70 - 1e-6)
    np.testing.assert_allclose(command[on], -80.0)
    np.testing.assert_array_equal(command[~on], -70.0)


@pytest.mark.parametrize("holding_mV", [-90.0, -68.0, -40.0])
def test_a_held_potential_takes_ohms_current(holding_mV):
    pipette = Pipette("voltage", holding_mV=holding_mV, series_resistance_MOhm=10.0)
    command = np.full(len(TIME_MS), holding_mV)
    soma_mV, current_pA = clamped_soma(command, NOTHING, DT_MS, CELL, pipette)
    np.testing.assert_allclose(current_pA, 1e3 * (holding_mV + 68.0) / 70.0, atol=1e-6)
    np.testing.assert_allclose(soma_mV, -68.0 + (holding_mV + 68.0) * 60 / 70, atol=1e-9)


@pytest.mark.parametrize("series_MOhm", [5.0, 20.0])
def test_a_step_charges_the_capacity(series_MOhm):
    pipette = Pipette("voltage", holding_mV=-68.0, series_resistance_MOhm=series_MOhm)
    command = command_mV(TIME_MS, [STEP], pipette)
    _, current_pA = clamped_soma(command, NOTHING, DT_MS, CELL, pipette)
    tau_ms = 20.0 / (1 + 60.0 / series_MOhm)
    for onset_ms, sign in ((20.0, 1), (70.0, -1)):
        since_ms = TIME_MS - onset_ms
        now = (since_ms > 0.5) & (since_ms < 40)
        steady = 1.0 if sign > 0 else 0.0
        transient = 60.0 / series_MOhm * np.exp(-since_ms[now] / tau_ms)
        expected = -5e3 / (60 + series_MOhm) * (steady + sign * transient)
        # The filter takes the step as a ramp of one sample.
        np.testing.assert_allclose(current_pA[now], expected, rtol=0.01, atol=0.5)


@pytest.mark.parametrize(("holding_mV", "sign"), [(-68.0, -1), (0.0, 0), (40.0, 1)])
def test_the_synaptic_current_reverses_at_0_mV(holding_mV, sign):
    since_ms = np.maximum(TIME_MS - 20, 0)
    epsp_mV = 5 * (np.exp(-since_ms / 38) - np.exp(-since_ms / 5))
    pipette = Pipette("voltage", holding_mV=holding_mV, series_resistance_MOhm=0.1)
    command = np.full(len(TIME_MS), holding_mV)
    _, current_pA = clamped_soma(command, epsp_mV, DT_MS, CELL, pipette)
    change_pA = current_pA - current_pA[0]
    # C (du/dt + u / tau) of the EPSP, C = tau / R.
    slope = 5 * (-np.exp(-since_ms / 38) / 38 + np.exp(-since_ms / 5) / 5) * (TIME_MS > 20)
    expected = 1e3 * sign * abs(holding_mV) / 68 * (20 * slope + epsp_mV) / 60
    later = TIME_MS > 21
    np.testing.assert_allclose(change_pA[later], expected[later], atol=3.0)
    assert abs(expected).max() > 100 or not sign
