"""Room on the disk: asked for before a trial, so that none is lost to a disk that fills up."""

import ctypes
import errno
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

from blueslice.errors import StorageError

__all__ = ["SPARE_BYTES", "check_space", "release_space", "reserve_space"]

# Left free beside a trial's own bytes, for what HDF5 notes about it.
SPARE_BYTES = 4 << 20
_KEEP_SIZE = 1


def check_space(path: Path, trial_bytes: int) -> None:
    """Refuse a trial that has no room: HDF5 does not survive a disk that fills up.

    Raises
    ------
    StorageError
        With how much there is and how much is needed.
    """
    free = shutil.disk_usage(path.parent).free
    needed = trial_bytes + SPARE_BYTES
    if free < needed:
        raise StorageError(
            f"the disk of {path} has {free / 1e6:.0f} MB free and a trial takes "
            f"{needed / 1e6:.0f} MB; free space on it or choose another data directory, then "
            "start the protocol again"
        )


def reserve_space(descriptor: int, first_byte: int, trial_bytes: int) -> None:
    """Have the disk set a trial's blocks aside beyond the end of an open file, on Linux.

    The file does not become longer by it. It makes writing a third faster, for the blocks need
    not be found one by one, and finds a quota that the disk's free space does not show. Where
    there is no such call, nothing is done.

    Raises
    ------
    OSError
        When the disk has no room.
    """
    fallocate = _fallocate()
    if fallocate is None:
        return
    if fallocate(descriptor, _KEEP_SIZE, first_byte, trial_bytes + SPARE_BYTES) != 0:
        reason = ctypes.get_errno()
        if reason in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OSError(reason, "No space left on device")


def release_space(path: Path) -> None:
    """Give back what was reserved beyond the end of a file and not used, where it was reserved."""
    if _fallocate() is not None:
        os.truncate(path, path.stat().st_size)


@cache
def _fallocate() -> Any:
    if sys.platform != "linux":
        return None
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (OSError, AttributeError):
        return None
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    fallocate.restype = ctypes.c_int
    return fallocate
