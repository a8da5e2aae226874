"""Film strips: difference images of successive moments, one row for each ion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from blueslice.view.figures._pictures import PIXELS, Scale, change_limits, show_change
from blueslice.view.figures._style import (
    SMALL_PT,
    TWO_COLUMNS_MM,
    ion_symbol,
    new_figure,
    note,
    styled,
)
from blueslice.view.figures.difference import ChangeOfIon, change_label

__all__ = ["FilmPictures", "draw_film"]


@dataclass(frozen=True, eq=False)
class FilmPictures:
    """What a film strip shows.

    Attributes
    ----------
    windows_s : sequence of (float, float)
        Of the pictures, in s after the first stimulus.
    rows : sequence of ChangeOfIon
        Each with a change of shape (pictures, y, x).
    scale : Scale
        Of the pixels.
    note : str
        From which trials, for the figure's foot.
    """

    windows_s: Sequence[tuple[float, float]]
    rows: Sequence[ChangeOfIon]
    scale: Scale = PIXELS
    note: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a picture."""
        height, width = self.rows[0].change.shape[1:]
        return height, width


@styled
def draw_film(film: FilmPictures) -> Figure:
    """Draw each ion's pictures in order of time, one scale of colours a row."""
    count, ions = len(film.windows_s), len(film.rows)
    picture_mm = (TWO_COLUMNS_MM - 24) / count
    height_mm = (picture_mm * min(film.shape[0] / film.shape[1], 2.0) + 3) * ions + 13
    figure = new_figure(TWO_COLUMNS_MM, height_mm)
    grid = np.asarray(figure.subplots(ions, count, squeeze=False))
    for row, one in enumerate(film.rows):
        limits = _limits(one.change)
        for place, ((start_s, stop_s), axes) in enumerate(
            zip(film.windows_s, grid[row], strict=True)
        ):
            title = f"{1e3 * start_s:g} to {1e3 * stop_s:g} ms" if row == 0 else ""
            show_change(figure, axes, one.change[place], film.scale, limits=limits,
                                bar=False, marked=place == 0)  # fmt: skip
            axes.set_title(title.replace("-", "\N{MINUS SIGN}"), fontsize=SMALL_PT)
        grid[row, 0].set_ylabel(ion_symbol(one.ion))
        colours = figure.colorbar(grid[row, 0].images[0], ax=list(grid[row]), pad=0.01, aspect=12)
        colours.set_label(change_label(one.sign))
        colours.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    note(figure, film.note)
    return figure


def _limits(change: npt.NDArray[np.float64]) -> tuple[float, float]:
    # One noisy pixel of one picture would darken all of them.
    low, _ = change_limits(*change)
    known = change[np.isfinite(change)]
    high = float(np.quantile(known, 0.999)) if known.size else 1.0
    return low, max(high, low + 1e-9)
