"""The cell with its ROIs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from blueslice.analysis import Corner, Roi
from blueslice.view.figures._pictures import (
    PIXELS,
    Scale,
    colour_scale,
    outline_roi,
    scale_bar,
    show_picture,
)
from blueslice.view.figures._style import GREY, ONE_COLUMN_MM, SMALL_PT, new_figure, note, styled

__all__ = ["CellPicture", "draw_cell"]


@dataclass(frozen=True, eq=False)
class CellPicture:
    """What the figure of the cell shows.

    Attributes
    ----------
    picture : ndarray, shape (y, x)
        Mean resting light in counts, dark-subtracted.
    rois : tuple of Roi
        As they lie in it.
    scale : Scale
        Of the pixels.
    corner : Corner or None
        Where the LEDs' light is read.
    note : str
        What the picture is, for the figure's foot.
    """

    picture: npt.NDArray[np.float64]
    rois: Sequence[Roi]
    scale: Scale = PIXELS
    corner: Corner | None = None
    note: str = ""


@styled
def draw_cell(cell: CellPicture) -> Figure:
    """Draw the cell in grey with its ROIs, a scale bar and edges in um."""
    shape = cell.picture.shape
    figure = new_figure(ONE_COLUMN_MM, (ONE_COLUMN_MM - 22) * min(shape[0] / shape[1], 1.6) + 16)
    axes = figure.subplots()
    show_picture(axes, cell.picture, cell.scale, ticks=True)
    if cell.scale.pixel_um is not None:
        scale_bar(axes, shape, cell.scale)
    for roi in cell.rois:
        outline_roi(axes, roi, cell.scale, named=True)
    if cell.corner is not None:
        step, corner = cell.scale.per_pixel, cell.corner
        left, top = (corner.x - 0.5) * step, (corner.y - 0.5) * step
        axes.add_patch(
            Rectangle((left, top), corner.width * step, corner.height * step, fill=False,
                      ec=GREY, ls="--", lw=0.8)
        )  # fmt: skip
        # Beneath, or above where beneath is outside.
        below = corner.y + corner.height < 0.8 * shape[0]
        axes.annotate(
            "LED light", (left + corner.width * step / 2, top + below * corner.height * step),
            xytext=(0, -2 if below else 2), textcoords="offset points", color=GREY,
            fontsize=SMALL_PT, ha="center", va="top" if below else "bottom",
        )  # fmt: skip
    colour_scale(figure, axes, "resting light (counts)")
    note(figure, cell.note)
    return figure
