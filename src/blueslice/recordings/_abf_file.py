"""Parts of a binary file, none of them beyond its end."""

import struct
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["AbfFile"]

BLOCK_BYTES = 512
"""Sections begin at whole blocks."""


class AbfFile:
    """An open file from which small parts are read by their place.

    Parameters
    ----------
    path : Path
        Its name.
    size : int
        Its size in bytes.
    stream : binary file
        The file, open for reading.
    """

    def __init__(self, path: Path, size: int, stream: BinaryIO) -> None:
        self.path = path
        self.size = size
        self._stream = stream

    def read(self, start: int, count: int, what: str) -> bytes:
        """Return bytes; `what` they are is for the error.

        Raises
        ------
        ValueError
            When the file ends before.
        """
        if start < 0 or count < 0 or start + count > self.size:
            raise ValueError(
                f"its {what} should be at bytes {start:,} to {start + count:,}, and the file has "
                f"{self.size:,}; it is cut short or damaged"
            )
        self._stream.seek(start)
        return self._stream.read(count)

    def values(self, layout: str, start: int, what: str) -> tuple[Any, ...]:
        """Return values by a layout of `struct`, little-endian and without gaps."""
        packed = struct.Struct(f"<{layout}")
        return packed.unpack(self.read(start, packed.size, what))

    def value(self, layout: str, start: int, what: str) -> Any:
        """Return one value."""
        return self.values(layout, start, what)[0]

    def entries(self, layout: str, block: int, each: int, count: int, what: str) -> list[Any]:
        """Return the entries of a section, each of so many bytes; more than the layout is skipped.

        Raises
        ------
        ValueError
            When the file ends before, or an entry is shorter than the layout.
        """
        packed = struct.Struct(f"<{layout}")
        if count and each < packed.size:
            raise ValueError(
                f"its {what} has entries of {each} bytes, and {packed.size} are needed"
            )
        whole = self.read(block * BLOCK_BYTES, each * count, what)
        return [packed.unpack_from(whole, k * each) for k in range(count)]
