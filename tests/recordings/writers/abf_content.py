"""What an ABF file is to hold, and what a reader has to find in it.

The writers beside this file follow the structures of Axon's file support pack (``abfheadr.h``)
and share nothing with the readers.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

__all__ = ["AbfContent", "ChannelContent", "TagContent"]


@dataclass(frozen=True)
class ChannelContent:
    """One channel: its texts as bytes, as they stand in the file, and its scale."""

    name: bytes = b"IN 0"
    unit: bytes = b"mV"
    scale_factor: float = 0.01  # volts per unit
    offset: float = 0.0
    programmed_gain: float = 1.0
    telegraphed_gain: float | None = None
    signal_gain: float = 1.0
    signal_offset: float = 0.0


@dataclass(frozen=True)
class TagContent:
    """A tag: when, in ticks of the synch array, and what."""

    ticks: int
    comment: bytes
    kind: int = 1


@dataclass(frozen=True)
class AbfContent:
    """All that is written.

    Attributes
    ----------
    sweeps : list of ndarray, shape (channels, samples)
        int16 counts, or float32 in the channels' units.
    interval_us : float
        From one sample of a channel to its next.
    command_unit : bytes or None
        Of the active output, the second; None for a file without outputs.
    tick_us : float
        Unit of starts and tags; 0 counts them in samples of all channels.
    start_ticks : list of int or None
        Of the synch array; None writes none.
    start_to_start_s : float
        Of the protocol.
    mode : int
        1 event-driven of variable, 2 of fixed length, 3 gap-free, 4 oscilloscope, 5 episodic.
    """

    sweeps: list[Any]
    channels: list[ChannelContent] = field(default_factory=lambda: [ChannelContent()])
    interval_us: float = 50.0
    command_unit: bytes | None = None
    tick_us: float = 0.0
    start_ticks: list[int] | None = None
    start_to_start_s: float = 0.0
    mode: int = 5
    tags: list[TagContent] = field(default_factory=list)
    taken_at: datetime | None = datetime(2017, 1, 27, 11, 33, 39, 250_000)
    conditioned: bool = False
    range_V: float = 10.0
    resolution: int = 32768
    ignored: int = 0  # version 1, gap-free: samples before the data
    second_interval_us: float = 0.0  # version 1
    version: float = 1.83  # version 1; before 1.6 the header has 2 KiB

    def replace(self, **changes: Any) -> "AbfContent":
        return replace(self, **changes)

    @property
    def is_float(self) -> bool:
        return self.sweeps[0].dtype == np.float32

    @property
    def multiplexed(self) -> bytes:
        """The samples as they stand in the file."""
        dtype = "<f4" if self.is_float else "<i2"
        return b"".join(np.ascontiguousarray(sweep.T, dtype).tobytes() for sweep in self.sweeps)

    def factors(self, channel: ChannelContent) -> tuple[float, float]:
        """Units per count and offset, from the numbers as they are stored."""
        single = lambda value: float(np.float32(value))  # noqa: E731
        volts = single(channel.scale_factor) * single(channel.programmed_gain)
        offset = single(channel.offset)
        if channel.telegraphed_gain is not None:
            volts *= single(channel.telegraphed_gain)
        if self.conditioned:
            volts *= single(channel.signal_gain)
            offset -= single(channel.signal_offset)
        return single(self.range_V) / self.resolution / volts, offset

    def expected_samples(self, sweep: int, channel: int) -> Any:
        """What a reader has to give of a channel, in its unit."""
        stored = self.sweeps[sweep][channel]
        if self.is_float:
            return stored
        factor, offset = self.factors(self.channels[channel])
        return (stored.astype(np.float64) * factor + offset).astype(np.float32)

    @property
    def expected_tick_s(self) -> float:
        return (self.tick_us or self.interval_us / len(self.channels)) / 1e6

    @property
    def expected_starts_s(self) -> list[float]:
        """When the sweeps start."""
        if self.start_ticks is not None:
            return [ticks * self.expected_tick_s for ticks in self.start_ticks]
        length_s = self.sweeps[0].shape[1] * self.interval_us / 1e6
        distance_s = self.start_to_start_s if self.start_to_start_s >= length_s else length_s
        return [k * distance_s for k in range(len(self.sweeps))]
