"""The simulated cells against the figures of Miyazaki & Ross 2017, by the ordinary analysis."""

import math
import os
import tempfile
from pathlib import Path

from benchmarks._measure import Row

from blueslice.paper import Row as PaperRow
from blueslice.paper import make_paper

# So many times the cells of `blueslice paper`: 144 spines, so that an SD says something.
CELLS_FACTOR = 3.0


def run(seed: int) -> list[Row]:
    """Do the experiments on cells that nobody has seen; their recordings (9 GB) are thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_paper(
            Path(folder),
            seed=seed,
            cells_factor=CELLS_FACTOR,
            processes=os.cpu_count() or 1,
            catalogue=False,
        )
    return [row for one in made.rows for row in _rows(one)]


def _rows(found: PaperRow) -> list[Row]:
    """Return the value with its bound, and for a mean +- SD of the paper also its SD."""
    number, value = found.number, found.value
    if value is None:
        return []
    told = "" if number.paper is None else f"paper {number.paper:g}; "
    what = f"{number.figure}: {number.what} ({told}n = {value.n})"
    if number.bounds is None:
        return [Row(what, value.value, number.unit)]
    low, high = number.bounds
    rows = [
        Row(what, value.value, number.unit, f"{low:.3g}..{high:.3g}", found.mark == "inside"),
    ]
    has_sds = number.paper_sd and math.isfinite(value.sd) and "SEM" not in number.says
    if has_sds and value.n > 1:
        ratio = value.sd / (number.paper_sd or math.nan)
        rows.append(Row(f"{what}: SD against the paper's", ratio, "x", "0.5..1.5", _near(ratio)))
    return rows


def _near(ratio: float) -> bool:
    return 0.5 <= ratio <= 1.5
