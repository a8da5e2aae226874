"""The paper's Materials and Methods: what the rig does, from what it recorded."""

import math
from collections.abc import Sequence

import numpy as np

from blueslice.analysis import find_pulses
from blueslice.paper.experiments._protocol import BLANKS, REST_S, TRIALS
from blueslice.paper.laboratory import Laboratory
from blueslice.paper.measures import Measures
from blueslice.paper.values import Value, alone
from blueslice.plans import two_pulse

__all__ = ["MethodsMeasures", "methods", "methods_values"]


class MethodsMeasures(Measures):
    """What one run's files and documents tell of the rig."""

    pixels: int
    pixel_um: float = math.nan
    frame_rate_Hz: float
    channel_rate_Hz: float
    duration_ms: float
    trials: int
    wavelengths_nm: tuple[float, float]
    pulse_us: float
    interval_ms: float


def methods(laboratory: Laboratory, seed: int) -> MethodsMeasures:
    """Take one cell's trials and look at what was recorded with them."""
    with laboratory.cell(seed) as cell:
        trials = cell.run(two_pulse, trials=TRIALS, blanks=BLANKS, rest_s=REST_S)
    trials.align()
    rate_Hz = trials.sample_rate_Hz
    line = trials.arrays["amplifier-stimulus"][trials.stimulated[0]].ravel()
    threshold_V = trials.parameters.stimulus_threshold_V
    onsets_s = find_pulses(line, sample_rate_Hz=rate_Hz, threshold_V=threshold_V)
    traces = trials.results[trials.stimulated[0]].traces
    frames = trials.arrays["camera"].shape
    leds = trials.start["leds"]
    exposed_s = np.median(np.diff(np.sort(np.concatenate([t.time_s for t in traces]))))
    return MethodsMeasures(
        pixels=frames[-1],
        pixel_um=float(trials.start.get("pixel_size_um", math.nan)),
        frame_rate_Hz=float(1 / exposed_s),
        channel_rate_Hz=float(1 / np.median(np.diff(traces[0].time_s))),
        duration_ms=1e3 * line.size / rate_Hz,
        trials=frames[0],
        wavelengths_nm=(leds["led_1"]["wavelength_nm"], leds["led_2"]["wavelength_nm"]),
        pulse_us=1e6 * float(np.sum(line > threshold_V)) / rate_Hz / len(onsets_s),
        interval_ms=1e3 * float(np.diff(onsets_s).mean()),
    )


def methods_values(measured: Sequence[MethodsMeasures]) -> dict[str, Value]:
    """Give the numbers of Materials and Methods."""
    if not measured:
        return {}
    one = measured[0]
    told = {
        "camera-pixels": one.pixels,
        "camera-pixel-um": one.pixel_um,
        "camera-frame-rate": one.frame_rate_Hz,
        "camera-channel-rate": one.channel_rate_Hz,
        "trial-duration": one.duration_ms,
        "trial-count": one.trials,
        "led-1": one.wavelengths_nm[0],
        "led-2": one.wavelengths_nm[1],
        "stimulus-width": one.pulse_us,
        "stimulus-interval": one.interval_ms,
    }
    return {name: alone(value) for name, value in told.items()}
