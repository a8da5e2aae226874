"""The image corner that tells how bright the LED was: away from the cell, so the darkest."""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from blueslice._data import Data
from blueslice.errors import BadInputError

__all__ = ["Corner", "choose_corner"]


class Corner(Data):
    """The rectangle of background whose light follows the LED.

    Attributes
    ----------
    y, x : int
        First row and first column, in pixels.
    height, width : int
        Extent in pixels.
    """

    y: int = Field(ge=0)
    x: int = Field(ge=0)
    height: int = Field(ge=1)
    width: int = Field(ge=1)

    @property
    def pixel_count(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    @property
    def region(self) -> tuple[slice, slice]:
        """Row and column slices, to index the last two axes of an image or a movie."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def check(self, image_shape: tuple[int, int]) -> None:
        """Refuse a corner that leaves the image.

        Raises
        ------
        BadInputError
            Naming the corner's extent and the image's.
        """
        rows, columns = image_shape
        if self.y + self.height > rows or self.x + self.width > columns:
            raise BadInputError(
                f"the corner y {self.y}..{self.y + self.height}, x {self.x}..{self.x + self.width} "
                f"leaves the image of {rows} x {columns}; choose one inside it"
            )


def choose_corner(image: npt.ArrayLike, size: int = 10, border: int = 2) -> Corner:
    """Choose the darkest of the four corners of an image.

    Parameters
    ----------
    image : array_like, shape (y, x)
        Dark-subtracted counts, for example the mean of the baseline frames.
    size : int
        Height and width of a corner, in pixels.
    border : int
        Pixels left out along each edge, where cameras and alignment spoil the counts.

    Returns
    -------
    Corner
        Of equal ones the first of top left, top right, bottom left, bottom right. A corner
        with a pixel that is not finite is not chosen.

    Raises
    ------
    BadInputError
        When four separate corners do not fit, or no corner is finite.
    """
    counts = np.asarray(image, dtype=np.float64)
    if counts.ndim != 2:
        raise BadInputError(f"the image has {counts.ndim} dimensions; give one of (y, x)")
    if size < 1 or border < 0:
        raise BadInputError(
            f"corner size {size} and border {border} are not allowed; "
            "size must be at least 1 and border at least 0, in pixels"
        )
    rows, columns = counts.shape
    needed = 2 * (size + border)
    if min(rows, columns) < needed:
        raise BadInputError(
            f"four corners of {size} x {size} inside a border of {border} need an image of "
            f"{needed} x {needed}, this one is {rows} x {columns}; choose a smaller size"
        )
    corners = [
        Corner(y=y, x=x, height=size, width=size)
        for y in (border, rows - border - size)
        for x in (border, columns - border - size)
    ]
    means = np.array([counts[corner.region].mean() for corner in corners])
    means[~np.isfinite(means)] = np.inf
    if np.isinf(means).all():
        raise BadInputError("every corner of the image holds a pixel that is not finite; mask less")
    return corners[int(np.argmin(means))]
