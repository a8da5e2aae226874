"""Opening files that may be cut short, foreign or hostile."""

import math
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["check_file", "check_size", "read_bytes", "read_values", "to_counts"]

# A trial of 200 ms is 1-3 MB. Sizes come from headers; this bounds the memory they can claim.
_MAX_BYTES = 4 * 2**30


def check_file(path: str | os.PathLike[str], suffix: str) -> tuple[Path, int]:
    """Return a path and its size in bytes if it is a readable file of the right kind.

    Raises
    ------
    BadInputError
        When the suffix is another (in capitals or not), or there is no such regular file.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise BadInputError(f"recording {path!r} is no path; give the name of a {suffix} file")
    file = Path(path)
    if file.suffix.lower() != suffix:
        raise BadInputError(f"{file}: its name does not end in {suffix}; give a {suffix} file")
    try:
        status = file.stat()
    except (OSError, ValueError) as error:
        raise BadInputError(f"{file}: {_reason(error)}; check the name and the folder") from None
    if not stat.S_ISREG(status.st_mode):
        raise BadInputError(f"{file}: is not a file; give the {suffix} file itself")
    if status.st_size > _MAX_BYTES:
        raise BadInputError(
            f"{file}: is {status.st_size:,} bytes, more than the {_MAX_BYTES:,} that a trial "
            "can have; give the recording of one trial"
        )
    return file, status.st_size


def check_size(file: Path, size: int, promised: int, *, optional: int = 0) -> None:
    """Refuse a file that is not as long as its header says, before anything is allocated.

    Parameters
    ----------
    file : Path
        The file, for the text of the error.
    size : int
        Its real size in bytes.
    promised : int
        Its size in bytes by its header.
    optional : int
        Bytes at the end that may be absent.

    Raises
    ------
    BadInputError
        When the sizes differ.
    """
    if size not in (promised, promised - optional):
        raise BadInputError(
            f"{file}: is {size:,} bytes, its header promises {promised:,}; it is cut short, "
            "damaged or of another kind: copy it again from where it was recorded"
        )


def read_bytes(file: Path, count: int) -> bytes:
    """Read the first bytes of a file.

    Raises
    ------
    BadInputError
        When the file has fewer or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(count)
    except OSError as error:
        raise BadInputError(f"{file}: {_reason(error)}; check its permissions") from None
    if len(data) != count:
        raise BadInputError(
            f"{file}: is {len(data):,} bytes, its header alone has {count:,}; it is cut short "
            "or of another kind: copy it again from where it was recorded"
        )
    return data


def read_values(file: Path, dtype: str, shape: tuple[int, ...], offset: int) -> npt.NDArray[Any]:
    """Read an array of known shape at a byte offset.

    Raises
    ------
    BadInputError
        When the file has fewer values or cannot be read.
    """
    count = math.prod(shape)
    try:
        # No memory map: a file that shrinks on a network drive would kill the process.
        values = np.fromfile(file, dtype=dtype, count=count, offset=offset)
    except (OSError, MemoryError) as error:
        raise BadInputError(f"{file}: {_reason(error)}; check file and memory") from None
    if values.size != count:
        raise BadInputError(f"{file}: became shorter while it was read; copy it again")
    return values.reshape(shape)


def to_counts(file: Path, what: str, values: npt.NDArray[np.int16]) -> npt.NDArray[np.uint16]:
    """Turn signed pixel values into camera counts, C-contiguous.

    A camera of 14 bit never gives a negative count: such a value is a damaged or foreign file,
    and clipping it would only hide that.

    Raises
    ------
    BadInputError
        When a value is negative.
    """
    lowest = int(values.min())
    if lowest < 0:
        raise BadInputError(
            f"{file}: {what} hold a count of {lowest}, and camera counts are never negative; "
            "the file is damaged or of another kind: copy it again from where it was recorded"
        )
    return values.astype(np.uint16, order="C")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened ({error.strerror})"
    return f"cannot be opened ({error or type(error).__name__})"
