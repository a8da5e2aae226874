"""Difference images in pseudocolour: where each ion rose."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from blueslice.analysis import Roi
from blueslice.view.figures._pictures import PIXELS, Scale, outline_roi, show_change, show_picture
from blueslice.view.figures._style import TWO_COLUMNS_MM, ion_symbol, new_figure, note, styled

__all__ = ["ChangeOfIon", "DifferencePictures", "change_label", "draw_difference"]


@dataclass(frozen=True, eq=False)
class ChangeOfIon:
    """The change of one ion's light.

    Attributes
    ----------
    ion : str
        Its name.
    change : ndarray, shape (y, x)
        Response minus baseline in counts, positive for more of the ion.
    sign : int
        -1 where the dye darkens with more of the ion, and the change was turned over.
    """

    ion: str
    change: npt.NDArray[np.float64]
    sign: int


@dataclass(frozen=True, eq=False)
class DifferencePictures:
    """What the figure of difference images shows.

    Attributes
    ----------
    resting : ndarray, shape (y, x)
        Mean resting light in counts.
    changes : sequence of ChangeOfIon
        On the same pixels.
    rois : sequence of Roi
        As they lie in them.
    scale : Scale
        Of the pixels.
    note : str
        From which trials and windows, for the figure's foot.
    """

    resting: npt.NDArray[np.float64]
    changes: Sequence[ChangeOfIon]
    rois: Sequence[Roi] = ()
    scale: Scale = PIXELS
    note: str = ""


def change_label(sign: int) -> str:
    """Return the name of a colour scale: light lost, where the dye darkens with its ion."""
    return "ΔF (counts)" if sign > 0 else "-ΔF (counts)".replace("-", "\N{MINUS SIGN}")


@styled
def draw_difference(pictures: DifferencePictures) -> Figure:
    """Draw the resting light and, on the same scale of length, each ion's change beside it."""
    count = 1 + len(pictures.changes)
    rows, columns = pictures.resting.shape
    panel_mm = TWO_COLUMNS_MM / count
    figure = new_figure(TWO_COLUMNS_MM, 0.72 * panel_mm * min(rows / columns, 1.5) + 16)
    grid = np.asarray(figure.subplots(1, count, squeeze=False))[0]
    show_picture(grid[0], pictures.resting, pictures.scale, "resting light", ticks=True)
    for axes, one in zip(grid[1:], pictures.changes, strict=True):
        title = f"{one.ion} ({ion_symbol(one.ion)})" if ion_symbol(one.ion) != one.ion else one.ion
        show_change(figure, axes, one.change, pictures.scale, title,
                    label=change_label(one.sign), ticks=True)  # fmt: skip
        axes.set_ylabel("")
    for place, axes in enumerate(grid):
        for roi in pictures.rois:
            outline_roi(axes, roi, pictures.scale, named=place == 0)
    note(figure, pictures.note)
    return figure
