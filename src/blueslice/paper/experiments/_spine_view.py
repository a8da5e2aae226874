"""What the figures show of one spine: places about it, single trials, a film."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from blueslice.analysis import IonTrace, Roi, average_trials, film_windows, nan_mean
from blueslice.paper.experiments._pictures import around
from blueslice.paper.experiments._protocol import PIXEL_UM
from blueslice.paper.trials import Trials

__all__ = ["film_of", "places_about", "shown_trials", "traces_at"]

Values = NDArray[np.float64]

# How far from a spine its dendrite is looked for.
SEARCHED_PX = 6
EDGE_PX = 4
# Each picture of a film: two frames of one LED make the noise bearable.
FILM_S = (-0.008, 0.064, 0.008)
FILM_REACH_PX = 12
VOLTAGE_INTERVAL_S = 0.00025


def places_about(picture: Values, y: float, x: float, angle: float) -> list[tuple[float, float]]:
    """Find head, neck, the dendrite under it and a place 3 um along: (y, x) of each.

    The dendrite is where the light across its direction is greatest, on the side of the spine
    that has more of it; the neck is half-way.
    """
    across = angle + math.pi / 2
    steps = np.arange(-SEARCHED_PX, SEARCHED_PX + 0.25, 0.25)
    light = map_coordinates(
        np.nan_to_num(picture), [y + steps * math.sin(across), x + steps * math.cos(across)]
    )
    off = steps[int(np.argmax(np.where(np.abs(steps) >= 2, light, -np.inf)))]
    dy, dx = off * math.sin(across), off * math.cos(across)
    along = 3.0 / PIXEL_UM
    further = [
        (y + dy + side * along * math.sin(angle), x + dx + side * along * math.cos(angle))
        for side in (1, -1)
    ]
    middle = (np.array(picture.shape) - 1) / 2
    farthest = min(further, key=lambda place: float(np.hypot(*(np.array(place) - middle))))
    return [(y, x), (y + dy / 2, x + dx / 2), (y + dy, x + dx), farthest]


def traces_at(
    trials: Trials,
    places: Sequence[tuple[float, float]],
    chosen: Sequence[int],
    pulse_s: Sequence[float],
    grid_s: Values,
) -> Values:
    """Average the chosen trials at each place: (ions, places, times)."""
    found = np.full((2, len(places), len(grid_s)), np.nan)
    for place, (y, x) in enumerate(places):
        roi = Roi(name="place", y=max(round(y) - 1, 0), x=max(round(x) - 1, 0), height=3, width=3)
        kept = trials.showing(roi, list(chosen))
        blanks = trials.showing(roi, [k for k, blank in enumerate(trials.blanks) if blank])
        if not kept or not blanks:
            continue
        bleaching = trials.bleaching(roi)
        traces = [trials.traces(k, roi, bleaching) for k in kept]
        onsets = [pulse_s[list(chosen).index(k)] for k in kept]
        for ion in range(2):
            found[ion, place] = average_trials(
                [t[ion].time_s for t in traces], [t[ion].dff[0] for t in traces], onsets, grid_s
            ).dff
    return found


def shown_trials(trials: Trials, shown: Mapping[int, tuple[IonTrace, ...]]) -> dict[str, Any]:
    """Return traces and potential of single trials, as `SpineMeasures` has them."""
    step = max(round(VOLTAGE_INTERVAL_S * trials.sample_rate_Hz), 1)
    first = next(iter(shown.values()))
    samples = [min(len(traces[ion].time_s) for traces in shown.values()) for ion in range(2)]
    count = min(samples)
    return {
        "trials": [[t[ion].dff[0][:count] for ion in range(2)] for t in shown.values()],
        "trial_ms": [1e3 * first[ion].time_s[:count] for ion in range(2)],
        "voltage_mV": [trials.voltage(k)[::step] for k in shown],
    }


def film_of(
    trials: Trials, y: float, x: float, chosen: Sequence[int], pulse_s: Sequence[float]
) -> Values:
    """Average the films of the chosen trials, from the evoking pulse: (ions, pictures, y, x)."""
    films = []
    for k, onset_s in zip(chosen, pulse_s, strict=True):
        windows = [(onset_s + a, onset_s + b) for a, b in film_windows(*FILM_S)]
        both = []
        for trace, strip in zip(trials.results[k].traces, trials.film(k, windows), strict=True):
            sign = trials.parameters.sign[trace.ion]
            both.append([around(sign * picture, y, x, FILM_REACH_PX) for picture in strip.delta])
        films.append(both)
    return nan_mean(films)
