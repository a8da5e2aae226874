"""Raw files opened for reading, also those whose writer was killed, and damaged ones."""

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

__all__ = ["open_raw"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Superblock of version 3: flags, base, extension, end of the file, root, checksum.
_VERSION, _FLAGS, _END, _LENGTH = 8, 11, 28, 44
_MASK = 0xFFFFFFFF


@contextmanager
def open_raw(path: Path, *, growing: bool = False) -> Iterator[Any]:
    """Open a raw file for reading; it is not changed.

    A file whose writer was killed is marked as being written. HDF5 opens it as one that grows
    (SWMR), and then tries a damaged place again and again for minutes. So it is shown to HDF5
    without the mark, unless it does grow.

    Parameters
    ----------
    path : Path
        The file.
    growing : bool
        Whether a session writes it now.

    Yields
    ------
    h5py.File

    Raises
    ------
    OSError
        When it is absent or cannot be read.
    """
    if growing:
        with h5py.File(path, "r", swmr=True) as file:
            yield file
        return
    with _without_mark(path) as shown, h5py.File(shown, "r") as file:
        yield file


@contextmanager
def _without_mark(path: Path) -> Iterator[Any]:
    with path.open("rb") as original:
        head = original.read(_LENGTH + 4)
        is_ours = head[:8] == _SIGNATURE and len(head) == _LENGTH + 4 and head[_VERSION] == 3
        # A head that does not match its own checksum is for HDF5 to refuse.
        if not is_ours or head[_LENGTH:] != _checksum(head[:_LENGTH]):
            yield path
            return
        size = original.seek(0, os.SEEK_END)
        begin = bytearray(head[:_LENGTH])
        begin[_FLAGS] = 0
        # What was written after the mark may lie beyond the end that is noted.
        begin[_END : _END + 8] = struct.pack("<Q", size)
        yield _Shown(original, bytes(begin) + _checksum(bytes(begin)))


class _Shown(io.RawIOBase):
    """A file with another beginning."""

    def __init__(self, file: Any, begin: bytes) -> None:
        self._file, self._begin = file, begin

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        at = self._file.tell()
        count = self._file.readinto(buffer)
        if at < len(self._begin):
            end = min(at + count, len(self._begin))
            memoryview(buffer)[: end - at] = self._begin[at:end]
        return count


def _checksum(content: bytes) -> bytes:
    """Return HDF5's checksum: Jenkins' lookup3 (public domain), little-endian."""

    def rotated(value: int, by: int) -> int:
        return ((value << by) | (value >> (32 - by))) & _MASK

    a = b = c = (0xDEADBEEF + len(content)) & _MASK
    padded = content + b"\0" * (-len(content) % 12)
    blocks = list(struct.iter_unpack("<III", padded))
    for place, (first, second, third) in enumerate(blocks):
        a, b, c = (a + first) & _MASK, (b + second) & _MASK, (c + third) & _MASK
        if place == len(blocks) - 1:
            break
        for by_a, by_b, by_c in ((4, 6, 8), (16, 19, 4)):
            a = ((a - c) & _MASK) ^ rotated(c, by_a)
            c = (c + b) & _MASK
            b = ((b - a) & _MASK) ^ rotated(a, by_b)
            a = (a + c) & _MASK
            c = ((c - b) & _MASK) ^ rotated(b, by_c)
            b = (b + a) & _MASK
    c = ((c ^ b) - rotated(b, 14)) & _MASK
    a = ((a ^ c) - rotated(c, 11)) & _MASK
    b = ((b ^ a) - rotated(a, 25)) & _MASK
    c = ((c ^ b) - rotated(b, 16)) & _MASK
    a = ((a ^ c) - rotated(c, 4)) & _MASK
    b = ((b ^ a) - rotated(a, 14)) & _MASK
    c = ((c ^ b) - rotated(b, 24)) & _MASK
    return struct.pack("<I", c)
