"""How bright each LED is: its drift within a trial, its noise, its change between trials."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["LED_LIGHT", "LedLight", "draw_led_intensity", "led_drift", "led_light"]

Values = npt.NDArray[np.float64]


class LedLight(Data):
    """The light of one LED.

    Parameters
    ----------
    rest_electrons : float
        Electrons per pixel in a full exposure of 1.8 ms where a scene's light is 1.
    fast_fraction : float
        Excess at the first flash that fades exponentially.
    fast_time_s : float
        Time constant of that, in s.
    linear_fraction : float
        Further fall over the first 0.2 s, linear in time.
    linear_until_s : float
        When the linear fall ends, in s.
    frame_noise : float
        Standard deviation of the noise from flash to flash, relative.
    trial_noise : float
        Standard deviation of the change from trial to trial, relative.
    """

    rest_electrons: Real = Field(default=400.0, ge=0, le=1e6)
    fast_fraction: Real = Field(default=0.02, ge=0, le=1)
    fast_time_s: Real = Field(default=0.015, gt=0, le=10)
    linear_fraction: Real = Field(default=0.03, ge=0, le=0.2)
    linear_until_s: Real = Field(default=0.6, gt=0, le=0.8)
    frame_noise: Real = Field(default=3e-4, ge=0, le=0.1)
    trial_noise: Real = Field(default=0.01, ge=0, le=0.2)


# Fitted to a recording: beside the cell the fast and the linear part are 2.8 + 4.1 % (520 nm) and
# 1.2 + 5.1 % (385 nm), in part bleaching; in a corner the sum is 4 to 5.6 %, so the parts are
# taken in that proportion. Frame noise is what exceeds the shot noise of the whole picture.
LED_LIGHT: Mapping[float, LedLight] = MappingProxyType(
    {
        385.0: LedLight(fast_fraction=0.010, linear_fraction=0.034),
        460.0: LedLight(fast_fraction=0.020, linear_fraction=0.030),
        520.0: LedLight(rest_electrons=440.0, fast_fraction=0.024, linear_fraction=0.032),
    }
)
"""The three LEDs of the rig by wavelength in nm; that of 460 nm is assumed between the others."""

_LINEAR_SPAN_S = 0.2


def led_light(wavelength_nm: float) -> LedLight:
    """Return the LED of that wavelength, or the default for one the rig of the paper lacks."""
    return LED_LIGHT.get(float(wavelength_nm), LedLight())


def led_drift(time_s: npt.ArrayLike, led: LedLight) -> Values:
    """Return an LED's light relative to its light 0.2 s after the first flash.

    ``1 + fast exp(-t / tau) + linear (1 - t / 0.2 s)``, the shape measured on real recordings.

    Parameters
    ----------
    time_s : (flashes,) array
        Time since the LED's first flash, in s.
    led : LedLight
        The LED.
    """
    time = np.asarray(time_s, np.float64)
    fallen = np.minimum(time, led.linear_until_s) / _LINEAR_SPAN_S
    fast = led.fast_fraction * np.exp(-time / led.fast_time_s)
    return 1 + fast + led.linear_fraction * (1 - fallen)


def draw_led_intensity(time_s: npt.ArrayLike, led: LedLight, rng: np.random.Generator) -> Values:
    """Draw an LED's light in one trial, drift and noise together: (flashes,), about 1.

    Parameters
    ----------
    time_s : (flashes,) array
        Time of each flash since the first, in s.
    led : LedLight
        The LED.
    rng : numpy.random.Generator
        Decides the trial's level and the noise of each flash.
    """
    drift = led_drift(time_s, led)
    level = 1 + led.trial_noise * rng.standard_normal()
    return drift * level * (1 + led.frame_noise * rng.standard_normal(drift.shape))
