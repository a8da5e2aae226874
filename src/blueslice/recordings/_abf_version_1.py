"""The header of ABF version 1 (pCLAMP 6 to 9): fixed places in the first 2 or 6 KiB."""

from datetime import datetime, timedelta

import numpy as np

from blueslice.recordings._abf_file import BLOCK_BYTES, AbfFile
from blueslice.recordings._abf_header import (
    GAP_FREE,
    AbfChannel,
    AbfHeader,
    AbfTag,
    fixed_sweeps,
    simplest_interval_us,
    synch_sweeps,
    text_of,
    tick_us,
)

__all__ = ["read_version_1"]

_CHANNELS = 16
_OUTPUTS = 4
# From 1.6 on a header has 6144 bytes; before, what is there belongs to the data.
_FIRST_LONG_VERSION = 1.55
_SYNCH_BYTES, _TAG_BYTES = 8, 64
_GAIN, _LINES = "gain of its channels", "names of its channels"


def read_version_1(file: AbfFile) -> AbfHeader:
    """Read the header.

    Places and meanings are those of the structure ``ABFFileHeader`` in Axon's file support pack
    (``abfheadr.h``, version 1.8).

    Raises
    ------
    ValueError
        When it says what cannot be.
    """
    version = file.value("f", 4, "version")
    mode, sample_count, ignored, episodes = file.values("hihi", 8, "header")
    data_block, tag_block, tag_count = file.values("iii", 40, "sections")
    synch_block, synch_count, is_float = file.values("iih", 92, "synch array's place")
    channel_count, interval, second_interval, synch_unit = file.values("hfff", 120, "rate")
    if not 1 <= channel_count <= _CHANNELS:
        raise ValueError(f"its header counts {channel_count} channels, where 1 to 16 are possible")
    if second_interval not in (0.0, interval):
        raise ValueError(
            f"it was sampled with two clocks (every {interval:g} us, then every "
            f"{second_interval:g} us), and a sweep of one rate is needed; export the part that is "
            "wanted from Clampfit"
        )
    interval_us = simplest_interval_us(interval, channel_count)
    unit_us = tick_us(synch_unit, interval_us, channel_count)
    # Other programs than AxoLab leave it 0, or leave garbage there.
    skipped = ignored if mode == GAP_FREE and ignored > 0 else 0
    if synch_count > 0 and synch_block > 0:
        entries = file.entries("ii", synch_block, _SYNCH_BYTES, synch_count, "synch array")
        sweeps = synch_sweeps(entries, unit_us, channel_count)
    else:
        start_to_start_s = file.value("f", 178, "sweep interval")
        per_channel = max(0, sample_count) // channel_count
        sweeps = fixed_sweeps(mode, episodes, per_channel, start_to_start_s, interval_us)
    tags = []
    if tag_count > 0 and tag_block > 0:
        for count, comment, kind in file.entries(
            "i56sh", tag_block, _TAG_BYTES, tag_count, "tag section"
        ):
            tags.append(AbfTag.of_entry(count, unit_us, comment, kind))
    return AbfHeader(
        taken_at=_time(file),
        data_start=data_block * BLOCK_BYTES + skipped * (4 if is_float else 2),
        sample_dtype="<f4" if is_float else "<i2",
        sample_count=sample_count,
        interval_us=interval_us,
        channels=_channels(file, version, channel_count),
        sweeps=sweeps,
        tags=tuple(tags),
        command_unit=_command_unit(file),
    )


def _command_unit(file: AbfFile) -> str:
    active = file.value("h", 1440, _LINES)
    units = file.values("8s" * _OUTPUTS, 1346, _LINES)
    return text_of(units[active]) if 0 <= active < _OUTPUTS else ""


def _channels(file: AbfFile, version: float, count: int) -> tuple[AbfChannel, ...]:
    range_V = file.value("f", 244, _GAIN)
    resolution = file.value("i", 252, _GAIN)
    sequence = file.values(f"{_CHANNELS}h", 410, _LINES)
    names = file.values("10s" * _CHANNELS, 442, _LINES)
    units = file.values("8s" * _CHANNELS, 602, _LINES)
    programmed, scale, offset, gain, gain_offset = (
        file.values(f"{_CHANNELS}f", place, _GAIN) for place in (730, 922, 986, 1050, 1114)
    )
    conditioned = file.value("h", 1410, _GAIN) != 0
    telegraphed = _telegraphed(file, version)
    channels = []
    for number in sequence[:count]:
        if not 0 <= number < _CHANNELS:
            raise ValueError(f"its header names an input {number}, where 0 to 15 are possible")
        factor = scale[number] * programmed[number] * telegraphed[number]
        shift = offset[number]
        if conditioned:
            factor *= gain[number]
            shift -= gain_offset[number]
        with np.errstate(all="ignore"):
            units_per_count = np.divide(range_V, np.float64(resolution) * factor)
        name = text_of(names[number]) or f"input {number}"
        channels.append(AbfChannel(name, text_of(units[number]), float(units_per_count), shift))
    return tuple(channels)


def _telegraphed(file: AbfFile, version: float) -> list[float]:
    """Return the gain that the amplifier told, by input; 1 where none did."""
    told = [1.0] * _CHANNELS
    if version < _FIRST_LONG_VERSION:
        enabled, number = file.values("hh", 262, _GAIN)
        if enabled and 0 <= number < _CHANNELS:
            told[number] = file.value("f", 268, _GAIN)
        return told
    enabled_of = file.values(f"{_CHANNELS}h", 4512, _GAIN)
    gain_of = file.values(f"{_CHANNELS}f", 4576, _GAIN)
    pairs = zip(enabled_of, gain_of, strict=True)
    return [gain if enabled else 1.0 for enabled, gain in pairs]


def _time(file: AbfFile) -> datetime | None:
    date, seconds = file.values("ii", 20, "time")
    milliseconds = file.value("h", 366, "time")
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    if 0 < date < 1_000_000:  # YYMMDD, as before the year 2000
        year += 1900 if year >= 80 else 2000
    try:
        return datetime(year, month, day) + timedelta(seconds=seconds, milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return None
