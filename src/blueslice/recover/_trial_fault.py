"""Whether a trial in a raw file is the one that was recorded, by its checksums."""

from typing import Any

import numpy as np

from blueslice._trial_checksum import CHECKSUMS, FRAMES_RECORDED, array_checksum

__all__ = ["trial_fault"]

# Read at a time.
BLOCK_BYTES = 1 << 25


def trial_fault(file: Any, trial: int) -> str:
    """Return what is wrong with a trial, or an empty text when it is as it was recorded.

    Parameters
    ----------
    file : h5py.File
        With the dataset `CHECKSUMS`.
    trial : int
        Index of a trial that has ended.
    """
    checksums, counts = file[CHECKSUMS], file[FRAMES_RECORDED]
    if trial >= len(counts) or trial >= len(checksums):
        return "it is not in the file"
    recorded, frame_count = int(counts[trial]), int(np.asarray(file.attrs["frame_count"]))
    if not 0 < recorded <= frame_count:
        return f"the file counts {recorded} of its {frame_count} frames"
    columns = zip(
        checksums.attrs["datasets"],
        np.asarray(checksums.attrs["per_frame"]),
        np.asarray(checksums[trial]),
        strict=True,
    )
    differing = [
        str(name)
        for name, per_frame, checksum in columns
        if _checksum(file[str(name)], trial, recorded if per_frame else None) != checksum
    ]
    if differing:
        return f"{', '.join(differing)} differ{'s' * (len(differing) == 1)} from what was recorded"
    return ""


def _checksum(dataset: Any, trial: int, frames: int | None) -> int | None:
    """Return the CRC-32 of a trial's part of a dataset; None when it is not there."""
    if trial >= len(dataset):
        return None
    if frames is None:
        return array_checksum(dataset[trial], dataset.dtype)
    row_bytes = dataset.dtype.itemsize * int(np.prod(dataset.shape[2:]))
    step = max(1, BLOCK_BYTES // max(row_bytes, 1))
    found = 0
    for first in range(0, frames, step):
        block = dataset[trial, first : min(first + step, frames)]
        found = array_checksum(block, dataset.dtype, found)
    return found
