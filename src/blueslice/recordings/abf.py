"""Reader of Axon Binary Files, version 1 and 2: sweeps of voltage and current, and tags.

Read by the format's own structures, not through pyABF, of which much cannot be used (2.3.8): it
gives whole Hz, times tags by that rate and rounds them to 10 us, starts the sweeps of version 1
one right after the other, takes the date of the file for that of the recording where there is
none, reads telegraphed gains out of the data of files older than 1.6, and finds the units of
version 2 by the last two NULs in a row.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from blueslice.clamp import Clamp
from blueslice.errors import BadInputError
from blueslice.recordings._abf_file import AbfFile
from blueslice.recordings._abf_header import MOST_SWEEPS, AbfHeader, AbfTag
from blueslice.recordings._abf_version_1 import read_version_1
from blueslice.recordings._abf_version_2 import read_version_2
from blueslice.recordings._files import check_file, read_values

__all__ = ["AbfTag", "Sweeps", "read_abf"]

_READERS = {b"ABF ": read_version_1, b"ABF2": read_version_2}
# Sweeps of unequal length stand in arrays as long as the longest.
_MOST_VALUES = 2**30

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
        When it was begun, by the computer's clock; None where the file does not say.
    starts_s : ndarray of float64, shape (sweeps,)
        Start of each sweep, in s on the recording's clock.
    sample_counts : ndarray of int64, shape (sweeps,)
        Samples that each sweep has of each channel.
    sample_rate_Hz : float
        Samples per second and channel.
    names, units : tuple of str
        Of all channels, as the file says; a micro sign is ``u``.
    channels : ndarray of float32, shape (sweeps, channels, samples)
        In those units; NaN from where a sweep is over that is shorter than the longest.
    lines : dict of str to ndarray of float32, shape (sweeps, samples)
        ``"voltage"`` in mV and ``"current"`` in pA: the first channel of each unit.
    tags : tuple of AbfTag
        What was noted during the recording, on the same clock as `starts_s`.
    clamp : "current", "voltage" or None
        What the amplifier held, as far as units tell: a voltage clamp records a current first and
        is commanded in mV, a current clamp the other way round. None where they say neither.
    """

    path: Path
    taken_at: datetime | None
    starts_s: npt.NDArray[np.float64] = field(repr=False)
    sample_counts: npt.NDArray[np.int64] = field(repr=False)
    sample_rate_Hz: float
    names: tuple[str, ...]
    units: tuple[str, ...]
    channels: npt.NDArray[np.float32] = field(repr=False)
    lines: dict[str, npt.NDArray[np.float32]] = field(repr=False)
    tags: tuple[AbfTag, ...] = ()
    clamp: Clamp | None = None


def read_abf(path: str | os.PathLike[str]) -> Sweeps:
    """Read an ABF file: gap-free, episodic or event-driven, of equal sweeps or not.

    Raises
    ------
    BadInputError
        When the file is no ABF, is damaged, was sampled with two clocks, or none of its channels
        is a voltage or a current; the text names the file and what is wrong.
    """
    file, size = check_file(path, ".abf")
    try:
        header = _read_header(file, size)
    except ValueError as error:
        raise BadInputError(f"{file}: {error}: copy it again from where it was recorded") from None
    except OSError as error:
        told = error.strerror or error
        raise BadInputError(f"{file}: cannot be opened ({told}); check its permissions") from None
    channels = _read_channels(file, header)
    # The micro sign of the code page, and the Greek letter, as elsewhere here: uV.
    plain = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})
    units = tuple(channel.unit.translate(plain) or "?" for channel in header.channels)
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
    return Sweeps(
        path=file,
        taken_at=header.taken_at,
        starts_s=np.array([start_s for start_s, _ in header.sweeps], np.float64),
        sample_counts=np.array([count for _, count in header.sweeps], np.int64),
        sample_rate_Hz=1e6 / header.interval_us,
        names=tuple(channel.name for channel in header.channels),
        units=units,
        channels=channels,
        lines=lines,
        tags=header.tags,
        clamp=_clamp_of(next(iter(lines)), header.command_unit.translate(plain)),
    )


def _clamp_of(first_line: str, command_unit: str) -> Clamp | None:
    # An output in V drives something else than an amplifier's command.
    if first_line == "current" and command_unit == "mV":
        return "voltage"
    return "current" if first_line == "voltage" and command_unit in ("pA", "nA") else None


def _read_header(path: Path, size: int) -> AbfHeader:
    """Read the header, and check that all it says can be.

    Raises
    ------
    ValueError
        When something cannot.
    """
    with path.open("rb") as stream:
        file = AbfFile(path, size, stream)
        signature = file.read(0, min(4, size), "signature")
        if signature not in _READERS:
            raise ValueError("is no ABF file, which begins with ABF or ABF2; it is of another kind")
        header = _READERS[signature](file)
    if not np.isfinite(header.interval_us) or header.interval_us <= 0:
        raise ValueError(f"its header says a sampling interval of {header.interval_us:g} us")
    for channel in header.channels:
        scale = (channel.units_per_count, channel.offset_units)
        if header.sample_dtype == "<i2" and not (np.isfinite(scale).all() and scale[0]):
            raise ValueError(
                f"its channel {channel.name} has a scale of {scale[0]:g} and an offset of "
                f"{scale[1]:g}, which make no values of counts"
            )
    held = max(0, size - header.data_start) // np.dtype(header.sample_dtype).itemsize
    of_sweeps = sum(count for _, count in header.sweeps) * len(header.channels)
    if not 0 < header.sample_count <= held or len(header.sweeps) > MOST_SWEEPS:
        raise ValueError(
            f"its header counts {len(header.sweeps):,} sweeps and {header.sample_count:,} samples, "
            f"and it holds {held:,} (at most {MOST_SWEEPS:,} sweeps are read); it is cut short or "
            "damaged"
        )
    if of_sweeps > header.sample_count:
        raise ValueError(
            f"its sweeps have {of_sweeps:,} samples together, and its header counts "
            f"{header.sample_count:,}; it is damaged"
        )
    longest = max(count for _, count in header.sweeps)
    if longest * len(header.sweeps) * len(header.channels) > _MOST_VALUES:
        raise ValueError(
            f"its {len(header.sweeps):,} sweeps of up to {longest:,} samples are too many for one "
            "run; export parts of it from Clampfit, or"
        )
    return header


def _read_channels(path: Path, header: AbfHeader) -> npt.NDArray[np.float32]:
    """Return all sweeps as (sweeps, channels, samples)."""
    width = len(header.channels)
    counts = [count for _, count in header.sweeps]
    data = read_values(path, header.sample_dtype, (sum(counts), width), header.data_start)
    out = np.full((len(counts), width, max(counts)), np.nan, np.float32)
    for place, channel in enumerate(header.channels):
        # One channel at a time: as float64 all of them would be four times the file.
        values = data[:, place].astype(np.float64)
        if header.sample_dtype == "<i2":
            values = values * channel.units_per_count + channel.offset_units
        begins = 0
        for k, count in enumerate(counts):
            out[k, place, :count] = values[begins : begins + count]
            begins += count
    return out
