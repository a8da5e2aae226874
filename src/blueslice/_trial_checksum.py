"""The checksums of a trial: over its images and samples, in its file and in its event."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "CHECKSUMS",
    "CHECKSUM_KEY",
    "FRAMES_RECORDED",
    "NOT_RECORDINGS",
    "array_checksum",
    "trial_checksum",
]

FRAMES_RECORDED = "frames_recorded"
"""Dataset of a raw file: frames of each trial, 0 of one that has not ended."""
CHECKSUMS = "checksums"
"""Dataset of a raw file: a row for each trial, with the CRC-32 of its part of each other dataset.

Which dataset a column is of stands in the attribute ``datasets``, and in ``per_frame`` whether that
has an entry per frame: then the frames that were recorded count, little-endian, in their order.
"""
CHECKSUM_KEY = "-trial_checksum"
"""What the data keys of the stream ``trials`` end with that give a trial's checksum by device."""
NOT_RECORDINGS = frozenset({FRAMES_RECORDED, CHECKSUMS})
"""Datasets of a raw file that describe its trials."""


def array_checksum(values: NDArray[Any], dtype: DTypeLike, before: int = 0) -> int:
    """Return the CRC-32 of an array in a type, continued from that of what stands before it."""
    plain = np.ascontiguousarray(values, dtype).reshape(-1)
    return zlib.crc32(plain.view(np.uint8).data, before)


def trial_checksum(row: Sequence[int]) -> int:
    """Return one number for a trial of a file: the CRC-32 of its row in the dataset `CHECKSUMS`.

    It stands in the trial's event, as ``<device>-trial_checksum``.
    """
    return zlib.crc32(np.asarray(row, "<u4").tobytes())
