"""Figures 2 to 4: one spine, a pair of pulses just strong enough."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from blueslice.paper.experiments._protocol import BLANKS, MM_PER_DFF, REST_S, TRIALS
from blueslice.paper.experiments._spine import GRID_S, SpineMeasures, measure_spine
from blueslice.paper.laboratory import Laboratory
from blueslice.paper.values import Value, mean_of, measure_of
from blueslice.plans import two_pulse
from blueslice.rig import SliceParameters

__all__ = ["best_spine", "published", "single_spine", "spine_values"]


def single_spine(
    laboratory: Laboratory, seed: int, *, spikes_blocked: bool = False
) -> SpineMeasures:
    """Take one cell's trials and measure its spine.

    Parameters
    ----------
    laboratory : Laboratory
        Where it is done.
    seed : int
        The cell.
    spikes_blocked : bool
        Whether QX-314 is in the pipette.
    """
    parameters = SliceParameters(spikes_blocked=spikes_blocked)
    with laboratory.cell(seed, parameters=parameters) as cell:
        return measure_spine(cell.run(two_pulse, trials=TRIALS, blanks=BLANKS, rest_s=REST_S))


def published(measured: Sequence[SpineMeasures]) -> list[SpineMeasures]:
    """Leave out spines that answered less than twice: they would not have been published."""
    return [m for m in measured if m.first + m.second >= 2]


def best_spine(measured: Sequence[SpineMeasures]) -> SpineMeasures | None:
    """Choose the example: success on either pulse and a failure, and the most above its noise."""

    def merit(m: SpineMeasures) -> tuple[bool, bool, float]:
        kinds = min(m.first, 1) + min(m.second, 1) + min(m.failures, 1)
        return kinds == 3, m.second > 0, m.sodium_peak / m.noise

    known = [m for m in published(measured) if np.isfinite(m.sodium_peak)]
    return max(known, key=merit) if known else None


def spine_values(measured: Sequence[SpineMeasures]) -> dict[str, Value]:
    """Give the paper's numbers of Figures 2 to 4, from all cells."""
    good = published(measured)

    def mean(name: str, factor: float = 1.0) -> Value:
        return mean_of([getattr(m, name) for m in good], factor)

    removed = [m.sodium_peak / (1 - m.background) for m in good]
    counts = np.array([(m.first, m.second) for m in measured], np.float64).reshape(-1, 2)
    trials = f"{int(counts.sum())} successes"
    found = {
        "pair-second": measure_of(counts, lambda mean: 1e2 * mean[1] / mean.sum(), trials),
        "sodium-rise": mean("sodium_rise_ms"),
        "sodium-half-decay": mean("sodium_half_decay_ms"),
        "calcium-peak-time": mean("calcium_peak_ms"),
        "sodium-width": mean("sodium_width_um"),
        "calcium-width": mean("calcium_width_um"),
        "sodium-dff": mean("sodium_peak", 1e2),
        "background": mean("background", 1e2),
        "sodium-dff-removed": mean_of(removed, 1e2),
        "sodium-change": mean_of(removed, MM_PER_DFF),
        # The paper has these of one spine; one of ours would be a matter of luck.
        "example-sodium-peak": mean("sodium_peak_ms"),
        "example-calcium-peak": mean("calcium_peak_ms"),
        "example-half-decay": mean("sodium_half_decay_ms"),
    }
    return found | _places(good)


def _places(good: Sequence[SpineMeasures]) -> dict[str, Value]:
    """Compare head and dendrite, on the mean over all cells: one dendrite is too noisy.

    The dendrite is, as in the paper, seen at two places: at the spine's base and farther along.
    """
    shown = [m.by_place for m in good if np.size(m.by_place) and np.isfinite(m.by_place).all()]
    if not shown:
        return {}
    after = (GRID_S >= 0) & (GRID_S < 0.06)
    time_ms = 1e3 * GRID_S[after]
    heads, dendrites = 0, slice(2, 4)
    late = (GRID_S >= 0.036) & (GRID_S < 0.048)

    def smaller(mean: Any) -> float:
        head, dendrite = mean[0, heads][after], mean[0, dendrites].mean(0)[after]
        return float(1e2 * dendrite.max() / head.max())

    def later(mean: Any) -> float:
        head, dendrite = mean[0, heads][after], mean[0, dendrites].mean(0)[after]
        return float(time_ms[dendrite.argmax()] - time_ms[head.argmax()])

    def slower(mean: Any) -> float:
        traces = mean[0, heads], mean[0, dendrites].mean(0)
        left = [trace[late].mean() / trace[after].max() for trace in traces]
        return float(1e2 * (left[1] - left[0]))

    def calcium(mean: Any) -> float:
        head, dendrite = mean[1, heads][after], mean[1, dendrites].mean(0)[after]
        peak = int(head.argmax())
        return float(1e2 * dendrite[peak] / head[peak])

    measures = {
        "dendrite-smaller": smaller,
        "dendrite-later": later,
        "dendrite-slower": slower,
        "dendrite-calcium": calcium,
    }
    return {name: measure_of(shown, measure) for name, measure in measures.items()}
