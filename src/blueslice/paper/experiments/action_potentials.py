"""Figures 1B and 8A: a single spike near the soma, and ten in the dendrite."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from blueslice.analysis import Roi, choose_corner, line_profile, rise_to_plateau_s
from blueslice.paper.experiments._protocol import BLANKS, LEAST_SDS, PIXEL_UM, REST_S, TRIALS
from blueslice.paper.laboratory import Laboratory, Preparation
from blueslice.paper.measures import Array, Measures
from blueslice.paper.trials import Trials
from blueslice.paper.values import Value, mean_of, scaled
from blueslice.plans import trial_series
from blueslice.rig import NEAR_SOMA
from blueslice.trial import Pulse, Trial

__all__ = ["SpikeMeasures", "TrainMeasures", "single_spike", "spike_train", "spike_values"]

TRAIN_TRIALS = 5
SPIKES = 10
INTERVAL_S = 0.020
# So that the sodium of the first spike, some 2 ms later, enters between two of its own frames.
ONSET_S = 0.0410
# What a spike brings is small: LEDs are read in a corner as large as the cell leaves free.
CORNER_PX = 30
# The conversion of Fig 5, in mM for dF/F of 1.
MM_PER_DFF = {"ANG-2": 23.0, "SBFI": 46.0}


class SpikeMeasures(Measures):
    """What a spike near the soma brings.

    Attributes
    ----------
    rise_ms : tuple of float
        Of each ion measured, sodium first.
    time_ms, mean : (ions, samples) arrays
        Mean dF/F over the trials, times after the pulse.
    """

    rise_ms: tuple[float, ...]
    time_ms: Array
    mean: Array


class TrainMeasures(Measures):
    """What ten spikes brought into a dendrite.

    Attributes
    ----------
    dff : tuple of float
        Of each sodium dye after the train.
    lasting : float
        Of the first dye's, the part that is left 100 ms later.
    background : tuple of float
        Light beside the dendrite over that on it, of each dye.
    time_ms, mean : (samples,) arrays
        Mean dF/F of the first dye; times after the first pulse.
    voltage_mV : (samples,) array
        Mean potential, each 0.25 ms from the trial's start.
    picture, change : (80, 80) arrays
        Resting light and mean difference image.
    box : (y, x, height, width)
        Where was measured, in pixels.
    across : (2, places) array
        um and light on a line across the dendrite.
    """

    dff: tuple[float, ...]
    lasting: float
    background: tuple[float, ...]
    time_ms: Array
    mean: Array
    voltage_mV: Array
    picture: Array
    change: Array
    box: tuple[int, int, int, int]
    across: Array


def _pulses(count: int, onset_s: float = ONSET_S) -> tuple[Pulse, ...]:
    """Return intrasomatic pulses that evoke a spike each."""
    return tuple(
        Pulse(onset_s=onset_s + k * INTERVAL_S, width_s=0.003, amplitude_pA=3000.0, target="soma")
        for k in range(count)
    )


def _taken(cell: Preparation, trial: Trial, count: int) -> Trials:
    trials = [trial.with_blank()] * BLANKS + [trial] * count
    taken = cell.run(trial_series, trials=trials, rest_s=REST_S)
    taken.align()
    return taken


def _bright(picture: NDArray[Any], part: float, margin: int = 12) -> Roi:
    """Outline what is brighter than a part of the brightest, away from the edges."""
    inner = np.zeros(picture.shape, bool)
    inner[margin:-margin, margin:-margin] = True
    values = np.nan_to_num(picture)
    return Roi.from_mask("bright", inner & (values > part * values[inner].max()))


def _with_large_corner(taken: Trials) -> NDArray[Any]:
    """Have LEDs read in a larger corner; return the picture it was chosen on."""
    picture = taken.mean_image(0, "baseline", list(range(len(taken))))
    corner = choose_corner(np.nan_to_num(picture, nan=np.inf), CORNER_PX)
    taken.parameters = taken.parameters.replace(corner=corner)
    return picture


def single_spike(
    laboratory: Laboratory, seed: int, *, order: Sequence[int], spread_ms: float
) -> SpikeMeasures:
    """Evoke a spike near the soma.

    Parameters
    ----------
    laboratory : Laboratory
        Where it is done.
    seed : int
        The cell.
    order : sequence of int
        The LEDs from frame to frame: (1, 2), or (1,) for sodium alone at 500 Hz.
    spread_ms : float
        Spikes come sooner or later from cell to cell: the SD of when, in ms.
    """
    with laboratory.cell(seed, parameters=NEAR_SOMA) as cell:
        late_ms = spread_ms * np.random.default_rng(seed).standard_normal()
        onset_s = round(ONSET_S + 1e-3 * late_ms, 4)
        spike = Trial(pulses=_pulses(1, onset_s), excitation_order=tuple(order))
        taken = _taken(cell, spike, TRIALS)
    picture = _with_large_corner(taken)
    roi = _bright(picture, 0.7)
    means = [taken.mean_trace(ion, roi, taken.stimulated) for ion in range(len(set(order)))]
    samples = min(len(time_s) for time_s, _ in means)
    return SpikeMeasures(
        rise_ms=tuple(_rise_ms(time_s, mean, onset_s) for time_s, mean in means),
        time_ms=[1e3 * (time_s[:samples] - onset_s) for time_s, _ in means],
        mean=[mean[:samples] for _, mean in means],
    )


def _rise_ms(time_s: NDArray[Any], mean: NDArray[Any], onset_s: float) -> float:
    """Return a spike's rise, NaN where noise does not let its 10 % point be timed."""
    noise = float(np.nanstd(mean[time_s < onset_s], ddof=1))
    height = _within(time_s, mean, onset_s + 0.008, onset_s + 0.032)
    if not height > LEAST_SDS * noise:
        return math.nan
    return 1e3 * rise_to_plateau_s(time_s, mean, onset_s)


def _beside_dendrite(picture: NDArray[Any], roi: Roi) -> float:
    """Return the light beside the dendrite over that of an ROI on it."""
    values = np.nan_to_num(picture)
    mask = roi.mask(values.shape)
    rows, columns = np.nonzero(mask)
    y, x = rows.mean(), columns.mean()
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = map_coordinates(values, [y + 6 * np.sin(angles), x + 6 * np.cos(angles)], order=1)
    # A dendrite crosses the ring twice: the darkest quarter is beside it.
    return float(np.percentile(ring, 25) / values[mask].mean())


def spike_train(
    laboratory: Laboratory, seed: int, *, indicators: str = "bis-fura-2+ANG-2"
) -> TrainMeasures:
    """Evoke ten spikes and measure the sodium in a dendrite."""
    with laboratory.cell(seed, indicators=indicators) as cell:
        taken = _taken(cell, Trial(frame_count=200, pulses=_pulses(SPIKES)), TRAIN_TRIALS)
    picture = _with_large_corner(taken)
    inner = np.nan_to_num(picture)[14:-14, 14:-14]
    y, x = (int(k) for k in np.unravel_index(int(np.argmax(inner)), inner.shape))
    roi = Roi(name="dendrite", y=y + 10, x=x + 10, height=9, width=9)
    dyes = [ion for ion, name in enumerate(taken.parameters.ions) if name.startswith("sodium")]
    means = [taken.mean_trace(ion, roi, taken.stimulated) for ion in dyes]
    end_s = ONSET_S + SPIKES * INTERVAL_S
    time_s, sodium = means[0]
    pictures = [taken.mean_image(ion, "baseline", taken.stimulated) for ion in dyes]
    across = _across(picture, y + 14, x + 14)
    step = round(0.00025 * taken.sample_rate_Hz)
    voltage = np.mean([taken.voltage(k) for k in taken.stimulated], axis=0)
    return TrainMeasures(
        dff=tuple(_within(t, mean, end_s + 0.01, end_s + 0.11) for t, mean in means),
        lasting=_within(time_s, sodium, end_s + 0.11, end_s + 0.155)
        / _within(time_s, sodium, end_s + 0.01, end_s + 0.055),
        background=tuple(_beside_dendrite(rest, roi) for rest in pictures),
        time_ms=1e3 * (time_s - ONSET_S),
        mean=sodium,
        voltage_mV=voltage[::step],
        picture=picture,
        change=taken.mean_image(0, "delta", taken.stimulated),
        box=(roi.y, roi.x, roi.height, roi.width),
        across=across,
    )


def _within(time_s: NDArray[Any], values: NDArray[Any], from_s: float, to_s: float) -> float:
    inside = (time_s >= from_s) & (time_s < to_s)
    return float(np.nanmean(values[inside]))


def _across(picture: NDArray[Any], y: float, x: float) -> list[NDArray[Any]]:
    """Profile across the dendrite: of twelve directions the one that falls furthest."""
    angles = np.linspace(0, np.pi, 12, endpoint=False)
    profiles = [line_profile(picture, y, x, angle, length_px=24.0) for angle in angles]
    beside = [float(np.nanmean(p.values[np.abs(p.distance_px) > 5])) for p in profiles]
    chosen = profiles[int(np.argmin(beside))]
    return [PIXEL_UM * chosen.distance_px, chosen.values]


def spike_values(
    alternating: Sequence[SpikeMeasures],
    one_led: Sequence[SpikeMeasures],
    trains: Sequence[TrainMeasures],
    sbfi_trains: Sequence[TrainMeasures],
) -> dict[str, Value]:
    """Give the paper's numbers of single spikes and of trains."""
    sodium = [m.rise_ms[0] for m in (*alternating, *one_led)]
    removed = mean_of([t.dff[0] / (1 - t.background[0]) for t in trains])
    sbfi = mean_of([t.dff[1] / (1 - t.background[1]) for t in sbfi_trains])
    return {
        "spike-sodium-rise": mean_of(sodium),
        "spike-calcium-rise": mean_of([m.rise_ms[1] for m in alternating]),
        "train-dff": mean_of([t.dff[0] for t in trains], 1e2),
        "train-dff-removed": scaled(removed, 1e2),
        "train-background": mean_of([t.background[0] for t in trains], 1e2),
        "spike-sodium": scaled(removed, MM_PER_DFF["ANG-2"] / SPIKES),
        "spike-sodium-sbfi": scaled(sbfi, MM_PER_DFF["SBFI"] / SPIKES),
        "train-lasting": mean_of([t.lasting for t in trains], 1e2),
    }
