"""Writer of ABF version 2: a list of sections, then the sections, each at a whole block."""

import struct

from tests.recordings.writers.abf_content import AbfContent

__all__ = ["abf_2"]

BLOCK = 512


def abf_2(content: AbfContent, *, comment: bytes = b"") -> bytes:
    """Return the file.

    Parameters
    ----------
    content : AbfContent
        What is in it.
    comment : bytes
        Text that stands before those of the channels; an empty one is a text too.
    """
    header = bytearray(BLOCK)
    body: list[bytes] = []

    def section(at: int, each: int, count: int, content: bytes) -> None:
        block = 1 + sum(map(len, body)) // BLOCK
        struct.pack_into("<IIq", header, at, block, each, count)
        body.append(content + b"\0" * (-len(content) % BLOCK))

    struct.pack_into("<4s4B", header, 0, b"ABF2", 0, 0, 6, 2)
    episodes = 0 if content.mode == 3 else len(content.sweeps)
    struct.pack_into("<II", header, 8, BLOCK, episodes)
    if content.taken_at is not None:
        when = content.taken_at
        day = when.year * 10_000 + when.month * 100 + when.day
        seconds = when.hour * 3600 + when.minute * 60 + when.second
        struct.pack_into("<II", header, 16, day, seconds * 1000 + when.microsecond // 1000)
    struct.pack_into("<HH", header, 28, 1, int(content.is_float))

    protocol = bytearray(512)
    for layout, at, value in (
        ("h", 0, content.mode),
        ("f", 2, content.interval_us),
        ("f", 14, content.tick_us),
        ("i", 22, content.sweeps[0].size),
        ("f", 62, content.start_to_start_s),
        ("f", 110, content.range_V),
        ("i", 118, content.resolution),
        ("h", 138, int(content.conditioned)),
        ("h", 142, 1),
    ):
        struct.pack_into(f"<{layout}", protocol, at, value)
    section(76, len(protocol), 1, bytes(protocol))

    texts, adcs = [b"Clampex", b"C:\\steps.pro", comment], []
    for number, channel in enumerate(content.channels):
        adc = bytearray(128)
        struct.pack_into("<h", adc, 0, number)
        if channel.telegraphed_gain is not None:
            struct.pack_into("<h2xf", adc, 2, 1, channel.telegraphed_gain)
        struct.pack_into("<f", adc, 28, channel.programmed_gain)
        struct.pack_into(
            "<4f",
            adc,
            40,
            channel.scale_factor,
            channel.offset,
            channel.signal_gain,
            channel.signal_offset,
        )
        struct.pack_into("<ii", adc, 74, len(texts) + 1, len(texts) + 2)  # counted from 1
        texts += [channel.name, channel.unit]
        adcs.append(bytes(adc))
    section(92, 128, len(adcs), b"".join(adcs))
    if content.command_unit is not None:
        dacs = []
        for number, unit in enumerate((b"V", content.command_unit)):
            texts.append(unit)
            dacs.append(struct.pack("<h26xi", number, len(texts)).ljust(256, b"\0"))
        section(108, 256, len(dacs), b"".join(dacs))

    strings = b"".join(text + b"\0" for text in texts)
    longest = max(map(len, texts))
    head = struct.pack("<4s4I24x", b"SSCH", 1, len(texts), longest, len(strings))
    section(220, len(head) + len(strings), len(texts), head + strings)

    samples = content.multiplexed
    point = 4 if content.is_float else 2
    section(236, point, len(samples) // point, samples)
    if content.tags:
        entries = [
            struct.pack("<i56shh", tag.ticks, tag.comment.ljust(56), tag.kind, 0)
            for tag in content.tags
        ]
        section(252, 64, len(entries), b"".join(entries))
    if content.start_ticks is not None:
        lengths = [sweep.size for sweep in content.sweeps]
        pairs = zip(content.start_ticks, lengths, strict=True)
        section(316, 8, len(lengths), b"".join(struct.pack("<ii", *pair) for pair in pairs))
    return bytes(header) + b"".join(body)
