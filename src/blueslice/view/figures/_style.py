"""The one style of all figures: letters, lines, colours, and the widths of a journal's columns."""

import functools
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.figure import Figure

__all__ = [
    "BLANK",
    "CALCIUM",
    "CONDITIONS",
    "CONTROL",
    "DRUG",
    "FONT_PT",
    "GREY",
    "ONE_COLUMN_MM",
    "ROI",
    "SMALL_PT",
    "SODIUM",
    "TWO_COLUMNS_MM",
    "WASHOUT",
    "figure_style",
    "ion_colour",
    "ion_symbol",
    "new_figure",
    "note",
    "styled",
]

# Okabe & Ito's colours, told apart by everyone.
SODIUM, CALCIUM = "#D55E00", "#0072B2"
CONTROL, DRUG, WASHOUT, GREY, BLANK = "#222222", "#CC79A7", "#009E73", "#8c8c8c", "#b3b3b3"
CONDITIONS = (CONTROL, DRUG, WASHOUT, "#E69F00", "#56B4E9", GREY)
"""Conditions in their order: control, drug, washout, what follows."""
ROI = "#56B4E9"

FONT_PT, SMALL_PT = 7.0, 6.0
ONE_COLUMN_MM, TWO_COLUMNS_MM = 85.0, 174.0
_MM_PER_INCH = 25.4
# Of a small letter, on average.
_LETTER_MM = 1.1

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "font.size": FONT_PT,
    "mathtext.fontset": "custom",
    "mathtext.rm": "sans",
    "mathtext.cal": "sans",
    "mathtext.it": "sans:italic",
    "mathtext.bf": "sans:bold",
    "axes.titlesize": FONT_PT,
    "axes.labelsize": FONT_PT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": SMALL_PT,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "lines.linewidth": 1.0,
    "image.interpolation": "nearest",
    "savefig.dpi": 300,
    # Letters stay letters, so that a journal can set them anew and a reader can find them.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "blueslice",
}

_P = ParamSpec("_P")
_R = TypeVar("_R")


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw or save in the style; whatever was set before holds again afterwards."""
    with matplotlib.rc_context(_STYLE):
        yield


def styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function draw in the style."""

    @functools.wraps(draw)
    def in_style(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with figure_style():
            return draw(*args, **kwargs)

    return in_style


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """Make an empty figure of so many millimetres."""
    figure = Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH))
    figure.set_layout_engine("constrained")
    return figure


def note(figure: Any, text: str) -> None:
    """Say at a figure's foot what was done for it, in as many lines as it takes."""
    if not text:
        return
    lines = textwrap.wrap(text, int(figure.get_figwidth() * _MM_PER_INCH / _LETTER_MM))
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=SMALL_PT, color="0.35")


def ion_symbol(ion: str) -> str:
    """Return how an ion is written at an axis; a channel of another name stays as it is."""
    return {"sodium": "Na", "calcium": "Ca"}.get(ion, ion)


def ion_colour(ion: str, place: int = 0) -> str:
    """Return an ion's colour, the same in every figure.

    Parameters
    ----------
    ion : str
        The ion, or the name of a channel where two dyes report one ion.
    place : int
        Of the channel: the colour of one that is neither sodium nor calcium.
    """
    return {"sodium": SODIUM, "calcium": CALCIUM}.get(ion, (WASHOUT, CALCIUM)[place % 2])
