"""What the patch amplifier records: potential and current of the cell, and the monitor lines."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.sim.wiring import Wiring

__all__ = ["CHANNELS", "AmplifierParameters", "record_lines"]

Values = NDArray[np.float64]

CHANNELS: Mapping[str, str] = {
    "voltage": "mV",
    "current": "pA",
    "stimulus": "V",
    "led_1": "V",
    "led_2": "V",
}
"""The channels and their units."""


class AmplifierParameters(Data):
    """The electrical recording.

    Parameters
    ----------
    voltage_noise_mV, current_noise_pA, monitor_noise_V : float
        Standard deviations.
    holding_pA : float
        Current that holds the cell.
    monitor_V : float
        High level of the monitor lines.
    artefact_mV : float
        What a stimulus of 50 uA couples into the voltage.
    artefact_decay_s : float
        Time constant of its end.
    """

    voltage_noise_mV: Real = Field(default=0.12, ge=0, le=100)
    current_noise_pA: Real = Field(default=2.0, ge=0, le=1e4)
    monitor_noise_V: Real = Field(default=0.01, ge=0, le=1)
    holding_pA: Real = Field(default=0.0)
    monitor_V: Real = Field(default=5.0, gt=0, le=10)
    artefact_mV: Real = Field(default=6.0, ge=0, le=1e3)
    artefact_decay_s: Real = Field(default=4e-4, gt=0, le=1)


def record_lines(
    wiring: Wiring,
    voltage_mV: Values,
    interval_ms: float,
    amplifier: AmplifierParameters,
    rng: np.random.Generator,
) -> Mapping[str, NDArray[np.float32]]:
    """Return what the amplifier records in a trial: (frames, samples per frame) each.

    Parameters
    ----------
    wiring : Wiring
        The instruments.
    voltage_mV : (times,) array
        The soma's potential, the first sample at the trial's start.
    interval_ms : float
        Between its samples; the amplifier's lie on straight lines between them.
    amplifier : AmplifierParameters
        The recording.
    rng : numpy.random.Generator
        Decides the noise.
    """
    per_frame = wiring.samples_per_frame
    count = wiring.frame_count * per_frame
    if count == 0:
        return {}
    sample_s = 1 / (per_frame * wiring.frame_rate_Hz)
    # Of the clock, by which camera, LEDs, stimulator and cell go; the first may be before it.
    time_s = np.arange(count) * sample_s * (1 + wiring.clock_drift) - wiring.clock_late_s
    potential = np.interp(time_s * 1e3, np.arange(len(voltage_mV)) * interval_ms, voltage_mV)
    current = np.full(count, amplifier.holding_pA)
    stimulus = np.zeros(count)
    # A tenth of a sample, so that a pulse on a sample's edge begins with that sample.
    edge_s = 0.1 * sample_s
    for pulse in wiring.pulses:
        on = (time_s >= pulse.onset_s - edge_s) & (time_s < pulse.end_s - edge_s)
        stimulus[on] = amplifier.monitor_V
        if pulse.target == "soma":
            current[on] += pulse.amplitude_pA
            continue
        since_s = np.maximum(time_s - pulse.onset_s, 0)
        begun = time_s >= pulse.onset_s - edge_s
        size_mV = amplifier.artefact_mV * pulse.amplitude_uA / 50.0
        potential += np.where(begun, size_mV * np.exp(-since_s / amplifier.artefact_decay_s), 0.0)
    frame = np.floor(time_s * wiring.frame_rate_Hz + 1e-9).astype(int)
    in_frame_s = time_s - frame / wiring.frame_rate_Hz
    running = (frame >= 0) & (frame < wiring.frame_count)
    on_s = np.where(running, wiring.led_on_s[:, np.where(running, frame, 0)], 0.0)
    gates = np.where(in_frame_s < on_s - 1e-9, amplifier.monitor_V, 0.0)
    clean = {
        "voltage": (potential, amplifier.voltage_noise_mV),
        "current": (current, amplifier.current_noise_pA),
        "stimulus": (stimulus, amplifier.monitor_noise_V),
        "led_1": (gates[0], amplifier.monitor_noise_V),
        "led_2": (gates[1], amplifier.monitor_noise_V),
    }
    shape = (wiring.frame_count, per_frame)
    return {
        name: (values.reshape(shape) + noise * rng.standard_normal(shape, np.float32)).astype(
            np.float32
        )
        for name, (values, noise) in clean.items()
    }
