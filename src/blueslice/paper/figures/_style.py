"""One style for all figures: colours, scales, pictures with their bars."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = [
    "CALCIUM",
    "CONTROL",
    "DRUG",
    "GREY",
    "SODIUM",
    "WASHOUT",
    "bars",
    "box",
    "change_picture",
    "figure_of",
    "finish",
    "histogram",
    "letter",
    "mark_pulses",
    "resting_picture",
    "scale_bar",
    "trace",
]

# Okabe & Ito's colours, told apart by everyone.
SODIUM, CALCIUM = "#D55E00", "#0072B2"
CONTROL, DRUG, WASHOUT, GREY = "#222222", "#CC79A7", "#009E73", "#8c8c8c"
PIXEL_UM = 0.4
_FONT_SIZE = 8.0
# For the eye alone, by less than a pixel; nothing is measured on it.
_SMOOTHING_PX = 0.8


def figure_of(width: float, height: float) -> Figure:
    """Make an empty figure of so many inches."""
    return Figure(figsize=(width, height), layout="constrained")


def finish(figure: Figure) -> None:
    """Bring all axes of a figure to one size of letters."""
    for axes in figure.axes:
        axes.xaxis.label.set_fontsize(_FONT_SIZE)
        axes.yaxis.label.set_fontsize(_FONT_SIZE)
        if axes.get_label() != "<colorbar>":
            axes.tick_params(labelsize=_FONT_SIZE - 1)


def letter(axes: Axes, text: str, title: str = "") -> None:
    """Put a panel's letter, and its title beside it."""
    axes.set_title(
        rf"$\bf{{{text}}}$  {title}" if text else title, loc="left", fontsize=_FONT_SIZE + 1
    )


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_FONT_SIZE - 1)
    axes.xaxis.label.set_fontsize(_FONT_SIZE)
    axes.yaxis.label.set_fontsize(_FONT_SIZE)


def trace(
    axes: Axes,
    time_ms: Any,
    values: Any,
    colour: str,
    *,
    ylabel: str = "",
    xlabel: str = "",
    label: str | None = None,
    width: float = 1.3,
    **style: Any,
) -> None:
    """Draw one trace."""
    axes.plot(np.asarray(time_ms), np.asarray(values), color=colour, lw=width, label=label, **style)
    if ylabel:
        axes.set_ylabel(ylabel)
    if xlabel:
        axes.set_xlabel(xlabel)
    _plain(axes)


def mark_pulses(axes: Axes, pulses_ms: Iterable[float]) -> None:
    """Mark the stimuli: a thin line, and a tick at the axis."""
    for pulse_ms in np.asarray(pulses_ms, float).ravel():
        axes.axvline(pulse_ms, color=GREY, lw=0.7, ls=":")
        axes.plot([pulse_ms], [0.02], marker="^", color=CONTROL, ms=4, clip_on=False,
                  transform=axes.get_xaxis_transform())  # fmt: skip


def resting_picture(axes: Axes, picture: Any, title: str = "") -> None:
    """Show the cell: resting light in grey, with a scale bar of 5 um."""
    values = np.asarray(picture, float)
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, (0.02, 0.998)) if known.size else (0.0, 1.0)
    axes.imshow(values, cmap="gray", vmin=low, vmax=high)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=_FONT_SIZE)
    scale_bar(axes, values.shape)


def change_picture(
    figure: Any, axes: Axes, change: Any, title: str = "", *, limits: Any = None, bar: bool = True
) -> None:
    """Show a difference image in pseudocolour, with its scale."""
    values = np.asarray(change, float)
    known = np.isfinite(values)
    smooth = gaussian_filter(np.where(known, values, 0.0), _SMOOTHING_PX)
    smooth[~known] = np.nan
    if limits is None:
        inside = smooth[known]
        limits = (min(0.0, float(np.quantile(inside, 0.02))), float(inside.max()))
    shown = axes.imshow(smooth, cmap="inferno", vmin=limits[0], vmax=limits[1])
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=_FONT_SIZE)
    if bar:
        # Beside the picture itself, which is smaller than its panel.
        scale = figure.colorbar(shown, cax=axes.inset_axes((1.03, 0.0, 0.05, 1.0)))
        scale.ax.tick_params(labelsize=_FONT_SIZE - 2)
        scale.set_label("ΔF (counts)", fontsize=_FONT_SIZE - 1)


def scale_bar(axes: Axes, shape: Sequence[int], um: float = 5.0, colour: str = "white") -> None:
    """Draw a bar of so many um into the lower left of a picture."""
    length = um / PIXEL_UM
    if length > 0.6 * shape[1]:
        um, length = 2.0, 2.0 / PIXEL_UM
    y, x = shape[0] * 0.93, shape[1] * 0.05
    axes.plot([x, x + length], [y, y], color=colour, lw=2, solid_capstyle="butt")
    axes.text(x + length / 2, y - shape[0] * 0.02, f"{um:g} µm", color=colour, ha="center",
              va="bottom", fontsize=_FONT_SIZE - 2)  # fmt: skip


def box(axes: Axes, place: Sequence[int], colour: str = "#56B4E9") -> None:
    """Outline an ROI: y, x, height, width in pixels."""
    y, x, height, width = place
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), width, height, fill=False, ec=colour, lw=1.2))


def histogram(
    axes: Axes, groups: Sequence[tuple[Any, str, str]], bins: Any, xlabel: str, ylabel: str
) -> None:
    """Draw histograms over each other: (values, colour, label) each."""
    for values, colour, label in groups:
        known = np.asarray(values, float)
        axes.hist(known[np.isfinite(known)], bins=bins, color=colour, alpha=0.65, label=label)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _plain(axes)
    if len(groups) > 1:
        axes.legend(fontsize=_FONT_SIZE - 1, frameon=False)


def bars(
    axes: Axes,
    cells: NDArray[np.float64],
    names: Sequence[str],
    colours: Sequence[str],
    ylabel: str,
    *,
    joined: bool = True,
) -> None:
    """Draw the mean and SD of each condition, with every cell as points joined by a line.

    Parameters
    ----------
    axes : Axes
        Where.
    cells : (cells, conditions) array
        NaN is left out.
    names, colours : sequence of str
        Of the conditions.
    ylabel : str
        With the unit.
    joined : bool
        Whether one row is one cell.
    """
    values = np.asarray(cells, float)
    places = np.arange(values.shape[1])
    means = np.nanmean(values, axis=0)
    sds = np.nanstd(values, axis=0, ddof=1) if len(values) > 1 else np.zeros(len(places))
    axes.bar(places, means, 0.62, yerr=sds, color=colours, alpha=0.55, capsize=3,
             error_kw={"lw": 1})  # fmt: skip
    for row in values:
        style = "-" if joined else ""
        axes.plot(places, row, marker="o", ls=style, color="0.35", ms=2.2, lw=0.45, alpha=0.6)
    axes.axhline(0, color="0.3", lw=0.6)
    axes.set_xticks(places, names)
    axes.set_ylabel(ylabel)
    _plain(axes)
