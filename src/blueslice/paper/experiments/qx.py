"""Figure 8B: single spines of cells whose sodium channels QX-314 blocks."""

from collections.abc import Sequence

import numpy as np

from blueslice.analysis import compare_groups
from blueslice.analysis.events import find_spikes
from blueslice.paper.experiments._spine import SpineMeasures
from blueslice.paper.values import Value, mean_of, measure_of, p_value

__all__ = ["qx_values"]

# Each 0.25 ms.
VOLTAGE_RATE_HZ = 4000.0


def qx_values(
    with_qx: Sequence[SpineMeasures], others: Sequence[SpineMeasures]
) -> dict[str, Value]:
    """Compare cells with QX-314 and as many without."""
    without = others[: len(with_qx)]
    peaks, own = ([m.sodium_peak for m in group] for group in (with_qx, without))
    values = {
        "qx-sodium": mean_of(peaks, 1e2),
        "no-qx-sodium": mean_of(own, 1e2),
        "qx-spikes": mean_of([_spikes(m) for m in with_qx], 1e2),
    }
    known = np.isfinite(peaks) & np.isfinite(own)
    pairs = np.stack([peaks, own], axis=1)[known]
    if len(pairs) > 1:
        values["qx-ratio"] = measure_of(pairs, lambda mean: 1e2 * float(mean[0] / mean[1]))
        test = compare_groups(pairs[:, 1], pairs[:, 0], unit="cell")
        values["qx-p"] = p_value(test.p_value, len(pairs), test.test)
    return values


def _spikes(measures: SpineMeasures) -> float:
    """Return 1 where a trial shows a somatic spike, 0 where none does."""
    trials = np.atleast_2d(measures.voltage_mV)
    if not trials.size:
        return float("nan")
    return float(any(len(find_spikes(trial, VOLTAGE_RATE_HZ)) for trial in trials))
