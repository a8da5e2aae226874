"""What the header of an Axon Binary File says, of either version, as plain data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

__all__ = [
    "GAP_FREE",
    "MOST_SWEEPS",
    "AbfChannel",
    "AbfHeader",
    "AbfTag",
    "fixed_sweeps",
    "simplest_interval_us",
    "synch_sweeps",
    "text_of",
    "tick_us",
]

GAP_FREE = 3
MOST_SWEEPS = 10_000
"""Sweeps that one run may have as trials."""

_EPISODIC = (4, 5)

_TAG_KINDS = {0: "time", 1: "comment", 2: "external", 3: "voice", 4: "new file", 5: "annotation"}


@dataclass(frozen=True)
class AbfChannel:
    """One recorded channel.

    Attributes
    ----------
    name, unit : str
        As in the file, without padding; the unit is empty where the file has none.
    units_per_count, offset_units : float
        What makes values in the channel's unit of the converter's counts.
    """

    name: str
    unit: str
    units_per_count: float
    offset_units: float


@dataclass(frozen=True)
class AbfTag:
    """A tag: what the person at the rig noted, such as drug on and drug off.

    Attributes
    ----------
    time_s : float
        On the clock of the sweep starts, in s.
    comment : str
        What was noted; may be empty.
    kind : str
        ``"time"``, ``"comment"``, ``"external"`` (a trigger), ``"voice"``, ``"new file"``,
        ``"annotation"``, or the number of another kind.
    """

    time_s: float
    comment: str
    kind: str

    @classmethod
    def of_entry(cls, count: int, unit_us: float, comment: bytes, kind: int) -> "AbfTag":
        """Return the tag of an entry of the tag section."""
        return cls(count * unit_us / 1e6, text_of(comment), _TAG_KINDS.get(kind, str(kind)))


@dataclass(frozen=True)
class AbfHeader:
    """The part of a header that a recording is read by.

    Attributes
    ----------
    taken_at : datetime or None
        When it was begun; None where the file has no valid date.
    data_start : int
        Byte at which the samples begin.
    sample_dtype : str
        ``"<i2"`` for counts, ``"<f4"`` for values in the channels' units.
    sample_count : int
        Samples of all channels together; those of one instant stand together.
    interval_us : float
        From one sample of a channel to its next, in us.
    channels : tuple of AbfChannel
        In the order of the samples.
    sweeps : tuple of (float, int)
        Of each sweep its start in s and its samples per channel.
    tags : tuple of AbfTag
        In the order of the file.
    command_unit : str
        Of the output that the protocol's waveform went to: mV of a voltage clamp, pA of a current
        clamp. Empty where the file has none.
    """

    taken_at: datetime | None
    data_start: int
    sample_dtype: str
    sample_count: int
    interval_us: float
    channels: tuple[AbfChannel, ...]
    sweeps: tuple[tuple[float, int], ...]
    tags: tuple[AbfTag, ...]
    command_unit: str = ""


def simplest_interval_us(stored: float, of: int = 1) -> float:
    """Return the interval that was meant by what was stored of it as float32.

    A third of 20 us is stored as 6.6666665; three times that, 19.9999995 us, is 50000.001 Hz.
    Of what would have been stored the same, the simplest is taken: an interval in whole 0.1 us,
    the resolution of the converters, else that of a rate in whole Hz, else the shortest decimal.

    Parameters
    ----------
    stored : float
        A float32, in us.
    of : int
        How many of it make the interval.
    """
    as_stored = np.float32(stored)
    product = float(as_stored) * of
    if not (math.isfinite(product) and product > 0):
        return product
    candidates = [round(product, 1)]
    if round(1e6 / product):
        candidates.append(1e6 / round(1e6 / product))
    for candidate in candidates:
        if np.float32(candidate / of) == as_stored:
            return candidate
    return float(str(as_stored)) * of


def tick_us(stored_us: float, interval_us: float, channel_count: int) -> float:
    """Return the time unit of sweep starts and tags, in us.

    Mostly it is a whole part of the sampling interval, such as 50 us / 12. Zero means that they
    are counted in samples of all channels.

    Parameters
    ----------
    stored_us : float
        A float32.
    interval_us : float
        From one sample of a channel to its next.
    channel_count : int
        Of the file.
    """
    if not stored_us > 0:
        return interval_us / channel_count
    parts = round(interval_us / stored_us) if stored_us > interval_us / 1e6 else 0
    if parts and np.float32(interval_us / parts) == np.float32(stored_us):
        return interval_us / parts
    return simplest_interval_us(stored_us)


def synch_sweeps(
    entries: Sequence[tuple[int, int]], unit_us: float, channel_count: int
) -> tuple[tuple[float, int], ...]:
    """Return the sweeps by the synch array, which is authoritative where there is one.

    Starts are counted in `unit_us`; lengths are samples of all channels, whatever the tick
    (as the format's own library reads them).

    Raises
    ------
    ValueError
        When an entry is none of a sweep.
    """
    for number, (start, length) in enumerate(entries, start=1):
        if start < 0 or length < 1 or length % channel_count:
            raise ValueError(
                f"its synch array says that sweep {number} starts at {start} and has {length} "
                f"samples of {channel_count} channels, which is no sweep"
            )
    return tuple((start * unit_us / 1e6, length // channel_count) for start, length in entries)


def fixed_sweeps(
    mode: int, episodes: int, sample_count: int, start_to_start_s: float, interval_us: float
) -> tuple[tuple[float, int], ...]:
    """Return the sweeps of a file without a synch array, all of one length.

    They start at the protocol's distance; where it has none that a sweep fits into, each starts
    as the one before it ends.

    Parameters
    ----------
    mode : int
        Of operation; a gap-free recording is one sweep whatever `episodes` says.
    episodes : int
        Sweeps that the header counts.
    sample_count : int
        Samples per channel of all sweeps together.
    start_to_start_s : float
        From one sweep's start to the next's, in s, as the protocol asked for.
    interval_us : float
        From one sample to the next, in us.

    Raises
    ------
    ValueError
        When the samples cannot be shared out.
    """
    count = 1 if mode == GAP_FREE else max(1, episodes)
    if count > MOST_SWEEPS:
        # Before anything of that length is made: the header may be damaged.
        raise ValueError(
            f"its header counts {count:,} sweeps, and at most {MOST_SWEEPS:,} are read"
        )
    if sample_count % count:
        raise ValueError(
            f"its {sample_count:,} samples a channel are no whole number for each of {count:,} "
            "sweeps, and there is no synch array that says how long each is"
        )
    length = sample_count // count
    length_s = length * interval_us / 1e6
    distance_s = simplest_decimal(start_to_start_s) if mode in _EPISODIC else 0.0
    if not (math.isfinite(distance_s) and distance_s >= length_s * (1 - 1e-6)):
        return tuple((k * length * interval_us / 1e6, length) for k in range(count))
    return tuple((k * distance_s, length) for k in range(count))


def simplest_decimal(stored: float) -> float:
    """Return the shortest decimal that is stored as this float32: 0.1 of 0.10000000149."""
    return float(str(np.float32(stored)))


def text_of(raw: bytes) -> str:
    """Return a text that is padded with spaces or NULs.

    The program writes the computer's code page, of which only the micro sign matters here.
    """
    return raw.partition(b"\0")[0].decode("latin-1").strip()
