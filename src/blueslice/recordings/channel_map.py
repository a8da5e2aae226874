"""Which electrical channel of a recording is what, in which scale."""

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real, Whole

__all__ = ["DA_CHANNELS", "TBN_CHANNELS", "ChannelMap"]

_MAX_CHANNEL = 63


class ChannelMap(Data):
    """What the electrical channels of a recording are: the files themselves do not say.

    Channels count from 0; None where the rig recorded no such line. The defaults are those of
    `DA_CHANNELS`.

    Parameters
    ----------
    voltage_channel : int or None
        Channel of the membrane potential.
    voltage_gain : float
        Recorded volts per volt at the membrane: 10 for an amplifier output of 10 mV/mV.
    current_channel : int or None
        Channel of the membrane current.
    current_pA_per_V : float
        Picoampere at the membrane per recorded volt.
    led_1_channel : int
        Channel of LED 1's monitor line.
    led_2_channel : int or None
        Channel of LED 2's monitor line; None when the recording has one LED.
    stimulus_channel : int or None
        Channel of the stimulator's trigger.
    led_threshold_V : float
        An LED line above it means that the LED is lit, in recorded volts.
    stimulus_threshold_V : float
        The stimulus line above it means a pulse, in recorded volts.
    exposure_s : float or None
        Exposure of a frame from its start, in seconds; None takes 0.9 of the frame interval.
    led_delay_s : float
        How much later than the frames the LED lines were recorded, in seconds; they are
        moved earlier by it, to the nearest sample.
    led_crosstalk : float
        Share of the stimulus line that leaks into the LED lines; it is subtracted from them.

    Raises
    ------
    BadInputError
        When a value is not allowed.
    """

    voltage_channel: Whole | None = Field(default=2, ge=0, le=_MAX_CHANNEL)
    voltage_gain: Real = Field(default=10.0, ge=1e-3, le=1e5)
    current_channel: Whole | None = Field(default=None, ge=0, le=_MAX_CHANNEL)
    current_pA_per_V: Real = Field(default=1000.0, gt=0, le=1e6)
    led_1_channel: Whole = Field(default=5, ge=0, le=_MAX_CHANNEL)
    led_2_channel: Whole | None = Field(default=4, ge=0, le=_MAX_CHANNEL)
    stimulus_channel: Whole | None = Field(default=3, ge=0, le=_MAX_CHANNEL)
    led_threshold_V: Real = Field(default=0.36, ge=-1000, le=1000)
    stimulus_threshold_V: Real = Field(default=0.4, ge=-1000, le=1000)
    exposure_s: Real | None = Field(default=None, gt=0, le=100)
    led_delay_s: Real = Field(default=0.0, ge=0, le=100)
    led_crosstalk: Real = Field(default=0.0, ge=-1, le=1)


DA_CHANNELS = ChannelMap()
"""As measured on two NeuroPlex recordings of January 2017: 8 samples a frame at 500 Hz.

LED 1 (sodium) lights the even frames, LED 2 the odd ones; a gate is 0.73-0.75 V, else below
0.02 V. Rest is -67 mV at gain 10. Light lasts 1.8 ms of each frame of 2 ms.
"""

TBN_CHANNELS = ChannelMap(
    voltage_channel=0,
    led_1_channel=4,
    led_2_channel=None,
    stimulus_channel=3,
    led_threshold_V=0.12,
    stimulus_threshold_V=2.5,
    exposure_s=0.0005,
    led_delay_s=0.000125,
    led_crosstalk=0.125,
)
"""As measured on a Turbo-SM64 recording of 2013 at 1 kHz: one LED, every other frame.

The light monitor rises in sample 4 or 5 of an even frame's 32 and falls after sample 19, to
0.24 V; the stimulus trigger (4.96 V) leaks 0.62 V into it. Rest is -73.5 mV at gain 10.
"""
