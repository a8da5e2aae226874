"""What a recorded file holds beside its pictures, exactly as it is in the file."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.recordings._files import check_file, check_size, read_bytes, read_values
from blueslice.recordings.tsm import find_beside, read_cards

__all__ = ["Original", "read_original"]

_DA_HEADER_BYTES, _DA_CHANNELS, _DA_TRAILER_BYTES = 5120, 8, 16
_TBN_HEADER_BYTES, _PIXEL_BYTES = 4, 2


@dataclass(frozen=True, eq=False)
class Original:
    """The parts of a recorded file that a `Recording` has not, or has only in other units.

    With the frames and the dark frame of the `Recording` they make the file again, byte for byte.

    Attributes
    ----------
    kind : str
        ``"da"`` or ``"tsm"``.
    header : ndarray of uint8
        The header of the `.da` or `.tsm`; of a `.tsm` the header of its `.tbn` follows.
    channels : ndarray of int16 or float64, shape (channels, frames, samples per frame)
        All electrical channels, named or not, as converted.
    volts_per_value : float
        What makes volts of `channels`.
    trailer : ndarray of uint8
        What follows the dark frame: 16 bytes of a `.da`, the zeros that fill a `.tsm`'s last
        block; may be of no length.
    files : tuple of Path
        Of which it was read.
    """

    kind: str
    header: npt.NDArray[np.uint8] = field(repr=False)
    channels: npt.NDArray[Any] = field(repr=False)
    volts_per_value: float
    trailer: npt.NDArray[np.uint8] = field(repr=False)
    files: tuple[Path, ...]


def read_original(path: str | os.PathLike[str]) -> Original:
    """Read header, channels and trailer of a `.da`, or of a `.tsm` with its `.tbn`.

    Parameters
    ----------
    path : str or path
        As for `read_recording`, which should have accepted the file: only its size is checked
        here.

    Raises
    ------
    BadInputError
        When the kind is not known, or the file is cut short.
    """
    file = Path(path)
    match file.suffix.lower():
        case ".da":
            return _read_da(file)
        case ".tsm":
            return _read_tsm(file, find_beside(file, ".tbn"))
        case ".tbn":
            return _read_tsm(find_beside(file, ".tsm"), file)
    raise BadInputError(f"{file}: the kind of recording is not known; give a .da or .tsm file")


def _read_da(path: Path) -> Original:
    file, size = check_file(path, ".da")
    header = np.frombuffer(read_bytes(file, _DA_HEADER_BYTES), np.uint8)
    values = header.view("<i2")
    frames, columns, rows, samples = (int(values[k]) for k in (4, 384, 385, 391))
    start = _DA_HEADER_BYTES + 2 * rows * columns * frames
    dark_end = start + 2 * _DA_CHANNELS * frames * samples + 2 * rows * columns
    check_size(file, size, dark_end + _DA_TRAILER_BYTES, optional=_DA_TRAILER_BYTES)
    return Original(
        kind="da",
        header=header,
        channels=read_values(file, "<i2", (_DA_CHANNELS, frames, samples), start),
        volts_per_value=1 / 32768,
        trailer=read_values(file, "u1", (size - dark_end,), dark_end),
        files=(file,),
    )


def _read_tsm(path: Path, tbn_path: Path) -> Original:
    (file, length), (tbn, size) = check_file(path, ".tsm"), check_file(tbn_path, ".tbn")
    head = read_bytes(tbn, _TBN_HEADER_BYTES)
    minus_channels, samples = (int(value) for value in np.frombuffer(head, "<i2"))
    frames = (size - _TBN_HEADER_BYTES) // (8 * -minus_channels * samples)
    shape = (-minus_channels, frames, samples)
    cards, begins = read_cards(file, length)
    end = begins + (frames + 1) * int(cards["NAXIS1"]) * int(cards["NAXIS2"]) * _PIXEL_BYTES
    return Original(
        kind="tsm",
        header=np.frombuffer(read_bytes(file, begins) + head, np.uint8),
        channels=read_values(tbn, "<f8", shape, _TBN_HEADER_BYTES),
        volts_per_value=1.0,
        trailer=read_values(file, "u1", (length - end,), end),
        files=(file, tbn),
    )
