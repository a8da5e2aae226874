"""Pictures in panels: resting light in grey, changes in pseudocolour, ROIs, scale bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from scipy.ndimage import gaussian_filter

from blueslice.analysis import Roi
from blueslice.view.figures._style import ROI, SMALL_PT

__all__ = [
    "PIXELS",
    "SMOOTHING_PX",
    "Scale",
    "change_limits",
    "colour_scale",
    "outline_roi",
    "scale_bar",
    "show_change",
    "show_picture",
]

SMOOTHING_PX = 0.8
"""SD of the Gaussian that changes are shown through; nothing is measured on it."""

_ROUND = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Scale:
    """How large a pixel is in the tissue.

    Attributes
    ----------
    pixel_um : float or None
        Edge of a pixel in um; None where the run does not tell, and pictures are in pixels.
    """

    pixel_um: float | None = None

    @property
    def unit(self) -> str:
        """The unit of a picture's axes."""
        return "pixels" if self.pixel_um is None else "µm"

    @property
    def per_pixel(self) -> float:
        """Length of a pixel's edge in that unit."""
        return 1.0 if self.pixel_um is None else self.pixel_um

    def extent(self, shape: Sequence[int]) -> tuple[float, float, float, float]:
        """Return left, right, bottom, top: the middle of pixel (0, 0) is the origin."""
        step = self.per_pixel
        return -0.5 * step, (shape[1] - 0.5) * step, (shape[0] - 0.5) * step, -0.5 * step


PIXELS = Scale()
"""Of pictures whose pixels' size nobody knows."""


def show_picture(
    axes: Axes, picture: npt.ArrayLike, scale: Scale, title: str = "", *, ticks: bool = False
) -> None:
    """Show light in grey, with a scale bar, or with ticks at the edges."""
    values = np.asarray(picture, float)
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, (0.02, 0.998)) if known.size else (0.0, 1.0)
    axes.imshow(values, cmap="gray", vmin=low, vmax=high, extent=scale.extent(values.shape))
    _finish(axes, values.shape, scale, title, ticks=ticks)


def show_change(
    figure: Any,
    axes: Axes,
    change: npt.ArrayLike,
    scale: Scale,
    title: str = "",
    *,
    limits: tuple[float, float] | None = None,
    bar: bool = True,
    label: str = "ΔF (counts)",
    ticks: bool = False,
    marked: bool = True,
) -> None:
    """Show a difference image in pseudocolour.

    Parameters
    ----------
    figure : Figure or SubFigure
        Of the axes.
    axes : Axes
        Where.
    change : array_like, shape (y, x)
        More of the ion is more; NaN is left empty.
    scale : Scale
        Of the picture.
    title : str
        Above it.
    limits : (float, float), optional
        Of the colours; by default `change_limits`.
    bar : bool
        Whether the colours' scale is drawn beside it.
    label : str
        Of that scale, with the unit.
    ticks : bool
        Whether the edges have ticks instead of a scale bar.
    marked : bool
        Whether there is a scale bar where there are no ticks.
    """
    smooth = _smoothed(change)
    low, high = limits or change_limits(change)
    extent = scale.extent(smooth.shape)
    axes.imshow(smooth, cmap="inferno", vmin=low, vmax=high, extent=extent)
    _finish(axes, smooth.shape, scale, title, ticks=ticks, marked=marked)
    if bar:
        colour_scale(figure, axes, label)


def colour_scale(figure: Any, axes: Axes, label: str) -> None:
    """Draw the scale of a picture's colours, beside the picture, which is smaller than its panel.

    Parameters
    ----------
    figure : Figure or SubFigure
        Of the axes.
    axes : Axes
        With one image.
    label : str
        With the unit.
    """
    colours = figure.colorbar(axes.images[0], cax=axes.inset_axes((1.03, 0.0, 0.05, 1.0)))
    colours.set_label(label)
    colours.outline.set_visible(False)


def change_limits(*changes: npt.ArrayLike) -> tuple[float, float]:
    """Return the colours' limits: from 0, or the 2 % least, to the highest of what is shown."""
    shown = [smooth[np.isfinite(smooth)] for smooth in map(_smoothed, changes)]
    values = np.concatenate(shown)
    if not values.size:
        return 0.0, 1.0
    low, high = min(0.0, float(np.quantile(values, 0.02))), float(values.max())
    return low, high if high > low else low + 1.0


def _smoothed(change: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(change, np.float64)
    known = np.isfinite(values)
    smooth = gaussian_filter(np.where(known, values, 0.0), SMOOTHING_PX)
    smooth[~known] = np.nan
    return smooth


def _finish(
    axes: Axes, shape: Sequence[int], scale: Scale, title: str, *, ticks: bool, marked: bool = True
) -> None:
    axes.set_title(title)
    if ticks:
        axes.set(xlabel=f"x ({scale.unit})", ylabel=f"y ({scale.unit})")
        return
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if marked:
        scale_bar(axes, shape, scale)


def scale_bar(axes: Axes, shape: Sequence[int], scale: Scale, colour: str = "white") -> None:
    """Draw a bar of a round length, at most a quarter of the picture, into its lower left."""
    height, width = (size * scale.per_pixel for size in shape)
    power = 10.0 ** np.floor(np.log10(width / 4))
    length = max(m * power for m in _ROUND if m * power <= width / 4 * (1 + 1e-9))
    left, bottom = width * 0.05, height * 0.93
    axes.plot([left, left + length], [bottom, bottom], color=colour, lw=1.6, solid_capstyle="butt")
    text = f"{length:g} {'px' if scale.pixel_um is None else 'µm'}"
    axes.text(left, bottom - height * 0.02, text, color=colour, ha="left", va="bottom",
              fontsize=SMALL_PT)  # fmt: skip


def outline_roi(
    axes: Axes, roi: Roi, scale: Scale, colour: str = ROI, *, named: bool = False, **line: Any
) -> None:
    """Outline an ROI, rectangle or mask, on a picture; its name above it if asked for."""
    step = scale.per_pixel
    top, left = (roi.y - 0.5) * step, (roi.x - 0.5) * step
    style = {"ec": colour, "lw": 1.0, **line}
    if roi.spans is None:
        size = roi.width * step, roi.height * step
        axes.add_patch(Rectangle((left, top), *size, fill=False, **style))
    else:
        mask = roi.mask((roi.y + roi.height, roi.x + roi.width))[roi.y :, roi.x :]
        # Along the pixels' edges: each pixel becomes three by three.
        fine = np.kron(np.pad(mask, 1).astype(float), np.ones((3, 3)))
        rows = ((np.arange(fine.shape[0]) - 4.0) / 3.0 + roi.y) * step
        columns = ((np.arange(fine.shape[1]) - 4.0) / 3.0 + roi.x) * step
        axes.contour(columns, rows, fine, [0.5], colors=colour, linewidths=style["lw"])
    if named:
        axes.text(left, top - 0.5 * step, roi.name, color=colour, fontsize=SMALL_PT, va="bottom")
