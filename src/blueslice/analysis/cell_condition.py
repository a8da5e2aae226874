"""How a patched cell is doing: access resistance, resting potential, size of its response."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from blueslice.analysis._voltage_trace import check_trace, part
from blueslice.clamp import Clamp
from blueslice.errors import BadInputError

__all__ = [
    "access_resistance_MOhm",
    "bridge_residual_MOhm",
    "response_amplitude_mV",
    "resting_potential_mV",
]

Trace: TypeAlias = npt.NDArray[np.float64]

# mV over pA is 1e9 Ohm.
_MOHM_PER_MV_PER_PA = 1e3
# What the electrode's capacity and the amplifier's filter need after a step.
_SETTLED_S = 0.0003
_FITTED_S = 0.002
_BEFORE_S = 0.005
# Responses begin after the latency and the stimulus artefact, and peak within this.
_RESPONSE_S = (0.002, 0.045)
_PEAK_WIDTH_S = 0.002


def resting_potential_mV(
    voltage_mV: npt.ArrayLike, sample_rate_Hz: float, window_s: tuple[float, float]
) -> float:
    """Return the median potential in a window before any pulse; NaN for an empty one.

    Parameters
    ----------
    voltage_mV : array_like, shape (samples,)
        Recorded in current clamp.
    sample_rate_Hz : float
        Samples per second.
    window_s : (float, float)
        From and to, in s from the first sample.

    Raises
    ------
    BadInputError
        When the trace is not one-dimensional or the rate not positive.
    """
    window = part(check_trace("voltage_mV", voltage_mV, sample_rate_Hz), sample_rate_Hz, *window_s)
    return float(np.median(window)) if len(window) else float("nan")


def response_amplitude_mV(
    voltage_mV: npt.ArrayLike,
    sample_rate_Hz: float,
    *,
    first_pulse_s: float,
    last_pulse_s: float,
) -> float:
    """Return the height of the postsynaptic potential above the baseline.

    The highest mean over 2 ms between 2 and 45 ms after the last pulse, less the mean before the
    first. NaN when the trace ends before.

    Parameters
    ----------
    voltage_mV : array_like, shape (samples,)
        Recorded in current clamp.
    sample_rate_Hz : float
        Samples per second.
    first_pulse_s, last_pulse_s : float
        Onset of the first pulse and end of the last, in s from the first sample.

    Raises
    ------
    BadInputError
        When the trace is not one-dimensional or the rate not positive.
    """
    voltage = check_trace("voltage_mV", voltage_mV, sample_rate_Hz)
    before = part(voltage, sample_rate_Hz, 0.0, first_pulse_s)
    begin_s, end_s = (last_pulse_s + after_s for after_s in _RESPONSE_S)
    after = part(voltage, sample_rate_Hz, begin_s, end_s)
    width = max(1, round(_PEAK_WIDTH_S * sample_rate_Hz))
    if not len(before) or len(after) < width:
        return float("nan")
    smooth = np.convolve(after, np.full(width, 1 / width), mode="valid")
    return float(smooth.max() - before.mean())


def access_resistance_MOhm(
    voltage_mV: npt.ArrayLike,
    current_pA: npt.ArrayLike,
    sample_rate_Hz: float,
    *,
    pulse_s: tuple[float, float],
    clamp: Clamp = "current",
    bridge_MOhm: float | None = None,
) -> float:
    """Measure the resistance between pipette and cell from a test pulse.

    In voltage clamp: the step of potential over the current at its onset, which flows through the
    access resistance alone, for the membrane's capacity is not yet charged. The transient is
    extrapolated to the onset by an exponential through 0.1-0.6 ms.

    In current clamp: what the amplifier's bridge is set to, and what it does not balance
    (`bridge_residual_MOhm`). Where the setting is not known, it is not measured.

    Parameters
    ----------
    voltage_mV, current_pA : array_like, shape (samples,)
        As recorded.
    sample_rate_Hz : float
        Samples per second of both.
    pulse_s : (float, float)
        Onset and end of the test pulse, in s from the first sample.
    clamp : {"current", "voltage"}
        What the amplifier holds.
    bridge_MOhm : float, optional
        What the bridge is set to in current clamp, 0 for off; None where that is not known.

    Returns
    -------
    float
        In MOhm; NaN when it is not measured: no pulse can be seen there, or the setting of the
        bridge is not known.

    Raises
    ------
    BadInputError
        When the traces do not match or the rate is not positive.
    """
    voltage, current = _checked(voltage_mV, current_pA, sample_rate_Hz)
    if clamp == "voltage":
        return _in_voltage_clamp(voltage, current, sample_rate_Hz, pulse_s)
    if bridge_MOhm is None:
        return float("nan")
    return bridge_MOhm + _in_current_clamp(voltage, current, sample_rate_Hz, pulse_s)


def bridge_residual_MOhm(
    voltage_mV: npt.ArrayLike,
    current_pA: npt.ArrayLike,
    sample_rate_Hz: float,
    *,
    pulse_s: tuple[float, float],
) -> float:
    """Measure in current clamp what the amplifier's bridge does not balance.

    The jump of potential at a test pulse's onset, before the membrane charges, over the step of
    current; lines through 5 ms before and 0.3-2 ms after it are extrapolated to it. It is no
    access resistance, and may be below 0; as long as the bridge is left alone it changes by as
    much as the access resistance does.

    Parameters
    ----------
    voltage_mV, current_pA, sample_rate_Hz, pulse_s
        As for `access_resistance_MOhm`.

    Returns
    -------
    float
        In MOhm; NaN when no pulse can be seen there.

    Raises
    ------
    BadInputError
        When the traces do not match or the rate is not positive.
    """
    voltage, current = _checked(voltage_mV, current_pA, sample_rate_Hz)
    return _in_current_clamp(voltage, current, sample_rate_Hz, pulse_s)


def _checked(
    voltage_mV: npt.ArrayLike, current_pA: npt.ArrayLike, sample_rate_Hz: float
) -> tuple[Trace, Trace]:
    voltage = check_trace("voltage_mV", voltage_mV, sample_rate_Hz)
    current = check_trace("current_pA", current_pA, sample_rate_Hz)
    if voltage.shape != current.shape:
        raise BadInputError(
            f"voltage_mV has {len(voltage)} samples and current_pA {len(current)}; give both of "
            "the same recording"
        )
    return voltage, current


def _in_current_clamp(
    voltage: Trace, current: Trace, rate_Hz: float, pulse_s: tuple[float, float]
) -> float:
    onset_s = pulse_s[0]
    before_s = (onset_s - _BEFORE_S, onset_s)
    after_s = (onset_s + _SETTLED_S, min(onset_s + _FITTED_S, pulse_s[1]))
    step_pA = _mean(current, rate_Hz, after_s) - _mean(current, rate_Hz, before_s)
    jump_mV = _value_at(voltage, rate_Hz, after_s, onset_s) - _value_at(
        voltage, rate_Hz, before_s, onset_s
    )
    noise_pA = float(np.std(part(current, rate_Hz, *before_s))) if np.isfinite(step_pA) else 0.0
    return jump_mV / step_pA * _MOHM_PER_MV_PER_PA if abs(step_pA) > 3 * noise_pA else float("nan")


def _in_voltage_clamp(
    voltage: Trace, current: Trace, rate_Hz: float, pulse_s: tuple[float, float]
) -> float:
    onset_s, end_s = pulse_s
    before_s = (onset_s - _BEFORE_S, onset_s)
    late_s = (end_s - 0.2 * (end_s - onset_s), end_s)
    step_mV = _mean(voltage, rate_Hz, late_s) - _mean(voltage, rate_Hz, before_s)
    steady_pA = _mean(current, rate_Hz, late_s)
    first_s = (onset_s + 0.0001, onset_s + 0.0006)
    transient = (part(current, rate_Hz, *first_s) - steady_pA) * np.sign(step_mV)
    if len(transient) < 2 or not (transient > 0).all():
        return float("nan")
    since_s = (np.arange(len(transient)) + round(first_s[0] * rate_Hz)) / rate_Hz - onset_s
    at_onset = float(np.exp(np.polynomial.Polynomial.fit(since_s, np.log(transient), 1)(0.0)))
    total_pA = np.sign(step_mV) * at_onset + steady_pA - _mean(current, rate_Hz, before_s)
    return float(step_mV / total_pA * _MOHM_PER_MV_PER_PA) if total_pA else float("nan")


def _mean(trace: Trace, rate_Hz: float, window_s: tuple[float, float]) -> float:
    window = part(trace, rate_Hz, *window_s)
    return float(window.mean()) if len(window) else float("nan")


def _value_at(trace: Trace, rate_Hz: float, window_s: tuple[float, float], at_s: float) -> float:
    """Return where a line through a window of the trace is at a time."""
    window = part(trace, rate_Hz, *window_s)
    if len(window) < 2:
        return float("nan")
    times_s = (np.arange(len(window)) + round(window_s[0] * rate_Hz)) / rate_Hz
    return float(np.polynomial.Polynomial.fit(times_s, window, 1)(at_s))
