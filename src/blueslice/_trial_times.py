"""The times of a trial that instruments can produce, and the nearest to those that they cannot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from blueslice.errors import BadInputError

if TYPE_CHECKING:
    from blueslice._rig_limits import RigLimits
    from blueslice.trial import Trial

__all__ = [
    "SAME_RATE_HZ",
    "SAME_TIME_S",
    "TAKE_NEAREST",
    "check_baseline",
    "check_samples",
    "nearest_text",
    "nearest_trial",
    "neighbouring_ticks",
    "samples_in_frame",
]

SAME_RATE_HZ = 1e-6
"""Rates that differ by less are the same rate."""

SAME_TIME_S = 1e-9
"""Times that differ by less are the same time."""

TAKE_NEAREST = "--nearest (in Python rig.nearest_times = True) takes the nearest by itself"
"""The next step, beside giving a possible time."""

# Of the samples in a frame: what a rate written with nine digits is off by.
_SAME_SAMPLES = 1e-6


def neighbouring_ticks(value_s: float, tick_s: float, smallest: int) -> tuple[float, ...]:
    """Return the multiples of a tick next to a time, below and above; the time if it is one.

    Parameters
    ----------
    value_s, tick_s : float
        In s.
    smallest : int
        The least number of ticks that is allowed.

    Examples
    --------
    >>> neighbouring_ticks(0.01004, 0.0001, 0)
    (0.01, 0.0101)
    """
    nearest = max(round(value_s / tick_s), smallest)
    if abs(value_s - nearest * tick_s) <= SAME_TIME_S:
        return (value_s,)
    below = math.floor(value_s / tick_s)
    # Rounded: 101 ticks of 0.1 ms are 10.1 ms, and not 10.100000000000001.
    return tuple(round(k * tick_s, 12) for k in (below, below + 1) if k >= smallest)


def samples_in_frame(sample_rate_Hz: float, frame_interval_s: float) -> tuple[int, ...]:
    """Return how many samples fall into a frame; where that is no whole number, the two next.

    Examples
    --------
    >>> samples_in_frame(20_000.0, 0.002), samples_in_frame(20_000.0, 1 / 30)
    ((40,), (666, 667))
    """
    exact = sample_rate_Hz * frame_interval_s
    count = round(exact)
    if count >= 1 and abs(exact - count) <= _SAME_SAMPLES * exact:
        return (count,)
    below = math.floor(exact)
    return tuple(k for k in (below, below + 1) if k >= 1)


def possible_frame_rates_Hz(
    trial: Trial, limits: RigLimits, sample_rate_Hz: float
) -> tuple[float, ...]:
    """Return the frame rates next to a trial's that camera and amplifier can do, lower first.

    The trial's own alone when it is possible; empty when none is.
    """
    rate_Hz = trial.frame_rate_Hz
    if limits.frame_rates_Hz is not None:
        given = limits.frame_rates_Hz
        candidates = [r for r in given if _is_sampled(r, sample_rate_Hz)]
    elif not _is_sampled(rate_Hz, sample_rate_Hz):
        counts = samples_in_frame(sample_rate_Hz, trial.frame_interval_s)
        candidates = [sample_rate_Hz / count for count in counts]
    else:
        candidates = [rate_Hz]
    possible = sorted(r for r in candidates if _has_room(r, trial, limits))
    same = [r for r in possible if abs(r - rate_Hz) <= SAME_RATE_HZ]
    if same:
        return (rate_Hz,)
    lower = [r for r in possible if r < rate_Hz][-1:]
    return (*lower, *[r for r in possible if r > rate_Hz][:1])


def _is_sampled(rate_Hz: float, sample_rate_Hz: float) -> bool:
    # An amplifier that is not connected yet may not know its rate.
    return not sample_rate_Hz > 0 or len(samples_in_frame(sample_rate_Hz, 1 / rate_Hz)) == 1


def _has_room(rate_Hz: float, trial: Trial, limits: RigLimits) -> bool:
    """Tell whether a frame has room for the exposure and the readout."""
    if limits.max_frame_rate_Hz is not None and rate_Hz > limits.max_frame_rate_Hz + SAME_RATE_HZ:
        return False
    return trial.exposure_s <= 1 / rate_Hz - limits.readout_s + SAME_TIME_S


def check_samples(trial: Trial, limits: RigLimits, sample_rate_Hz: float) -> None:
    """Refuse a frame interval that is no whole number of the amplifier's samples.

    Raises
    ------
    BadInputError
        With the two nearest possible frame rates.
    """
    if _is_sampled(trial.frame_rate_Hz, sample_rate_Hz):
        return
    exact = sample_rate_Hz * trial.frame_interval_s
    rates = possible_frame_rates_Hz(trial, limits, sample_rate_Hz)
    told = nearest_text(
        f"{rate_Hz:.9g} Hz ({round(sample_rate_Hz / rate_Hz)} samples)" for rate_Hz in rates
    )
    raise BadInputError(
        f"frame_rate_Hz = {trial.frame_rate_Hz:.9g}: the amplifier samples at "
        f"{sample_rate_Hz:g} Hz, which is {exact:.9g} samples per frame of "
        f"{trial.frame_interval_s * 1e3:.9g} ms and has to be a whole number; {told}"
    )


def nearest_text(possible: Iterable[str]) -> str:
    """Put possible values and the next step into words."""
    values = list(possible)
    if not values:
        return "none near it is possible; give another one"
    if len(values) == 1:
        return f"the nearest possible is {values[0]}; {TAKE_NEAREST}"
    return f"the nearest possible are {' and '.join(values)}; {TAKE_NEAREST}"


def nearest_trial(trial: Trial, limits: RigLimits, sample_rate_Hz: float) -> Trial:
    """Return the trial with each time moved to the nearest that the instruments can produce.

    Parameters
    ----------
    trial : Trial
        What is asked for.
    limits : RigLimits
        What the instruments can do.
    sample_rate_Hz : float
        Of the amplifier; 0 where it is not known.

    Returns
    -------
    Trial
        The same trial when all of its times are possible. What no nearby time can mend, such as a
        frame rate above the camera's, stays as it is and is refused by `check_trial`.

    Raises
    ------
    BadInputError
        When the pulses so moved overlap or leave the trial.
    """
    rate_Hz = trial.frame_rate_Hz
    rates_Hz = possible_frame_rates_Hz(trial, limits, sample_rate_Hz)
    # By their intervals: these are what an instrument is told.
    rate_Hz = min(rates_Hz, key=lambda r: abs(1 / r - 1 / rate_Hz), default=rate_Hz)
    pulses = trial.pulses
    if (tick_s := limits.stimulator_tick_s) is not None:
        pulses = tuple(
            pulse.replace(
                onset_s=_nearest_tick(pulse.onset_s, tick_s, 0),
                width_s=_nearest_tick(pulse.width_s, tick_s, 1),
            )
            for pulse in pulses
        )
    if rate_Hz == trial.frame_rate_Hz and pulses == trial.pulses:
        return trial
    return trial.replace(frame_rate_Hz=rate_Hz, pulses=pulses)


def _nearest_tick(value_s: float, tick_s: float, smallest: int) -> float:
    ticks_s = neighbouring_ticks(value_s, tick_s, smallest)
    return min(ticks_s, key=lambda one_s: abs(one_s - value_s))


def check_baseline(trial: Trial) -> None:
    """Refuse a stimulus before each LED has lit a frame: dF/F would have no F.

    Raises
    ------
    BadInputError
        With the earliest onset that leaves a frame of each LED before it.
    """
    first_s = trial.first_pulse_onset_s
    if first_s is None:
        return
    # As the analysis counts them: frames whose middle is before the stimulus.
    times_s, order = trial.frame_times_s, trial.excitation
    firsts_s = {
        led: float(times_s[np.argmax(order == led)])
        for led in sorted(set(trial.excitation_order) - {0})
        if (order == led).any()
    }
    late = [led for led, mid_s in firsts_s.items() if mid_s >= first_s]
    if late:
        needed_s = max(firsts_s.values())
        raise BadInputError(
            f"the first pulse is at {first_s * 1e3:g} ms, before the middle of the first frame "
            f"that LED {late[0]} lights: no frame is left for the baseline of dF/F; let it begin "
            f"later than {needed_s * 1e3:g} ms, with several frames of each LED before it"
        )
