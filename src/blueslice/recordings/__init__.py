"""Recordings of real rigs: read those of NeuroPlex and Turbo-SM.

`read_recording` chooses the reader by the name of the file; `Recording` is what it gives.
"""

import os
from pathlib import Path

from blueslice.errors import BadInputError
from blueslice.recordings.channel_map import DA_CHANNELS, TBN_CHANNELS, ChannelMap
from blueslice.recordings.da import read_da
from blueslice.recordings.recording import Recording
from blueslice.recordings.tsm import find_beside, read_tsm

__all__ = [
    "DA_CHANNELS",
    "TBN_CHANNELS",
    "ChannelMap",
    "Recording",
    "read_da",
    "read_recording",
    "read_tsm",
]


def read_recording(path: str | os.PathLike[str], channels: ChannelMap | None = None) -> Recording:
    """Read a recording of any kind that is known by the end of its name.

    Parameters
    ----------
    path : str or path
        A `.da`, `.tsm` or `.tbn` file, in capitals or not. Of a `.tsm` and its `.tbn`, either
        may be given; the other must be beside it.
    channels : ChannelMap, optional
        What its electrical channels are; by default as measured for that kind of file.

    Raises
    ------
    BadInputError
        When the kind is not known or the file cannot be used.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise BadInputError(f"recording {path!r} is no path; give the name of a file")
    file = Path(path)
    match file.suffix.lower():
        case ".da":
            return read_da(file, channels or DA_CHANNELS)
        case ".tsm":
            return read_tsm(file, channels=channels or TBN_CHANNELS)
        case ".tbn":
            return read_tsm(find_beside(file, ".tsm"), file, channels or TBN_CHANNELS)
    raise BadInputError(f"{file}: the kind of recording is not known; give a .da or .tsm file")
