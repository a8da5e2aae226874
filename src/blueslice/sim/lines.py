"""What the patch amplifier records: potential and current of the cell, and the monitor lines."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.clamp import Clamp
from blueslice.errors import BadInputError
from blueslice.sim.physiology import Pipette, command_mV
from blueslice.sim.wiring import Wiring
from blueslice.trial import Pulse

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
    clamp : {"current", "voltage"}
        What the amplifier holds.
    holding_pA : float
        Current that holds the cell in current clamp: it moves the potential by so much times the
        input resistance.
    holding_mV : float
        Potential at which the cell is held in voltage clamp.
    series_resistance_MOhm : float
        Between pipette and cell, in voltage clamp not compensated.
    command_mV_per_pA : float
        Step of potential in voltage clamp for a pulse into the soma that is 1 pA in current clamp.
    monitor_V : float
        High level of the monitor lines.
    artefact_mV, artefact_pA : float
        What a stimulus of 50 uA couples into the voltage in current clamp, into the current in
        voltage clamp, for as long as it lasts.
    artefact_decay_s : float
        Time constant at which that fades after the pulse.
    """

    voltage_noise_mV: Real = Field(default=0.12, ge=0, le=100)
    current_noise_pA: Real = Field(default=2.0, ge=0, le=1e4)
    monitor_noise_V: Real = Field(default=0.01, ge=0, le=1)
    clamp: Clamp = "current"
    holding_pA: Real = Field(default=0.0, ge=-1e4, le=1e4)
    holding_mV: Real = Field(default=-70.0, ge=-150, le=100)
    series_resistance_MOhm: Real = Field(default=15.0, ge=0.1, le=1e3)
    command_mV_per_pA: Real = Field(default=0.05, ge=0, le=10)
    monitor_V: Real = Field(default=5.0, gt=0, le=10)
    artefact_mV: Real = Field(default=6.0, ge=0, le=1e3)
    artefact_pA: Real = Field(default=120.0, ge=0, le=1e5)
    artefact_decay_s: Real = Field(default=4e-4, gt=0, le=1)

    @property
    def pipette(self) -> Pipette:
        """How the cell is held: for `Cell.respond`."""
        return Pipette(
            self.clamp,
            self.holding_pA,
            self.holding_mV,
            self.series_resistance_MOhm,
            self.command_mV_per_pA,
        )


def record_lines(
    wiring: Wiring,
    voltage_mV: Values,
    interval_ms: float,
    amplifier: AmplifierParameters,
    rng: np.random.Generator,
    current_pA: Values | None = None,
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
    current_pA : (times,) array, optional
        What the pipette gives, at the same times; needed in voltage clamp, where the current is
        what the cell answers. In current clamp it is the holding and the pulses.

    Raises
    ------
    BadInputError
        In voltage clamp without the current.
    """
    per_frame = wiring.samples_per_frame
    count = wiring.frame_count * per_frame
    if count == 0:
        return {}
    sample_s = 1 / (per_frame * wiring.frame_rate_Hz)
    # Of the clock, by which camera, LEDs, stimulator and cell go; the first may be before it.
    time_s: Values = (
        np.arange(count, dtype=np.float64) * sample_s * (1 + wiring.clock_drift)
        - wiring.clock_late_s
    )
    # A tenth of a sample, so that a pulse on a sample's edge begins with that sample.
    edge_s = 0.1 * sample_s
    potential, current = _held(
        time_s + edge_s, wiring.pulses, voltage_mV, current_pA, interval_ms, edge_s, amplifier
    )
    stimulus = np.zeros(count)
    for pulse in wiring.pulses:
        on = (time_s >= pulse.onset_s - edge_s) & (time_s < pulse.end_s - edge_s)
        stimulus[on] = amplifier.monitor_V
        if pulse.target == "synapse":
            begun = time_s >= pulse.onset_s - edge_s
            fading = np.exp(-np.maximum(time_s - pulse.end_s, 0) / amplifier.artefact_decay_s)
            coupled = np.where(begun, fading, 0.0) * pulse.known_amplitude_uA / 50.0
            if amplifier.clamp == "current":
                potential += amplifier.artefact_mV * coupled
            else:
                current += amplifier.artefact_pA * coupled
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


def _held(
    edged_s: Values,
    pulses: Sequence[Pulse],
    voltage_mV: Values,
    current_pA: Values | None,
    interval_ms: float,
    edge_s: float,
    amplifier: AmplifierParameters,
) -> tuple[Values, Values]:
    """Return what is held as it was commanded and what answers as the cell gave it.

    `edged_s` are the amplifier's times, late by `edge_s` so that a pulse begins on its sample.
    """
    sampled_ms, known_ms = (edged_s - edge_s) * 1e3, np.arange(len(voltage_mV)) * interval_ms
    if amplifier.clamp == "voltage":
        if current_pA is None:
            raise BadInputError(
                "record_lines: current_pA is missing in voltage clamp; give that of the response"
            )
        command = command_mV(edged_s * 1e3, pulses, amplifier.pipette)
        return command, np.interp(sampled_ms, known_ms, current_pA)
    current = np.full(len(edged_s), amplifier.holding_pA)
    for pulse in pulses:
        if pulse.target == "soma":
            current[(edged_s >= pulse.onset_s) & (edged_s < pulse.end_s)] += pulse.amplitude_pA
    return np.interp(sampled_ms, known_ms, voltage_mV), current
