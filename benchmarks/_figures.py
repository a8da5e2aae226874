"""Figures of Miyazaki & Ross 2017, and rows that hold measured values against them."""

import math
from dataclasses import dataclass

import numpy as np
from benchmarks._measure import Row

__all__ = ["MM_PER_DFF", "Figure", "against", "within"]

# The conversion of Fig 5: 10 % of ANG-2 are 2.3 mM.
MM_PER_DFF = 23.0


@dataclass(frozen=True)
class Figure:
    """A figure of the paper: mean and SD of what it measured."""

    what: str
    unit: str
    mean: float
    sd: float


def against(figure: Figure, values: list[float]) -> list[Row]:
    """Compare a mean and its SD with the paper's: inside mean +- SD, and 0.5 to 1.5 of the SD."""
    known = np.array([value for value in values if math.isfinite(value)])
    mean = float(known.mean()) if len(known) else math.nan
    sd = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    what = f"{figure.what} (paper {figure.mean:g} +- {figure.sd:g}; n = {len(known)})"
    return [
        within(what, mean, figure.unit, figure.mean - figure.sd, figure.mean + figure.sd),
        within(f"{figure.what}: SD against the paper's", sd / figure.sd, "x", 0.5, 1.5),
    ]


def within(what: str, value: float, unit: str, low: float, high: float) -> Row:
    """Compare a value with its bounds."""
    return Row(what, value, unit, f"{low:.3g}..{high:.3g}", low <= value <= high)
