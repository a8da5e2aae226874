"""Trials of spines of the simulated slice, analysed as ever, beside their truth."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import (
    AnalysisParameters,
    Corner,
    Roi,
    choose_corner,
    fit_bleaching,
    moved_roi,
    recompute,
    register,
)
from blueslice.errors import BadInputError
from blueslice.indicators import pair
from blueslice.sim import PlayedTrial, SimulatedSlice, SliceParameters, Wiring
from blueslice.sim.glow import glow_of
from blueslice.sim.optics import render
from blueslice.sim.physiology import (
    CellParameters,
    CellResponse,
    ReleaseParameters,
    SpineParameters,
)
from blueslice.trial import paired_pulses

__all__ = ["SpineTrial", "spine_trials"]

Values = NDArray[np.float64]

DYES = pair("bis-fura-2+ANG-2")
# Strong enough for most of the spines in view, each of which is one to look at.
PULSES = paired_pulses(count=1, amplitude_uA=300.0)
ONSET_S = PULSES[0].onset_s
WIRING = Wiring(
    frame_rate_Hz=500.0,
    frame_count=100,
    exposure_s=0.0018,
    samples_per_frame=40,
    led_order=(1, 2),
    led_exposure_s=0.0018,
    pulses=PULSES,
)
# Every trial answers, and without spikes: nothing has to be chosen among them.
ALWAYS = SliceParameters(
    cell=CellParameters(spine=SpineParameters(release=ReleaseParameters(probability=1.0))),
    spikes_blocked=True,
)
ROI_PX = 3
BLANKS, TRIALS = 5, 7
# The smallest response among the paper's single spines.
LEAST_DFF = 0.064
FROM_EDGE_PX = 12


@dataclass(frozen=True, eq=False)
class SpineTrial:
    """The sodium dF/F of one spine in one trial, each (samples,)."""

    since_pulse_s: Values
    measured_dff: Values
    true_dff: Values


def spine_trials(seed: int) -> list[list[SpineTrial]]:
    """Take blanks and trials of a new cell and analyse its spines: for each spine its trials.

    Spines whose true response in a first trial, which is not used, is below the paper's are left
    out; often that is all of them.
    """
    source = SimulatedSlice(seed, DYES, parameters=ALWAYS)
    dark = source.dark_frame(0)
    first = source.play(WIRING, 0)
    spines = _boxes(source)
    largest = true_dff(source, (0.0, 0.0), spines).max(axis=1, initial=0.0)
    spines = tuple(spine for spine, dff in zip(spines, largest, strict=True) if dff >= LEAST_DFF)
    if not spines:
        return []
    before = int(ONSET_S * WIRING.frame_rate_Hz)
    corner = choose_corner(first.frames[:before].mean(axis=0) - dark)
    parameters = _parameters(spines, corner)
    reference = _analyse(first, dark, parameters).difference_images[0].baseline
    blanks = []
    found: list[list[SpineTrial]] = [[] for _ in spines]
    for index in range(1, 1 + BLANKS + TRIALS):
        dark = source.dark_frame(index)
        dose_s = source.truth.dose_s if source.truth else (0.0, 0.0)
        is_blank = index <= BLANKS
        played = source.play(replace(WIRING, pulses=()) if is_blank else WIRING, index)
        picture = _analyse(played, dark, parameters).difference_images[0].baseline
        shift = register(picture, reference)
        try:
            rois = tuple(moved_roi(spine, shift, source.scene.shape) for spine in spines)
        except BadInputError:
            # A spine left the picture: one leaves the trial out.
            continue
        sodium = _analyse(played, dark, parameters.replace(rois=rois)).traces[0]
        if is_blank:
            blanks.append(sodium.dff)
            continue
        if not blanks:
            break
        bleaching = fit_bleaching(sodium.time_s, blanks)
        measured = bleaching.divide(sodium.time_s, sodium.dff)
        true = true_dff(source, dose_s, rois)[:, sodium.clock_frames]
        for trials, *dff in zip(found, measured, true, strict=True):
            trials.append(SpineTrial(sodium.time_s - ONSET_S, *dff))
    return [trials for trials in found if trials]


def _boxes(source: SimulatedSlice) -> tuple[Roi, ...]:
    """Draw a box around each spine, where it lay in the last trial, that stays in the picture."""
    moved_px = source.truth.shifts_px.mean(axis=0) if source.truth else np.zeros(2)
    corners = np.rint(source.scene.spine_px + moved_px).astype(int) - ROI_PX // 2
    last = np.array(source.scene.shape) - ROI_PX - FROM_EDGE_PX
    inside = ((corners >= FROM_EDGE_PX) & (corners <= last)).all(axis=1)
    return tuple(
        Roi(name=f"spine {number}", y=int(y), x=int(x), height=ROI_PX, width=ROI_PX)
        for number, (y, x) in enumerate(corners[inside])
    )


def _parameters(spines: tuple[Roi, ...], corner: Corner) -> AnalysisParameters:
    return AnalysisParameters(
        ions=DYES.channel_names,
        sign={"sodium": 1, "calcium": -1},
        frame_rate_Hz=WIRING.frame_rate_Hz,
        exposure_s=WIRING.exposure_s,
        led_threshold_V=2.5,
        stimulus_threshold_V=2.5,
        baseline_s=(0.0, ONSET_S),
        response_s=(ONSET_S, ONSET_S + 0.04),
        rois=spines,
        corner=corner,
    )


def _analyse(played: PlayedTrial, dark: NDArray[np.float32], parameters: AnalysisParameters):
    lines = np.stack([played.channels[f"led_{number}"] for number in (1, 2)])
    return recompute(played.frames, dark, played.counter, lines, parameters)


def true_dff(source: SimulatedSlice, dose_s: tuple[float, float], rois: tuple[Roi, ...]) -> Values:
    """Give dF/F of ROIs in the last trial: (rois, frames), their light over that with ions at rest.

    Both pictures have the same movement, bleaching and LED, which leave the ratio, and no noise.
    """
    if source.truth is None:
        raise RuntimeError("the slice has played no trial")
    response = source.truth.response
    cell = source.parameters.cell
    rest = (cell.rest_sodium_mM, cell.calcium.rest_uM)
    shape = source.scene.shape
    masks = np.array([roi.mask(shape).ravel() for roi in rois], np.float64).reshape(
        -1, np.prod(shape)
    )
    light = []
    for answer in (response, _at_rest(response)):
        glow = glow_of(WIRING, DYES, answer, rest, dose_s, np.random.default_rng(0))
        blocks = render(
            source.scene,
            glow.compartments,
            glow.background,
            source.truth.shifts_px,
            out_of_focus_light=glow.out_of_focus,
        )
        light.append(np.concatenate([b.reshape(len(b), -1) @ masks.T for b in blocks]).T)
    return light[0] / light[1] - 1


def _at_rest(response: CellResponse) -> CellResponse:
    """Hold every concentration at its first value."""
    held = {}
    for field in fields(response):
        values = getattr(response, field.name)
        if np.ndim(values) == 2:
            held[field.name] = np.repeat(values[:, :1], values.shape[1], axis=1)
    return replace(response, **held)
