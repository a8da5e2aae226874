"""Figures 2-4 of the paper: one spine, a pair of pulses just strong enough."""

import math

from benchmarks._cells import Cells
from benchmarks._figures import MM_PER_DFF, Figure, against, within
from benchmarks._measure import Row
from benchmarks._preparation import Preparation
from benchmarks._spine import SpineMeasures, measure_spine

from blueslice.plans import two_pulse
from blueslice.sim import SliceParameters

__all__ = ["BLANKS", "REST_S", "TRIALS", "one_spine", "single_spines"]

# The paper: 9 spines of 7 cells, 5-10 trials each. More cells here, so that an SD says something.
SPINES = 96
TRIALS = 8
# Without a stimulus, first: what bleaching does is taken from them.
BLANKS = 2
REST_S = 20.0

TIMES = {
    "sodium_rise_ms": Figure("sodium rise 10-90 %", "ms", 8.6, 2.7),
    "sodium_half_decay_ms": Figure("sodium half-decay", "ms", 16.6, 4.5),
    "calcium_peak_ms": Figure("calcium time to peak", "ms", 19.6, 4.9),
    "sodium_width_um": Figure("sodium width at half maximum", "um", 1.3, 0.2),
    "calcium_width_um": Figure("calcium width at half maximum", "um", 1.3, 0.4),
}
PEAK = Figure("ANG-2 dF/F, raw", "%", 8.7, 3.0)
REMOVED = Figure("ANG-2 dF/F, background removed", "%", 24.1, 10.3)
SODIUM = Figure("sodium, by the paper's 10 % = 2.3 mM", "mM", 5.7, 2.4)
# 41-85 % in nine spines, of which a range tells the SD: 2.97 SD for nine (Tippett 1925).
BACKGROUND = Figure("background under a spine", "%", 63.0, 14.8)


def one_spine(seed: int, parameters: SliceParameters | None = None) -> SpineMeasures:
    """Take one cell's trials and measure its spine."""
    with Preparation(seed, parameters=parameters) as cell:
        return measure_spine(cell.run(two_pulse, trials=TRIALS, blanks=BLANKS, rest_s=REST_S))


def single_spines(cells: Cells) -> list[Row]:
    """Compare what spines show with the paper."""
    measured: list[SpineMeasures] = cells.each(one_spine, cells.take(SPINES))
    # A spine that answered less than twice would not have been published.
    good = [m for m in measured if m.first + m.second >= 2]
    removed = [m.sodium_peak / (1 - m.background) for m in good]
    first, second = sum(m.first for m in measured), sum(m.second for m in measured)
    error = 1e2 * math.sqrt(0.58 * 0.42 / 26)
    return [
        *(row for name, f in TIMES.items() for row in against(f, [getattr(m, name) for m in good])),
        *against(PEAK, [1e2 * m.sodium_peak for m in good]),
        *against(REMOVED, [1e2 * dff for dff in removed]),
        *against(SODIUM, [MM_PER_DFF * dff for dff in removed]),
        *against(BACKGROUND, [1e2 * m.background for m in good]),
        within(
            f"successes that began on the second pulse (paper 58, of 26; n = {first + second})",
            1e2 * second / (first + second),
            "%",
            58 - error,
            58 + error,
        ),
    ]
