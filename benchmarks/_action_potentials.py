"""Figures 1B and 8A of the paper: a single spike near the soma, and ten in the dendrite."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks._cells import Cells
from benchmarks._figures import MM_PER_DFF, Figure, against, within
from benchmarks._measure import Row
from benchmarks._preparation import Preparation
from benchmarks._single_spines import BLANKS, REST_S, TRIALS
from benchmarks._trials import Trials
from scipy.ndimage import map_coordinates

from blueslice.analysis import Roi, choose_corner, rise_to_plateau_s
from blueslice.plans import trial_series
from blueslice.sim import NEAR_SOMA
from blueslice.trial import Pulse, Trial

__all__ = ["action_potentials"]

# The paper: n = 7 for sodium, at 250 and 500 Hz, and 3 for calcium, at 250 Hz.
ALTERNATING_CELLS = 12
ONE_LED_CELLS = 16
TRAIN_CELLS = 24
TRAIN_TRIALS = 5
SPIKES = 10
INTERVAL_S = 0.020
# So that the sodium of the first spike, some 2 ms later, enters between two of its own frames.
ONSET_S = 0.0409
# As from cell to cell, whose spikes come sooner or later: so many tenths of a ms either way.
# With one LED no other dye's frames are to be met, and any time is as good as another.
JITTER, ONE_LED_JITTER = 1, 10
# What a spike brings is small: LEDs are read in a corner as large as the cell leaves free.
CORNER_PX = 30

SODIUM_RISE = Figure("single spike, sodium rise", "ms", 2.85, 1.0)
CALCIUM_RISE = Figure("single spike, calcium rise", "ms", 4.6, 0.5)
TRAIN = Figure("ten spikes, ANG-2 dF/F, raw", "%", 1.53, 0.5)
TRAIN_REMOVED = Figure("ten spikes, ANG-2 dF/F, background removed", "%", 5.6, 1.6)


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


def _bright(picture: Any, part: float, margin: int = 12) -> Roi:
    """Outline what is brighter than a part of the brightest, away from the edges."""
    inner = np.zeros(picture.shape, bool)
    inner[margin:-margin, margin:-margin] = True
    values = np.nan_to_num(picture)
    return Roi.from_mask("bright", inner & (values > part * values[inner].max()))


def _with_large_corner(taken: Trials) -> Any:
    """Have LEDs read in a larger corner; return the picture it was chosen on."""
    picture = taken.mean_image(0, "baseline", list(range(len(taken))))
    corner = choose_corner(np.nan_to_num(picture, nan=np.inf), CORNER_PX)
    taken.parameters = taken.parameters.replace(corner=corner)
    return picture


def single_spike(seed: int, order: tuple[int, ...], latest: int) -> list[float]:
    """Return the rise times in ms of what a spike near the soma brings, by ion."""
    with Preparation(seed, parameters=NEAR_SOMA) as cell:
        jitter = int(np.random.default_rng(seed).integers(-latest, latest + 1))
        onset_s = round(ONSET_S + 1e-4 * jitter, 4)
        spike = Trial(pulses=_pulses(1, onset_s), excitation_order=order)
        taken = _taken(cell, spike, TRIALS)
    every = list(range(len(taken)))
    picture = _with_large_corner(taken)
    roi = _bright(picture, 0.7)
    means = [taken.mean_trace(ion, roi, every[BLANKS:]) for ion in range(len(set(order)))]
    return [1e3 * rise_to_plateau_s(time_s, mean, onset_s) for time_s, mean in means]


@dataclass(frozen=True)
class Train:
    """What ten spikes brought into the dendrite: dF/F as it is, and the background's part."""

    sodium_dff: float
    background: float


def _beside_dendrite(picture: Any, roi: Roi) -> float:
    """Return the light beside the dendrite over that of an ROI on it."""
    values = np.nan_to_num(picture)
    mask = roi.mask(values.shape)
    rows, columns = np.nonzero(mask)
    y, x = rows.mean(), columns.mean()
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = map_coordinates(values, [y + 6 * np.sin(angles), x + 6 * np.cos(angles)], order=1)
    # A dendrite crosses the ring twice: the darkest quarter is beside it.
    return float(np.percentile(ring, 25) / values[mask].mean())


def ten_spikes(seed: int) -> Train:
    """Return what ten spikes bring into one dendrite."""
    with Preparation(seed) as cell:
        taken = _taken(cell, Trial(frame_count=200, pulses=_pulses(SPIKES)), TRAIN_TRIALS)
    every = list(range(len(taken)))
    picture = _with_large_corner(taken)
    inner = np.nan_to_num(picture)[14:-14, 14:-14]
    y, x = (int(k) for k in np.unravel_index(int(np.argmax(inner)), inner.shape))
    roi = Roi(name="dendrite", y=y + 10, x=x + 10, height=9, width=9)
    time_s, sodium = taken.mean_trace(0, roi, every[BLANKS:])
    since_s = time_s - (ONSET_S + SPIKES * INTERVAL_S)
    after = (since_s >= 0.01) & (since_s < 0.11)
    return Train(float(np.nanmean(sodium[after])), _beside_dendrite(picture, roi))


def action_potentials(cells: Cells) -> list[Row]:
    """Compare what spikes bring with the paper."""
    both = cells.each(single_spike, cells.take(ALTERNATING_CELLS), order=(1, 2), latest=JITTER)
    alone = cells.each(single_spike, cells.take(ONE_LED_CELLS), order=(1,), latest=ONE_LED_JITTER)
    trains: list[Train] = cells.each(ten_spikes, cells.take(TRAIN_CELLS))
    removed = [t.sodium_dff / (1 - t.background) for t in trains]
    return [
        *against(SODIUM_RISE, [rises[0] for rises in both + alone]),
        *against(CALCIUM_RISE, [rises[1] for rises in both]),
        *against(TRAIN, [1e2 * t.sodium_dff for t in trains]),
        *against(TRAIN_REMOVED, [1e2 * dff for dff in removed]),
        within(
            "sodium per spike, by the paper's conversions (paper 0.13; by SBFI 0.23)",
            float(np.mean(removed)) * MM_PER_DFF / SPIKES, "mM", 0.08, 0.23,
        ),
    ]  # fmt: skip
