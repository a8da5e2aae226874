"""Regions of interest: rectangles or masks of pixels, as plain data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from blueslice._data import Data
from blueslice.analysis._runs import label_runs
from blueslice.errors import BadInputError

__all__ = ["Roi", "check_rois"]

_MOST_TOLD = 80


class Roi(Data):
    """A named set of pixels: a rectangle, or any mask inside that rectangle.

    Attributes
    ----------
    name : str
        What the ROI is called in tables and plots; unique within an analysis.
    y, x : int
        First row and first column, in pixels.
    height, width : int
        Extent in pixels: rows ``y`` to ``y + height - 1``.
    spans : tuple of (row, start, stop), or None
        The pixels of a mask, as runs along rows in image coordinates (`stop` is one past the
        last column), sorted and without overlap; the rectangle is their bounding box. None
        means that every pixel of the rectangle belongs to the ROI.
    """

    name: str = Field(min_length=1)
    y: int = Field(ge=0)
    x: int = Field(ge=0)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    spans: tuple[tuple[int, int, int], ...] | None = None

    @model_validator(mode="after")
    def _check_spans(self) -> Self:
        if self.spans is None:
            return self
        if not self.spans:
            raise ValueError(f"ROI {self.name!r} has no pixel; its mask needs at least one")
        last_row, last_stop = -1, 0
        for row, start, stop in self.spans:
            if stop <= start or row < last_row or (row == last_row and start < last_stop):
                raise ValueError(
                    f"ROI {self.name!r} span {(row, start, stop)} is empty, out of order or "
                    "overlaps the one before; sort spans by row and start, with start < stop"
                )
            last_row, last_stop = row, stop
        if _bounding_box(self.spans) != (self.y, self.x, self.height, self.width):
            raise ValueError(
                f"ROI {self.name!r} spans fill y, x, height, width {_bounding_box(self.spans)}, "
                f"not {(self.y, self.x, self.height, self.width)}; give their bounding box"
            )
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rectangle as a person types it.

        Parameters
        ----------
        text : str
            ``"y,x,height,width"`` or ``"name=y,x,height,width"``, whole pixels. Without a
            name the four numbers are the name.

        Raises
        ------
        BadInputError
            When the text is not four whole numbers, or they do not make a rectangle.
        """
        name, equals, numbers = text.rpartition("=")
        parts = [part.strip() for part in numbers.split(",")]
        try:
            y, x, height, width = (int(part) for part in parts)
        except ValueError:
            raise BadInputError(
                f"ROI {text[:_MOST_TOLD]!r} is not y,x,height,width in whole pixels; "
                "write for example spine=31,24,6,6"
            ) from None
        name = name.strip() if equals else ",".join(parts)
        return cls(name=name, y=y, x=x, height=height, width=width)

    @classmethod
    def from_mask(cls, name: str, mask: npt.ArrayLike) -> Self:
        """Make an ROI of the true pixels of a mask of the whole image.

        Parameters
        ----------
        name : str
            Name of the ROI.
        mask : array_like, shape (y, x)
            True (or non-zero) where a pixel belongs to the ROI.

        Raises
        ------
        BadInputError
            When the mask is not two-dimensional or has no pixel.
        """
        mask_array = np.asarray(mask)
        if mask_array.ndim != 2:
            raise BadInputError(
                f"the mask of ROI {name!r} has {mask_array.ndim} dimensions; give one of (y, x)"
            )
        rows, starts, stops, _ = label_runs(mask_array != 0)
        spans = zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True)
        return cls.from_spans(name, spans)

    @classmethod
    def from_spans(cls, name: str, spans: Iterable[tuple[int, int, int]]) -> Self:
        """Make an ROI of runs along rows, finding its bounding box.

        Parameters
        ----------
        name : str
            Name of the ROI.
        spans : iterable of (row, start, stop)
            Sorted by row and start, without overlap; `stop` is one past the last column.

        Raises
        ------
        BadInputError
            When there is no span, or they are out of order or empty.
        """
        runs = tuple(spans)
        if not runs:
            raise BadInputError(f"ROI {name!r} has no pixel; its mask needs at least one")
        y, x, height, width = _bounding_box(runs)
        roi = cls(name=name, y=y, x=x, height=height, width=width, spans=runs)
        # a filled box is one and the same ROI whether it was drawn or typed
        is_rectangle = roi.pixel_count == height * width
        return cls(name=name, y=y, x=x, height=height, width=width) if is_rectangle else roi

    @property
    def pixel_count(self) -> int:
        """Number of pixels in the ROI."""
        if self.spans is None:
            return self.height * self.width
        return sum(stop - start for _, start, stop in self.spans)

    @property
    def row_spans(self) -> tuple[tuple[int, int, int], ...]:
        """Runs (row, start, stop) of the ROI's pixels, of a rectangle too."""
        if self.spans is not None:
            return self.spans
        rows = range(self.y, self.y + self.height)
        return tuple((row, self.x, self.x + self.width) for row in rows)

    def mask(self, image_shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Draw the ROI into an image: bool (y, x), true on its pixels.

        Raises
        ------
        BadInputError
            When the ROI leaves the image.
        """
        check_rois([self], image_shape)
        mask = np.zeros(image_shape, bool)
        for row, start, stop in self.row_spans:
            mask[row, start:stop] = True
        return mask

    def to_document(self) -> dict[str, Any]:
        """Give the ROI as plain JSON; `from_document` reads it back exactly."""
        document: dict[str, Any] = self.model_dump(exclude={"spans"})
        if self.spans is not None:
            document["spans"] = [list(span) for span in self.spans]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` wrote.

        Raises
        ------
        BadInputError
            When a key is missing, unknown or not allowed.
        """
        return cls(**document)


def _bounding_box(spans: Sequence[tuple[int, int, int]]) -> tuple[int, int, int, int]:
    y, x = spans[0][0], min(start for _, start, _ in spans)
    return y, x, spans[-1][0] - y + 1, max(stop for _, _, stop in spans) - x


def check_rois(rois: Sequence[Roi], image_shape: tuple[int, int]) -> None:
    """Refuse ROIs that leave the image or share a name.

    Parameters
    ----------
    rois : sequence of Roi
        The ROIs of one analysis.
    image_shape : (int, int)
        Rows and columns of the image, in pixels.

    Raises
    ------
    BadInputError
        Naming the ROI, its extent and the image's.
    """
    rows, columns = image_shape
    seen: set[str] = set()
    for roi in rois:
        if roi.name in seen:
            raise BadInputError(f"two ROIs are named {roi.name!r}; give each its own name")
        seen.add(roi.name)
        for axis, start, extent, size, word in (
            ("y", roi.y, roi.height, rows, "height"),
            ("x", roi.x, roi.width, columns, "width"),
        ):
            if start + extent > size:
                raise BadInputError(
                    f"ROI {roi.name!r} {axis} {start}..{start + extent} leaves the image of "
                    f"{rows} x {columns}; {axis} + {word} must be at most {size}"
                )
