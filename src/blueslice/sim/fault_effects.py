"""What each fault does: to the instruments before a trial is played, or to what comes of it."""

from dataclasses import replace
from functools import singledispatch

import numpy as np

from blueslice.sim.faults import (
    DriftingClock,
    DroppedFrame,
    DuplicatedFrame,
    Fault,
    LateTrigger,
    LedsSwapped,
    LedStuckOff,
    LedStuckOn,
    LostSeal,
    SaturatedPixels,
)
from blueslice.sim.wiring import PlayedTrial, Wiring

__all__ = ["damage", "is_of_wiring", "rewire"]


@singledispatch
def rewire(fault: Fault, wiring: Wiring) -> Wiring:
    """Return what the instruments really do in a trial with this fault.

    Parameters
    ----------
    fault : Fault
        As it strikes the trial. One that does nothing to the instruments changes nothing.
    wiring : Wiring
        What they were told.
    """
    return wiring


def is_of_wiring(fault: Fault) -> bool:
    """Tell whether a fault changes what the instruments do, so that a slice has to follow."""
    return rewire.dispatch(type(fault)) is not rewire.dispatch(Fault)


@rewire.register
def _(fault: LedStuckOn, wiring: Wiring) -> Wiring:
    led_on_s = wiring.led_on_s.copy()
    led_on_s[fault.led - 1, fault.frames] = 1 / wiring.frame_rate_Hz
    return replace(wiring, light_s=led_on_s)


@rewire.register
def _(fault: LedStuckOff, wiring: Wiring) -> Wiring:
    led_on_s = wiring.led_on_s.copy()
    led_on_s[fault.led - 1, fault.frames] = 0
    return replace(wiring, light_s=led_on_s)


@rewire.register
def _(fault: LedsSwapped, wiring: Wiring) -> Wiring:
    led_on_s = wiring.led_on_s.copy()
    led_on_s[:, fault.frames] = led_on_s[::-1, fault.frames].copy()
    return replace(wiring, light_s=led_on_s)


@rewire.register
def _(fault: LateTrigger, wiring: Wiring) -> Wiring:
    return replace(wiring, clock_late_s=wiring.clock_late_s + fault.late_s)


@rewire.register
def _(fault: DriftingClock, wiring: Wiring) -> Wiring:
    return replace(wiring, clock_drift=wiring.clock_drift + fault.drift_ppm * 1e-6)


@singledispatch
def damage(fault: Fault, played: PlayedTrial, rng: np.random.Generator) -> PlayedTrial:
    """Return what camera and amplifier give of a trial with this fault.

    Parameters
    ----------
    fault : Fault
        As it strikes the trial. One that does nothing to what was played changes nothing.
    played : PlayedTrial
        What they would give without it; not written to.
    rng : numpy.random.Generator
        Decides noise.
    """
    return played


@damage.register
def _(fault: DroppedFrame, played: PlayedTrial, rng: np.random.Generator) -> PlayedTrial:
    kept = ~np.isin(played.counter, fault.frames)
    return replace(played, frames=played.frames[kept], counter=played.counter[kept])


@damage.register
def _(fault: DuplicatedFrame, played: PlayedTrial, rng: np.random.Generator) -> PlayedTrial:
    given = np.arange(len(played.counter))
    for place in np.flatnonzero(np.isin(played.counter, fault.frames)):
        # From what was given there: a buffer that stays full is read again and again.
        given[place + 1 : place + 2] = given[place]
    return replace(played, frames=played.frames[given], counter=played.counter[given])


@damage.register
def _(fault: SaturatedPixels, played: PlayedTrial, rng: np.random.Generator) -> PlayedTrial:
    frames = played.frames.copy()
    rows = slice(fault.y, fault.y + fault.height)
    columns = slice(fault.x, fault.x + fault.width)
    frames[fault.frames, rows, columns] = fault.level_counts
    return replace(played, frames=frames)


@damage.register
def _(fault: LostSeal, played: PlayedTrial, rng: np.random.Generator) -> PlayedTrial:
    if "voltage" not in played.channels:
        return played
    voltage_mV = played.channels["voltage"].copy()
    part = voltage_mV[fault.frames]
    part += fault.offset_mV + fault.noise_mV * rng.standard_normal(part.shape, np.float32)
    return replace(played, channels={**played.channels, "voltage": voltage_mV})
