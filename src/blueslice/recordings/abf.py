"""Reader of Axon Binary Files, through pyABF: sweeps of voltage and current."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.recordings._extras import import_extra
from blueslice.recordings._files import check_file

__all__ = ["Sweeps", "read_abf"]

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
    file, _ = check_file(path, ".abf")
    try:
        abf = pyabf.ABF(str(file))
        arrays = [[_sweep(abf, s, c) for c in abf.channelList] for s in abf.sweepList]
        channels = np.array(arrays, np.float32)
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


def _sweep(abf: object, sweep: int, channel: int) -> npt.NDArray[np.float64]:
    abf.setSweep(sweep, channel)  # pyright: ignore[reportAttributeAccessIssue]
    return np.array(abf.sweepY)  # pyright: ignore[reportAttributeAccessIssue]
