"""Reader of Axon Binary Files, through pyABF: sweeps of voltage and current."""

import os
import struct
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.recordings._extras import import_extra
from blueslice.recordings._files import check_file, read_bytes

__all__ = ["Sweeps", "read_abf"]

_SIGNATURES = (b"ABF ", b"ABF2")
_HEADER_BYTES = 76 + 18 * 16
_POINT_BYTES = 2
_GAP_FREE = 3
_MOST_SWEEPS = 10_000

# What makes mV and pA of the units that pCLAMP writes.
_TO_mV = {"V": 1e3, "mV": 1.0, "uV": 1e-3}
_TO_pA = {"A": 1e12, "nA": 1e3, "pA": 1.0, "uA": 1e6}


@dataclass(frozen=True, eq=False)
class Sweeps:
    """The sweeps of one file.

    Attributes
    ----------
    path : Path
        The file.
    taken_at : datetime or None
        When it was begun, by the computer's clock.
    starts_s : ndarray of float64, shape (sweeps,)
        Start of each sweep after the first one's, in s.
    sample_rate_Hz : float
        Samples per second and channel.
    names, units : tuple of str
        Of all channels, as the file says.
    channels : ndarray of float32, shape (sweeps, channels, samples)
        In those units.
    lines : dict of str to ndarray of float32, shape (sweeps, samples)
        ``"voltage"`` in mV and ``"current"`` in pA: the first channel of each unit.
    """

    path: Path
    taken_at: datetime | None
    starts_s: npt.NDArray[np.float64] = field(repr=False)
    sample_rate_Hz: float
    names: tuple[str, ...]
    units: tuple[str, ...]
    channels: npt.NDArray[np.float32] = field(repr=False)
    lines: dict[str, npt.NDArray[np.float32]] = field(repr=False)


def read_abf(path: str | os.PathLike[str]) -> Sweeps:
    """Read an ABF file, version 1 or 2.

    Raises
    ------
    BadInputError
        When pyABF is absent, the file is no ABF, its sweeps are not all as long, or none of its
        channels is a voltage or a current.
    """
    pyabf = import_extra("pyabf", "pyabf")
    file, size = check_file(path, ".abf")
    _check_counts(file, size)
    try:
        abf = pyabf.ABF(str(file))
        channels = _channels(abf)
    except Exception as error:
        # pyABF raises whatever it stumbles over in a foreign file.
        raise BadInputError(
            f"{file}: is no ABF file that pyABF reads ({' '.join(str(error).split())}); copy it "
            "again from where it was recorded"
        ) from None
    units = tuple(str(unit) for unit in abf.adcUnits)
    lines: dict[str, npt.NDArray[np.float32]] = {}
    for place, unit in enumerate(units):
        for name, scales in (("voltage", _TO_mV), ("current", _TO_pA)):
            if unit in scales and name not in lines:
                lines[name] = channels[:, place] * np.float32(scales[unit])
    if not lines:
        raise BadInputError(
            f"{file}: its channels are in {', '.join(units)}; at least one voltage (mV) or current "
            "(pA) is needed: set the units in pCLAMP and save it again"
        )
    taken_at = abf.abfDateTime if abf.abfDateTime.year > 1900 else None
    starts_s = np.arange(len(channels), dtype=np.float64) * float(abf.sweepIntervalSec)
    return Sweeps(
        path=file,
        taken_at=taken_at,
        starts_s=starts_s,
        sample_rate_Hz=float(abf.sampleRate),
        names=tuple(str(name).strip("\0 ") for name in abf.adcNames),
        units=units,
        channels=channels,
        lines=lines,
    )


def _check_counts(file: Path, size: int) -> None:
    """Refuse a file whose header counts more than it can hold: pyABF makes lists of it at once."""
    head = read_bytes(file, min(size, _HEADER_BYTES))
    if head[:4] not in _SIGNATURES or len(head) < _HEADER_BYTES:
        return  # pyABF tells what is wrong
    sweeps, gap_free, promised = _version_1(head) if head[:4] == b"ABF " else _version_2(file, head)
    if gap_free:
        sweeps = 1
    if not 0 <= sweeps <= min(_MOST_SWEEPS, size // _POINT_BYTES) or promised > size:
        raise BadInputError(
            f"{file}: its header counts {sweeps:,} sweeps and {promised:,} bytes, and it has "
            f"{size:,} bytes (at most {_MOST_SWEEPS:,} sweeps are read); it is cut short or "
            "damaged: copy it again from where it was recorded"
        )


def _version_1(head: bytes) -> tuple[int, bool, int]:
    mode, points, _, sweeps = struct.unpack_from("<hihi", head, 8)
    return sweeps, mode == _GAP_FREE, points * _POINT_BYTES


def _version_2(file: Path, head: bytes) -> tuple[int, bool, int]:
    (sweeps,) = struct.unpack_from("<I", head, 12)
    sections = list(struct.iter_unpack("<IIi4x", head[76:_HEADER_BYTES]))
    # One that has entries of no size would be read without end.
    promised = max(block * 512 + max(0, count) * max(1, each) for block, each, count in sections)
    protocol = sections[0][0] * 512
    try:
        with file.open("rb") as stream:
            stream.seek(protocol)
            mode = int.from_bytes(stream.read(2), "little")
    except OSError as error:
        raise BadInputError(f"{file}: cannot be opened ({error}); check its permissions") from None
    return sweeps, mode == _GAP_FREE, promised


def _channels(abf: Any) -> npt.NDArray[np.float32]:
    """Return all sweeps as (sweeps, channels, samples).

    Not by pyABF's ``setSweep``, which composes the stimuli of all sweeps for each of them: a file
    of 6000 took it minutes.
    """
    lengths = getattr(abf, "_synchArraySection", None)
    if lengths is not None and abf.sweepCount > 1 and len(set(lengths.lLength)) > 1:
        raise ValueError("its sweeps are not all as long")
    data = np.asarray(abf.data, np.float32)
    shape = (len(abf.channelList), abf.sweepCount, abf.sweepPointCount)
    return np.ascontiguousarray(data[:, : shape[1] * shape[2]].reshape(shape).swapaxes(0, 1))
