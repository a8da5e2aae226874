"""Panels of lines and bars that several figures share."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from blueslice.view.figures._style import CONTROL, FONT_PT, GREY

__all__ = ["draw_bars", "draw_line", "letter", "mark_pulses", "without_artefact"]


def letter(axes: Axes, text: str, title: str = "") -> None:
    """Put a panel's letter, and its title beside it."""
    axes.set_title(rf"$\bf{{{text}}}$  {title}" if text else title, loc="left", fontsize=FONT_PT)


def draw_line(
    axes: Axes,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    colour: str,
    *,
    xlabel: str = "",
    ylabel: str = "",
    label: str | None = None,
    width: float = 1.0,
    **style: Any,
) -> None:
    """Draw a trace, and name its axes where a name is given."""
    axes.plot(np.asarray(x), np.asarray(y), color=colour, lw=width, label=label, **style)
    if xlabel:
        axes.set_xlabel(xlabel)
    if ylabel:
        axes.set_ylabel(ylabel)


def mark_pulses(axes: Axes, pulses_ms: Iterable[float]) -> None:
    """Mark the stimuli: a thin line, and a triangle at the axis."""
    for pulse_ms in np.asarray(list(pulses_ms), float).ravel():
        axes.axvline(pulse_ms, color=GREY, lw=0.6, ls=":", gid="pulse")
        axes.plot([pulse_ms], [0.02], marker="^", color=CONTROL, ms=3, clip_on=False,
                  transform=axes.get_xaxis_transform())  # fmt: skip


def without_artefact(axes: Axes, voltage_mV: npt.ArrayLike) -> None:
    """Leave out the stimulus artefact, which is larger than the EPSP and would hide it."""
    known = np.asarray(voltage_mV, float)
    known = known[np.isfinite(known)]
    if known.size:
        low, high = np.quantile(known, (0.004, 0.996))
        axes.set_ylim(low - 1, high + 1)


def draw_bars(
    axes: Axes,
    values: npt.ArrayLike,
    names: Sequence[str],
    colours: Sequence[str],
    ylabel: str,
    *,
    joined: bool = True,
) -> None:
    """Draw the mean and SD of each condition, with every single value.

    Parameters
    ----------
    axes : Axes
        Where.
    values : (units, conditions) array
        NaN is left out.
    names, colours : sequence of str
        Of the conditions.
    ylabel : str
        With the unit.
    joined : bool
        Whether one row is one unit, such as a cell, and its points are joined by a line; else
        they lie beside each other.
    """
    units = np.asarray(values, float)
    places = np.arange(units.shape[1])
    known = [column[np.isfinite(column)] for column in units.T]
    means = [float(column.mean()) if len(column) else np.nan for column in known]
    sds = [float(column.std(ddof=1)) if len(column) > 1 else 0.0 for column in known]
    axes.bar(places, means, 0.62, yerr=sds, color=list(colours), alpha=0.55, capsize=2,
             error_kw={"lw": 0.8})  # fmt: skip
    points = {"marker": "o", "color": "0.3", "ms": 2.2, "lw": 0.45, "alpha": 0.7}
    if joined:
        for row in units:
            axes.plot(places, row, ls="-", **points)
    else:
        for place, column in zip(places, known, strict=True):
            beside = np.linspace(-0.15, 0.15, len(column)) if len(column) > 1 else np.zeros(1)
            axes.plot(place + beside[: len(column)], column, ls="", **points)
    axes.axhline(0, color="0.3", lw=0.6)
    axes.set_xticks(places, list(names))
    axes.set_ylabel(ylabel)
