"""What a set of instruments can do, and whether a trial asks for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice._trial_times import SAME_RATE_HZ, SAME_TIME_S, nearest_text, neighbouring_ticks
from blueslice.errors import BadInputError
from blueslice.indicators import IndicatorPair

if TYPE_CHECKING:
    from blueslice.trial import Trial

__all__ = ["RigLimits", "check_trial"]

# An LED excites an indicator whose listed wavelength is at most this far from its own: filters
# in use are 10-20 nm wide.
_MAX_WAVELENGTH_ERROR_NM = 10.0

_LOWEST_RATE_HZ, _LONGEST_S = 0.01, 3600.0


class RigLimits(Data):
    """What the instruments of a rig can do; None where an instrument sets no limit.

    Parameters
    ----------
    frame_rates_Hz : tuple of float or None
        The frame rates the camera offers, when it offers a list of them.
    max_frame_rate_Hz : float or None
        The highest frame rate of the camera.
    readout_s : float
        Time at the end of each frame in which the camera cannot expose, in seconds.
    stimulator_tick_s : float or None
        The stimulator's time step: onsets and widths of pulses are whole multiples of it.
    max_pulses : int or None
        Most pulses the stimulator can give in a trial.
    max_amplitude_uA : float or None
        Highest current of the stimulating electrode in microampere.
    max_amplitude_pA : float or None
        Highest current into the cell, of either sign, in picoampere.
    led_wavelengths_nm : dict of int to float
        Wavelength of each LED that is fitted, by LED number, in nanometre.
    recorded : bool
        Whether the trials were recorded before and are only played: a pulse's current may then
        be unknown.

    Raises
    ------
    BadInputError
        When a value is not allowed.
    """

    frame_rates_Hz: tuple[Real, ...] | None = Field(default=None, min_length=1)
    max_frame_rate_Hz: Real | None = Field(default=None, gt=0)
    readout_s: Real = Field(default=0.0, ge=0)
    stimulator_tick_s: Real | None = Field(default=None, gt=0)
    max_pulses: Whole | None = Field(default=None, ge=0)
    max_amplitude_uA: Real | None = Field(default=None, ge=0)
    max_amplitude_pA: Real | None = Field(default=None, ge=0)
    led_wavelengths_nm: dict[PositiveInt, Real] = Field(default_factory=dict)
    recorded: bool = Field(default=False, strict=True)


def check_trial(trial: Trial, limits: RigLimits, pair: IndicatorPair | None = None) -> None:
    """Refuse a trial that a set of instruments cannot carry out.

    Parameters
    ----------
    trial : Trial
        The trial that is to be run.
    limits : RigLimits
        What the instruments can do.
    pair : IndicatorPair, optional
        The dyes in the cell. With it, each LED in use must excite its dye.

    Raises
    ------
    BadInputError
        On the first thing that cannot be done; the text says what is allowed.
    """
    _check_camera(trial, limits)
    _check_leds(trial, limits, pair)
    _check_stimulus(trial, limits)
    if not limits.recorded:
        _check_length(trial)


def _check_camera(trial: Trial, limits: RigLimits) -> None:
    rate_Hz = trial.frame_rate_Hz
    rates_Hz = limits.frame_rates_Hz
    if rates_Hz is not None and not any(abs(rate_Hz - r) <= SAME_RATE_HZ for r in rates_Hz):
        names = ", ".join(f"{r:g}" for r in rates_Hz)
        raise BadInputError(
            f"frame_rate_Hz = {rate_Hz:g}: the camera lacks this rate; choose one of {names} Hz"
        )
    max_Hz = limits.max_frame_rate_Hz
    if max_Hz is not None and rate_Hz > max_Hz + SAME_RATE_HZ:
        raise BadInputError(
            f"frame_rate_Hz = {rate_Hz:g}: the camera is too slow; give at most {max_Hz:g} Hz"
        )
    longest_s = trial.frame_interval_s - limits.readout_s
    if trial.exposure_s > longest_s + SAME_TIME_S:
        raise BadInputError(
            f"exposure_s = {trial.exposure_s:g}: the camera needs {limits.readout_s:g} s of each "
            f"frame to read out, which leaves {max(longest_s, 0.0):g} s at {rate_Hz:g} Hz; "
            "shorten the exposure or lower frame_rate_Hz"
        )


def _check_leds(trial: Trial, limits: RigLimits, pair: IndicatorPair | None) -> None:
    for led in sorted(set(trial.excitation_order) - {0}):
        fitted_nm = limits.led_wavelengths_nm.get(led)
        if fitted_nm is None:
            fitted = ", ".join(str(number) for number in sorted(limits.led_wavelengths_nm))
            raise BadInputError(
                f"excitation_order uses LED {led}, which the rig lacks; its LEDs are "
                f"{fitted or 'none'}: change the order or add the LED to led_wavelengths_nm"
            )
        if pair is None:
            continue
        dye = pair.indicators[led - 1]
        if abs(dye.wavelength_nm - fitted_nm) > _MAX_WAVELENGTH_ERROR_NM:
            raise BadInputError(
                f"LED {led} of {fitted_nm:g} nm cannot excite {dye.name}, which needs "
                f"{dye.wavelength_nm:g} nm (within {_MAX_WAVELENGTH_ERROR_NM:g} nm); "
                "fit that LED or choose other indicators"
            )


def _check_stimulus(trial: Trial, limits: RigLimits) -> None:
    if limits.max_pulses is not None and len(trial.pulses) > limits.max_pulses:
        raise BadInputError(
            f"the trial has {len(trial.pulses)} pulses; the stimulator gives at most "
            f"{limits.max_pulses}: remove some"
        )
    for pulse in trial.pulses:
        where = f"the pulse at {pulse.onset_s * 1e3:g} ms"
        if pulse.amplitude_uA is None and not limits.recorded:
            raise BadInputError(
                f"{where} has no known current, and one has to be given; write amplitude_uA"
            )
        for value, highest, unit in (
            (pulse.amplitude_uA or 0.0, limits.max_amplitude_uA, "uA"),
            (pulse.amplitude_pA, limits.max_amplitude_pA, "pA"),
        ):
            if highest is not None and abs(value) > highest:
                raise BadInputError(
                    f"{where} has amplitude_{unit} = {value:g}; the stimulator gives at most "
                    f"{highest:g} {unit}: lower it"
                )
        if limits.stimulator_tick_s is not None:
            _check_tick(where, "onset_s", pulse.onset_s, limits.stimulator_tick_s, smallest=0)
            _check_tick(where, "width_s", pulse.width_s, limits.stimulator_tick_s, smallest=1)


def _check_length(trial: Trial) -> None:
    """Refuse what a mistyped number makes: a trial that keeps the rig for hours."""
    if trial.frame_rate_Hz < _LOWEST_RATE_HZ:
        raise BadInputError(
            f"frame_rate_Hz = {trial.frame_rate_Hz:g}: give at least {_LOWEST_RATE_HZ:g} Hz"
        )
    if trial.duration_s > _LONGEST_S:
        raise BadInputError(
            f"frame_count = {trial.frame_count} at {trial.frame_rate_Hz:g} Hz lasts "
            f"{trial.duration_s:g} s; at most {_LONGEST_S:g} s is allowed"
        )


def _check_tick(where: str, name: str, value_s: float, tick_s: float, *, smallest: int) -> None:
    ticks_s = neighbouring_ticks(value_s, tick_s, smallest)
    if ticks_s != (value_s,):
        raise BadInputError(
            f"{where} has {name} = {value_s:.9g}, which is no multiple of the stimulator's tick "
            f"of {tick_s:g} s; {nearest_text(f'{one_s:.9g}' for one_s in ticks_s)}"
        )
