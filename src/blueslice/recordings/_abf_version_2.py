"""The header of ABF version 2 (pCLAMP 10 and later): a list of sections, each of entries."""

import struct
from datetime import datetime, timedelta

import numpy as np

from blueslice.recordings._abf_file import BLOCK_BYTES, AbfFile
from blueslice.recordings._abf_header import (
    AbfChannel,
    AbfHeader,
    AbfTag,
    fixed_sweeps,
    simplest_interval_us,
    synch_sweeps,
    text_of,
    tick_us,
)

__all__ = ["read_version_2"]

# Where the list says of a section its first block, bytes per entry and number of entries.
_SECTIONS = {
    "protocol": 76,
    "adc": 92,
    "dac": 108,
    "strings": 220,
    "data": 236,
    "tag": 252,
    "synch": 316,
}
_STRINGS_HEADER_BYTES = 44
_MOST_CHANNELS = 256


def read_version_2(file: AbfFile) -> AbfHeader:
    """Read the header.

    Places and meanings are those of the structures ``ABF_FileInfo``, ``ABF_ProtocolInfo`` and
    ``ABF_ADCInfo`` of Axon's file support pack (version 2.0).

    Raises
    ------
    ValueError
        When it says what cannot be.
    """
    episodes, date, milliseconds = file.values("III", 12, "header")
    is_float = file.value("H", 30, "header")
    sections = {name: file.values("IIi", at, "sections") for name, at in _SECTIONS.items()}
    protocol = sections["protocol"][0] * BLOCK_BYTES
    what = "protocol section"
    mode, interval = file.values("hf", protocol, what)
    synch_unit = file.value("f", protocol + 14, what)
    start_to_start_s = file.value("f", protocol + 62, what)
    data_block, sample_bytes, sample_count = sections["data"]
    if sample_bytes != (4 if is_float else 2):
        raise ValueError(f"its samples have {sample_bytes} bytes, where 2 (counts) or 4 are known")
    channels = _channels(file, protocol, sections)
    interval_us = simplest_interval_us(interval)
    unit_us = tick_us(synch_unit, interval_us, len(channels))
    block, each, count = sections["synch"]
    if count > 0:
        entries = file.entries("ii", block, each, count, "synch array")
        sweeps = synch_sweeps(entries, unit_us, len(channels))
    else:
        per_channel = max(0, sample_count) // len(channels)
        sweeps = fixed_sweeps(mode, episodes, per_channel, start_to_start_s, interval_us)
    return AbfHeader(
        taken_at=_time(date, milliseconds),
        data_start=data_block * BLOCK_BYTES,
        sample_dtype="<f4" if is_float else "<i2",
        sample_count=sample_count,
        interval_us=interval_us,
        channels=channels,
        sweeps=sweeps,
        tags=_tags(file, sections["tag"], unit_us),
        command_unit=_command_unit(file, protocol, sections),
    )


def _command_unit(file: AbfFile, protocol: int, sections: dict[str, tuple[int, int, int]]) -> str:
    block, each, count = sections["dac"]
    if count <= 0:
        return ""
    strings, what = _strings(file, sections["strings"]), "output section"
    active = file.value("h", protocol + 142, what)
    for number, text in file.entries("h26xi", block, each, count, what):
        if number == active and 0 < text <= len(strings):
            return strings[text - 1]
    return ""


def _channels(
    file: AbfFile, protocol: int, sections: dict[str, tuple[int, int, int]]
) -> tuple[AbfChannel, ...]:
    what = "channel section"
    range_V = file.value("f", protocol + 110, what)
    resolution = file.value("i", protocol + 118, what)
    conditioned = file.value("h", protocol + 138, what) != 0
    block, each, count = sections["adc"]
    if not 1 <= count <= _MOST_CHANNELS:
        raise ValueError(f"its header counts {count} channels, where 1 to {_MOST_CHANNELS} can be")
    strings = _strings(file, sections["strings"])
    channels = []
    for number, (telegraphed, told, programmed, scale, offset, gain, gain_offset, *texts) in zip(
        [number for (number,) in file.entries("h", block, each, count, what)],
        file.entries("2xh2xf18xf8xffff18xii", block, each, count, what),
        strict=True,
    ):
        factor, shift = scale * programmed * (told if telegraphed else 1.0), offset
        if conditioned:
            factor *= gain
            shift -= gain_offset
        with np.errstate(all="ignore"):
            units_per_count = float(np.divide(range_V, np.float64(resolution) * factor))
        # Counted from 1; 0 is no text.
        name, unit = (strings[k - 1] if 0 < k <= len(strings) else "" for k in texts)
        channels.append(AbfChannel(name or f"input {number}", unit, units_per_count, shift))
    return tuple(channels)


def _tags(file: AbfFile, section: tuple[int, int, int], unit_us: float) -> tuple[AbfTag, ...]:
    block, each, count = section
    if count <= 0:
        return ()
    found = file.entries("i56sh", block, each, count, "tag section")
    return tuple(AbfTag.of_entry(ticks, unit_us, comment, kind) for ticks, comment, kind in found)


def _strings(file: AbfFile, section: tuple[int, int, int]) -> list[str]:
    """Return the texts that others name by their number.

    They are found by the section's own header, not by looking for two NULs in a row: a text may
    be empty.
    """
    block, size, _ = section
    whole = file.read(block * BLOCK_BYTES, size, "strings section")
    if whole[:4] != b"SSCH" or len(whole) < _STRINGS_HEADER_BYTES:
        raise ValueError("its strings section does not begin with SSCH; it is damaged")
    (count,) = struct.unpack_from("<I", whole, 8)
    return [text_of(text) for text in whole[_STRINGS_HEADER_BYTES:].split(b"\0")[:count]]


def _time(date: int, milliseconds: int) -> datetime | None:
    try:
        day = datetime(date // 10_000, date // 100 % 100, date % 100)
        return day + timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return None
