"""Writer of ABF version 1: fields at fixed places, then blocks of 512 bytes."""

import struct

from tests.recordings.writers.abf_content import AbfContent

__all__ = ["abf_1"]

BLOCK = 512


def abf_1(content: AbfContent, *, padding: bytes = b" ") -> bytes:
    """Return the file.

    Parameters
    ----------
    content : AbfContent
        What is in it.
    padding : bytes
        What texts are filled up with: a space or a NUL.
    """
    long = content.version >= 1.6
    header = bytearray(6144 if long else 2048)
    count, samples = len(content.channels), content.multiplexed

    def put(layout: str, at: int, *values: object) -> None:
        struct.pack_into(f"<{layout}", header, at, *values)

    point = 4 if content.is_float else 2
    data = b"\x7f" * (content.ignored * point) + samples
    blocks = [bytes(header)]

    def section(body: bytes) -> int:
        """Append a section at a whole block, and return its block."""
        begins = sum(map(len, blocks)) // BLOCK
        blocks.append(body + b"\0" * (-len(body) % BLOCK))
        return begins

    put("4sf", 0, b"ABF ", content.version)
    put("h", 8, content.mode)
    put("i", 10, len(samples) // point)
    put("h", 14, content.ignored)
    # A gap-free file counts the chunks that it was written in.
    put("i", 16, 4711 if content.mode == 3 and content.start_ticks is None else len(content.sweeps))
    if content.taken_at is not None:
        when = content.taken_at
        put("i", 20, when.year * 10_000 + when.month * 100 + when.day)
        put("i", 24, when.hour * 3600 + when.minute * 60 + when.second)
        put("h", 366, when.microsecond // 1000)
    put("i", 40, section(data))
    if content.start_ticks is not None:
        lengths = [sweep.size for sweep in content.sweeps]
        pairs = zip(content.start_ticks, lengths, strict=True)
        put("ii", 92, section(b"".join(struct.pack("<ii", *pair) for pair in pairs)), len(lengths))
    if content.tags:
        entries = [
            struct.pack("<i56shh", tag.ticks, tag.comment.ljust(56), tag.kind, 0)
            for tag in content.tags
        ]
        put("ii", 44, section(b"".join(entries)), len(entries))
    put("h", 100, int(content.is_float))
    put("h", 120, count)
    put("f", 122, content.interval_us / count)
    put("f", 126, content.second_interval_us)
    put("f", 130, content.tick_us)
    put("i", 138, content.sweeps[0].size)
    put("f", 178, content.start_to_start_s)
    put("f", 244, content.range_V)
    put("i", 252, content.resolution)
    put("h", 1410, int(content.conditioned))
    if content.command_unit is not None:
        put("h", 1440, 1)
        for number, unit in enumerate((b"V", content.command_unit, b"V", b"V")):
            put("8s", 1346 + 8 * number, unit.ljust(8, padding))
    # Inputs are sampled in the order of this list: here the last input first.
    inputs = [15 - k for k in range(count)]
    put("16h", 410, *(inputs + [-1] * 16)[:16])
    for number, channel in zip(inputs, content.channels, strict=True):
        put("10s", 442 + 10 * number, channel.name[:10].ljust(10, padding))
        put("8s", 602 + 8 * number, channel.unit[:8].ljust(8, padding))
        put("f", 730 + 4 * number, channel.programmed_gain)
        put("f", 922 + 4 * number, channel.scale_factor)
        put("f", 986 + 4 * number, channel.offset)
        put("f", 1050 + 4 * number, channel.signal_gain)
        put("f", 1114 + 4 * number, channel.signal_offset)
        if channel.telegraphed_gain is None:
            continue
        if long:
            put("h", 4512 + 2 * number, 1)
            put("f", 4576 + 4 * number, channel.telegraphed_gain)
        else:  # a header of 2 KiB has room for one
            put("hhhf", 262, 1, number, 24, channel.telegraphed_gain)
    return bytes(header) + b"".join(blocks[1:])
