"""The amplifier's channels: the cell, the pulses and the LEDs, each in its place and its noise."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim import Wiring
from blueslice.sim.lines import CHANNELS, AmplifierParameters, record_lines
from blueslice.sim.physiology import (
    Cell,
    CellParameters,
    ReleaseParameters,
    SpineGeometry,
    SpineTraits,
    Surroundings,
)
from blueslice.trial import Pulse

INTERVAL_MS = 0.1
TIMES = 402
REST_MV = -68.0
SAMPLE_S = 5e-5
SILENT = AmplifierParameters(voltage_noise_mV=0.0, current_noise_pA=0.0, monitor_noise_V=0.0)
SYNAPTIC = Pulse(onset_s=0.010)
SOMATIC = Pulse(onset_s=0.010, width_s=0.005, amplitude_pA=300.0, target="soma")


def wire(**changes):
    values = {
        "frame_rate_Hz": 500.0,
        "frame_count": 20,
        "exposure_s": 0.0018,
        "samples_per_frame": 40,
        "led_order": (1, 2),
        "led_exposure_s": 0.0018,
        "pulses": (SYNAPTIC,),
    }
    return Wiring(**(values | changes))


def record(amplifier=SILENT, voltage_mV=None, seed=1, current_pA=None, **changes):
    """Return each channel as one line."""
    potential = np.full(TIMES, REST_MV) if voltage_mV is None else voltage_mV
    rng = np.random.default_rng(seed)
    found = record_lines(
        wire(**changes), potential, INTERVAL_MS, amplifier, rng, current_pA=current_pA
    )
    return {name: values.ravel() for name, values in found.items()}


def test_every_channel_has_its_samples():
    found = record_lines(
        wire(), np.zeros(TIMES), INTERVAL_MS, AmplifierParameters(), np.random.default_rng(1)
    )
    assert set(found) == set(CHANNELS)
    assert {values.shape for values in found.values()} == {(20, 40)}
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("changes", [{"samples_per_frame": 0}, {"frame_count": 0}])
def test_what_is_not_armed_records_nothing(changes):
    assert record(**changes) == {}


@pytest.mark.parametrize(
    ("pulse", "first", "count"),
    [
        (Pulse(onset_s=0.0), 0, 4),
        (Pulse(onset_s=0.010), 200, 4),
        (Pulse(onset_s=0.010, width_s=0.003), 200, 60),
        (Pulse(onset_s=0.01002), 201, 4),
        (Pulse(onset_s=0.0399, width_s=0.003), 798, 2),
        (SOMATIC, 200, 100),
    ],
)
def test_the_stimulus_line_is_high_during_a_pulse(pulse, first, count):
    line = record(pulses=(pulse,))["stimulus"]
    expected = np.zeros(800)
    expected[first : first + count] = SILENT.monitor_V
    np.testing.assert_array_equal(line, expected)


@pytest.mark.parametrize("amplitude_uA", [50.0, 25.0, 100.0])
@pytest.mark.parametrize("onset_s", [0.0, 0.010])
def test_a_synaptic_pulse_couples_into_the_voltage(amplitude_uA, onset_s):
    found = record(pulses=(Pulse(onset_s=onset_s, amplitude_uA=amplitude_uA),))
    first = round(onset_s / SAMPLE_S)
    since_s = np.arange(800 - first) * SAMPLE_S
    # As high as long as the pulse lasts, then it fades.
    fading = np.exp(-np.maximum(since_s - SYNAPTIC.width_s, 0) / SILENT.artefact_decay_s)
    artefact = amplitude_uA / 50 * SILENT.artefact_mV * fading
    assert np.count_nonzero(artefact == artefact[0]) >= round(SYNAPTIC.width_s / SAMPLE_S)
    assert (found["voltage"][:first] == REST_MV).all()
    np.testing.assert_allclose(found["voltage"][first:] - REST_MV, artefact, atol=2e-5)
    assert (found["current"] == 0).all()


@pytest.mark.parametrize("amplitude_pA", [300.0, -50.0])
def test_a_pulse_into_the_soma_is_in_the_current_and_has_no_artefact(amplitude_pA):
    held = SILENT.replace(holding_pA=-20.0)
    found = record(held, pulses=(SOMATIC.replace(amplitude_pA=amplitude_pA),))
    expected = np.full(800, -20.0)
    expected[200:300] += amplitude_pA
    np.testing.assert_array_equal(found["current"], expected)
    assert (found["voltage"] == REST_MV).all()


def test_the_cells_potential_lies_on_lines_between_its_samples():
    potential = np.random.default_rng(3).uniform(-70, 20, TIMES)
    voltage = record(voltage_mV=potential, pulses=())["voltage"]
    np.testing.assert_allclose(voltage[::2], potential[:400], atol=1e-4)
    between = (potential[:400] + potential[1:401]) / 2
    np.testing.assert_allclose(voltage[1::2], between, atol=1e-4)


NOISE = {
    "voltage": "voltage_noise_mV",
    "current": "current_noise_pA",
    "stimulus": "monitor_noise_V",
    "led_1": "monitor_noise_V",
    "led_2": "monitor_noise_V",
}


@pytest.mark.parametrize(("channel", "field"), NOISE.items())
@pytest.mark.parametrize("factor", [0.0, 1.0, 3.0])
def test_the_noise_has_its_standard_deviation(channel, field, factor):
    sd = factor * getattr(AmplifierParameters(), field)
    noisy, silent = (
        record(amplifier, frame_count=200, samples_per_frame=50)
        for amplifier in (SILENT.replace(**{field: sd}), SILENT)
    )
    noise = noisy[channel].astype(float) - silent[channel]
    # 10,000 samples: the deviation is known to 0.7 %.
    assert noise.std() == pytest.approx(sd, rel=0.03)
    assert abs(noise.mean()) <= 4 * sd / 100
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.05 if sd else not noise.any()


def test_no_two_channels_share_their_noise_and_the_seed_decides_it():
    noisy, same, other = (record(AmplifierParameters(), seed=seed) for seed in (1, 1, 2))
    silent = record()
    noise = np.stack([noisy[name].astype(float) - silent[name] for name in CHANNELS])
    assert np.abs(np.corrcoef(noise) - np.eye(5)).max() < 0.15
    for name, line in noisy.items():
        np.testing.assert_array_equal(line, same[name])
        assert not np.array_equal(line, other[name])


@pytest.mark.parametrize("led_order", [(1, 2), (1, 1, 2), (2, 0), ()])
@pytest.mark.parametrize(
    ("led_exposure_s", "samples"), [(0.0018, 36), (0.0005, 10), (0.00052, 11), (0.0, 0)]
)
def test_the_gates_are_high_to_the_sample_while_an_led_is_on(led_order, led_exposure_s, samples):
    found = record(led_order=led_order, led_exposure_s=led_exposure_s)
    order = np.resize(led_order or (0,), 20)
    for led in (1, 2):
        expected = np.zeros((20, 40))
        expected[order == led, :samples] = SILENT.monitor_V
        np.testing.assert_array_equal(found[f"led_{led}"].reshape(20, 40), expected)


def test_the_gates_show_the_light_that_there_was():
    light_s = np.zeros((2, 20))
    light_s[:, 3] = 0.001, 0.0004
    found = record(light_s=light_s)
    for led, samples in ((1, 20), (2, 8)):
        assert np.flatnonzero(found[f"led_{led}"]).tolist() == [*range(120, 120 + samples)]


@pytest.mark.parametrize("late", [1, 7, 45])
def test_a_clock_that_starts_late_shifts_all_alike(late):
    potential = np.linspace(-70, -40, TIMES)
    prompt, shifted = (
        record(voltage_mV=potential, clock_late_s=late_s) for late_s in (0.0, late * SAMPLE_S)
    )
    for name, line in prompt.items():
        np.testing.assert_allclose(shifted[name][late:], line[:-late], atol=1e-4)
        quiet = -70 if name == "voltage" else 0
        np.testing.assert_allclose(shifted[name][:late], quiet, atol=1e-4)


def test_a_clock_that_runs_fast_brings_everything_earlier():
    drift = 0.02
    found = record(clock_drift=drift, pulses=(Pulse(onset_s=0.030, width_s=0.001),))
    on = np.flatnonzero(found["stimulus"]) * SAMPLE_S
    assert on[0] == pytest.approx(0.030 / (1 + drift), abs=SAMPLE_S)
    gates = np.flatnonzero(np.diff((found["led_1"] > 2.5).astype(int)) == 1) + 1
    expected = np.arange(1, 11) * 0.004 / (1 + drift) / SAMPLE_S
    np.testing.assert_allclose(gates, expected[: len(gates)], atol=1)
    assert len(gates) == 10 or found["led_1"][-1] == 0


CLAMPED = SILENT.replace(clamp="voltage", holding_mV=-70.0, command_mV_per_pA=0.05)


def test_in_voltage_clamp_the_command_is_held_and_the_current_answers():
    answer_pA = 100 * np.sin(np.arange(TIMES) / 20)
    found = record(CLAMPED, pulses=(SOMATIC,), current_pA=answer_pA)
    expected = np.full(800, -70.0)
    expected[200:300] += 300 * 0.05
    np.testing.assert_allclose(found["voltage"], expected, atol=1e-5)
    np.testing.assert_allclose(found["current"][::2], answer_pA[:400], atol=1e-4)
    assert found["stimulus"].max() == SILENT.monitor_V


def test_in_voltage_clamp_the_artefact_is_in_the_current():
    found = record(CLAMPED, current_pA=np.zeros(TIMES))
    np.testing.assert_array_equal(found["voltage"], np.float32(-70.0))
    assert not found["current"][:200].any()
    np.testing.assert_allclose(found["current"][200:204], CLAMPED.artefact_pA)
    assert 0 < found["current"][210] < 0.6 * CLAMPED.artefact_pA
    assert abs(found["current"][400]) < 1e-3


def test_voltage_clamp_needs_the_current():
    with pytest.raises(BadInputError, match="current_pA is missing in voltage clamp"):
        record(CLAMPED)


def test_a_cell_in_voltage_clamp_shows_synaptic_current_and_capacity_transients():
    spine = SpineTraits(SpineGeometry(), 0.0, 3.0, 1.0, 2.6, 0.7, ReleaseParameters(), 20.0)
    cell = Cell([spine], np.arange(-5.0, 5.5), CellParameters(), 300.0, 0.525)
    step = Pulse(onset_s=0.002, width_s=0.004, amplitude_pA=-100.0, target="soma")
    pulses = (step, Pulse(onset_s=0.020))
    response = cell.respond(
        40.0, pulses, Surroundings(), np.random.default_rng(1), pipette=CLAMPED.pipette
    )
    found = record(CLAMPED, response.voltage_mV, pulses=pulses, current_pA=response.current_pA)
    current = found["current"]
    np.testing.assert_allclose(found["voltage"][40:120], -75.0)
    resting = current[:39].mean()
    # -5 mV over the series resistance at once, over that and the cell's in the end.
    assert current[40:46].min() - resting == pytest.approx(-5e3 / 15, rel=0.1)
    assert abs(current[119] - resting) < 0.5 * 5e3 / 15
    assert current[120:126].max() > resting + 150
    assert current[470:600].min() < resting - 50
    assert current[799] < resting
    assert response.spikes_ms == ()


def test_a_holding_current_is_in_both_lines():
    held = SILENT.replace(holding_pA=-100.0)
    cell = Cell([], np.zeros(0), CellParameters(), 300.0, 0.525)
    response = cell.respond(
        40.0, (), Surroundings(), np.random.default_rng(1), pipette=held.pipette
    )
    found = record(held, response.voltage_mV, pulses=(), current_pA=response.current_pA)
    voltage = CellParameters().voltage
    expected_mV = voltage.rest_mV - 0.1 * voltage.soma_resistance_MOhm
    np.testing.assert_allclose(found["voltage"], expected_mV, atol=1e-4)
    np.testing.assert_array_equal(found["current"], np.float32(-100.0))
