"""From the cell's ions to the light of each compartment in each frame, under either LED."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueslice.indicators import Indicator, IndicatorPair
from blueslice.sim.optics import (
    LOSS_PER_S,
    bound_dye_fluorescence,
    crosstalk,
    draw_led_intensity,
    fluorescence,
    led_light,
    light_dose_s,
    mix_channels,
    remaining_dye,
)
from blueslice.sim.physiology import CellResponse
from blueslice.sim.wiring import Wiring

__all__ = ["FULL_EXPOSURE_S", "Glow", "glow_of"]

Values = NDArray[np.float64]

FULL_EXPOSURE_S = 0.0018
"""Exposure for which the LEDs' electrons are stated."""


@dataclass(frozen=True)
class Glow:
    """The light of a trial.

    Attributes
    ----------
    compartments : (compartments, frames) array
        Electrons of each per unit of its map; 0 in a dark frame.
    background : (frames,) array
        The same of what is out of focus, the cell being at rest.
    out_of_focus : (frames,) array
        What the cell's own dye out of focus gives beyond that where the whole cell is not at its
        healthy rest, as through ionophores. A synapse reaches too little of it to be seen.
    dose_s : (float, float)
        Light of each LED up to the end of the trial, in s of full light.
    intensity : (frames,) array
        Of the LEDs that lit the frame together, about 1 for one; 0 in a dark frame.
    """

    compartments: Values
    background: Values
    out_of_focus: Values
    dose_s: tuple[float, float]
    intensity: Values


def _over_exposures(values: Values, interval_ms: float, starts_s: Values, lit_s: Values) -> Values:
    """Average samples over each frame's exposure: (compartments, times) to (.., frames)."""
    summed = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    edges = np.arange(summed.shape[1])
    scale = 1e3 / interval_ms
    # Sums up to a time between samples lie on straight lines: the samples count as steps.
    first = np.clip(starts_s * scale, 0, edges[-1])
    last = np.clip((starts_s + lit_s) * scale, 0, edges[-1])

    def up_to(places: Values) -> Values:
        below = np.minimum(places.astype(int), edges[-1] - 1)
        part = places - below
        return summed[:, below] * (1 - part) + summed[:, below + 1] * part

    return (up_to(last) - up_to(first)) / np.maximum(last - first, 1e-12)


def _relative_light(dye: Indicator, response: CellResponse, rest: tuple[float, float]) -> Values:
    """Return a dye's light in every compartment and sample, relative to the healthy rest."""
    rest_sodium_mM, rest_calcium_uM = rest
    if dye.ion == "sodium":
        ions = np.concatenate([response.spine_sodium_mM, response.segment_sodium_mM])
        return fluorescence(ions, dye) / fluorescence(rest_sodium_mM, dye)
    kd_mM = dye.dissociation_constant_mM
    if response.calcium_dye_kd_uM == kd_mM * 1e3:
        bound = np.concatenate([response.spine_bound, response.segment_bound])
    else:
        free_mM = np.concatenate([response.spine_calcium_uM, response.segment_calcium_uM]) * 1e-3
        bound = free_mM / (free_mM + kd_mM)
    at_rest = rest_calcium_uM * 1e-3 / (rest_calcium_uM * 1e-3 + kd_mM)
    return bound_dye_fluorescence(bound, dye) / bound_dye_fluorescence(at_rest, dye)


def glow_of(
    wiring: Wiring,
    pair: IndicatorPair,
    response: CellResponse,
    rest: tuple[float, float],
    dose_s: tuple[float, float],
    rng: np.random.Generator,
    brightness: float = 1.0,
) -> Glow:
    """Compute the light of a trial.

    Parameters
    ----------
    wiring : Wiring
        The instruments.
    pair : IndicatorPair
        The dyes, of which each LED excites its own and a little of the other.
    response : CellResponse
        The ions.
    rest : (float, float)
        Free sodium in mM and calcium in uM of the healthy cell, at which a dye's light is 1.
    dose_s : (float, float)
        Light of each LED before the trial, in s of full light.
    rng : numpy.random.Generator
        Decides the LEDs' noise.
    brightness : float
        Light of the resting cell relative to that for which the LEDs' electrons are stated.
    """
    frames = wiring.frame_count
    starts_s = np.arange(frames) / wiring.frame_rate_Hz
    seen_s = np.minimum(wiring.led_on_s, wiring.exposure_s)
    count = len(response.spine_sodium_mM) + len(response.segment_sodium_mM)
    compartments = np.zeros((count, frames))
    background, out_of_focus = np.zeros(frames), np.zeros(frames)
    after = list(dose_s)
    # Light that no camera sees bleaches and harms as well, so only its absence ends here.
    if not wiring.led_on_s.any():
        dark = np.zeros(frames)
        return Glow(compartments, background, out_of_focus, (dose_s[0], dose_s[1]), dark)
    leds = [led_light(wavelength) for wavelength in pair.wavelengths_nm]
    longest_s = seen_s.max(axis=0)
    relative = [_relative_light(dye, response, rest) for dye in pair.indicators]
    light = [
        _over_exposures(values, response.interval_ms, starts_s, longest_s) for values in relative
    ]
    # Before the stimulus, in the segment that is farthest from it.
    whole_cell = np.array([values[-1, 0] for values in relative])
    left, by_led = np.empty((2, frames)), np.zeros((2, frames))
    for number, own_rng in enumerate(rng.spawn(2)):
        own = pair.indicators[number].ion
        left[number] = remaining_dye(dose_s[number], LOSS_PER_S[own])
        lit = np.flatnonzero(wiring.led_on_s[number])
        if not len(lit):
            continue
        drawn = draw_led_intensity(starts_s[lit] - starts_s[lit[0]], leds[number], own_rng)
        by_led[number, lit] = drawn
        flashes_s = wiring.led_on_s[number, lit]
        doses, after[number] = light_dose_s(drawn, flashes_s, dose_s[number])
        # What a dye has lost when the other LED's frames come is nearly what it had lost before.
        left[number] = remaining_dye(np.interp(starts_s, starts_s[lit], doses), LOSS_PER_S[own])
    matrix = crosstalk(pair)
    rest_electrons = [brightness * led.rest_electrons for led in leds]
    own_light = np.stack([rest_electrons[d] * light[d] * left[d] for d in range(2)])
    # A frame that both LEDs light has the light of both.
    by_led_seen = by_led * (seen_s / FULL_EXPOSURE_S)
    mixed = mix_channels(matrix, own_light)
    blurred = mix_channels(matrix, np.array(rest_electrons) * (whole_cell - 1))
    for number in range(2):
        compartments += mixed[number] * by_led_seen[number]
        background += rest_electrons[number] * by_led_seen[number]
        out_of_focus += blurred[number] * by_led_seen[number]
    return Glow(compartments, background, out_of_focus, (after[0], after[1]), by_led.sum(axis=0))
