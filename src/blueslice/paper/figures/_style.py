"""The style of `blueslice.view.figures`, at the size of the paper's pixels and pages."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from blueslice.analysis import Roi
from blueslice.paper.experiments._protocol import PIXEL_UM
from blueslice.view.figures._panels import draw_bars as bars
from blueslice.view.figures._panels import draw_line as trace
from blueslice.view.figures._panels import letter, mark_pulses, without_artefact
from blueslice.view.figures._pictures import Scale, outline_roi, show_change, show_picture
from blueslice.view.figures._style import (
    CALCIUM,
    CONTROL,
    DRUG,
    GREY,
    SMALL_PT,
    SODIUM,
    WASHOUT,
    new_figure,
)

__all__ = [
    "CALCIUM",
    "CONTROL",
    "DRUG",
    "GREY",
    "SMALL_PT",
    "SODIUM",
    "WASHOUT",
    "bars",
    "box",
    "change_picture",
    "figure_of",
    "histogram",
    "letter",
    "mark_place",
    "mark_pulses",
    "resting_picture",
    "trace",
    "without_artefact",
]

_SCALE = Scale(PIXEL_UM)
_MM_PER_INCH = 25.4
# The pages are laid out in inches for letters of 8 pt; the style has 7.
_SIZE = 7 / 8


def figure_of(width: float, height: float) -> Figure:
    """Make an empty figure of so many inches, at letters of 8 pt."""
    return new_figure(_SIZE * width * _MM_PER_INCH, _SIZE * height * _MM_PER_INCH)


def resting_picture(axes: Axes, picture: Any, title: str = "") -> None:
    """Show the cell: resting light in grey, with a scale bar."""
    show_picture(axes, picture, _SCALE, title)


def change_picture(
    figure: Any, axes: Axes, change: Any, title: str = "", *, limits: Any = None, bar: bool = True
) -> None:
    """Show a difference image in pseudocolour, with its scale."""
    show_change(figure, axes, change, _SCALE, title, limits=limits, bar=bar)


def box(axes: Axes, place: Sequence[int]) -> None:
    """Outline an ROI: y, x, height, width in pixels."""
    y, x, height, width = (int(value) for value in place)
    outline_roi(axes, Roi(name="box", y=y, x=x, height=height, width=width), _SCALE)


def mark_place(axes: Axes, y_px: float, x_px: float, colour: str) -> None:
    """Mark a place on a picture by a small square."""
    axes.plot([x_px * PIXEL_UM], [y_px * PIXEL_UM], "s", mfc="none", mec=colour, ms=9, mew=1.4)


def histogram(
    axes: Axes, groups: Sequence[tuple[Any, str, str]], bins: Any, xlabel: str, ylabel: str
) -> None:
    """Draw histograms over each other: (values, colour, label) each."""
    for values, colour, label in groups:
        known = np.asarray(values, float)
        axes.hist(known[np.isfinite(known)], bins=bins, color=colour, alpha=0.65, label=label)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(groups) > 1:
        axes.legend()
