"""Random valid recordings, written from the formats alone: are they read as they are?"""

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._measure import Row
from tests.recordings.writers.abf_1 import abf_1
from tests.recordings.writers.abf_2 import abf_2
from tests.recordings.writers.abf_content import AbfContent, ChannelContent, TagContent
from tests.recordings.writers.camera_files import CameraContent, da, tsm_and_tbn

from blueslice.errors import BadInputError
from blueslice.recordings import DA_CHANNELS, ChannelMap, read_da, read_tsm
from blueslice.recordings.abf import read_abf

__all__ = ["read_rows"]

FILES = 300
KINDS = ("abf 1", "abf 2", "da", "tsm")
# Times are exact to a thousandth of the shortest sample: sums differ in their last digits.
SAME_S, SAME_RATE = 1e-9, 1e-12

_TO_LINE = {
    b"mV": ("voltage", 1.0),
    b"V": ("voltage", 1e3),
    b"\xb5V": ("voltage", 1e-3),
    b"pA": ("current", 1.0),
    b"nA": ("current", 1e3),
}
_OTHER_UNITS = (b"", b"C", b"kHz", b"\xb5m")


def read_rows(seed: int, files: int = FILES) -> Iterator[Row]:
    """Write random files, read each, and compare all that they hold.

    Parameters
    ----------
    seed : int
        Of the files.
    files : int
        How many of all kinds together.
    """
    rng = np.random.default_rng(seed)
    right, tried = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    first_fault = ""
    with tempfile.TemporaryDirectory() as folder:
        for at in range(files):
            kind = KINDS[at % len(KINDS)]
            tried[kind] += 1
            fault = _fault_of(kind, rng, Path(folder))
            right[kind] += not fault
            first_fault = first_fault or (fault and f" (first: {kind}: {fault})")
    for kind in KINDS:
        holds = right[kind] == tried[kind]
        yield Row(f"random {kind} files read right", right[kind], "", f"{tried[kind]}", holds)
    total = sum(right.values())
    yield Row(f"random files read right{first_fault}", total, "", f"{files}", total == files)


def _fault_of(kind: str, rng: np.random.Generator, folder: Path) -> str:
    """Write a file, read it, and return what differs; empty for nothing."""
    try:
        if kind.startswith("abf"):
            return _abf_fault(kind, rng, folder)
        return _camera_fault(kind, rng, folder)
    except BadInputError as error:
        return f"refused: {error}"


# -- ABF


def _abf_fault(kind: str, rng: np.random.Generator, folder: Path) -> str:
    content = _abf_content(rng, version_1=kind == "abf 1")
    path = folder / "cell.abf"
    if kind == "abf 1":
        path.write_bytes(abf_1(content, padding=(b" ", b"\0")[int(rng.integers(2))]))
    else:
        path.write_bytes(abf_2(content, comment=(b"", b"a note")[int(rng.integers(2))]))
    found = read_abf(path)
    counts = [sweep.shape[1] for sweep in content.sweeps]
    if found.sample_counts.tolist() != counts:
        return f"sweeps of {found.sample_counts.tolist()} samples, not {counts}"
    for k, count in enumerate(counts):
        for c in range(len(content.channels)):
            expected = content.expected_samples(k, c)
            # A sample is a float32: the order of factors may change its last digit.
            if not np.allclose(found.channels[k, c, :count], expected, rtol=3e-7, atol=0):
                return f"samples of sweep {k}, channel {c}"
            if not np.isnan(found.channels[k, c, count:]).all():
                return f"samples after the end of sweep {k}"
    expected_s = content.expected_starts_s
    if not np.allclose(found.starts_s, expected_s, rtol=1e-12, atol=SAME_S):
        return f"starts {found.starts_s.tolist()}, not {expected_s}"
    rate_Hz = 1e6 / content.interval_us
    if abs(found.sample_rate_Hz / rate_Hz - 1) > SAME_RATE:
        return f"rate {found.sample_rate_Hz!r}, not {rate_Hz!r}"
    units = tuple(
        (one.unit or b"?").decode("latin-1").replace("µ", "u") for one in content.channels
    )
    if found.units != units:
        return f"units {found.units}, not {units}"
    if found.names != tuple(channel.name.decode("latin-1") for channel in content.channels):
        return f"names {found.names}"
    if found.taken_at != content.taken_at:
        return f"taken at {found.taken_at}, not {content.taken_at}"
    tags = [(tag.ticks * content.expected_tick_s, tag.comment) for tag in content.tags]
    if len(tags) != len(found.tags):
        return f"{len(found.tags)} tags, not {len(tags)}"
    for tag, (time_s, comment) in zip(found.tags, tags, strict=True):
        if abs(tag.time_s - time_s) > SAME_S or tag.comment != comment.decode("latin-1"):
            return f"tag {tag}, not {comment!r} at {time_s} s"
    return _line_fault(content, found)


def _line_fault(content: AbfContent, found: Any) -> str:
    expected: dict[str, tuple[int, float]] = {}
    for place, channel in enumerate(content.channels):
        if channel.unit in _TO_LINE:
            name, scale = _TO_LINE[channel.unit]
            expected.setdefault(name, (place, scale))
    if set(expected) != set(found.lines):
        return f"lines {sorted(found.lines)}, not {sorted(expected)}"
    for name, (place, scale) in expected.items():
        whole = found.channels[:, place].astype(np.float64) * scale
        if not np.allclose(found.lines[name], whole, rtol=1e-6, equal_nan=True):
            return f"scale of {name}"
    return ""


def _abf_content(rng: np.random.Generator, *, version_1: bool) -> AbfContent:
    mode = int(rng.choice([1, 2, 3, 4, 5, 5]))
    count = int(rng.integers(1, 5))
    # As a digitiser makes them: whole 0.5 us, or the odd ones of other makers.
    interval_us = float(rng.choice([4.0, 10.0, 12.5, 20.0, 30.0, 33.3, 50.0, 62.0, 100.0, 2480.0]))
    sweep_count = int(rng.integers(1, 9))
    lengths = [int(rng.integers(8, 400))] * sweep_count
    if mode == 1:
        lengths = rng.integers(8, 400, sweep_count).tolist()
    in_pieces = mode == 3 and rng.random() < 0.3  # a gap-free recording that was paused
    if mode == 3 and not in_pieces:
        lengths = lengths[:1]
    as_float = rng.random() < 0.2
    sweeps = [_samples(rng, (count, length), as_float=as_float) for length in lengths]
    # The tick is a part of the interval; 0 is that of the samples.
    parts = int(rng.choice([0, 1, 2, 4, 8, 12]))
    tick_us = interval_us / parts if parts else 0.0
    tick_s = (tick_us or interval_us / count) / 1e6
    has_synch = mode in (1, 2) or in_pieces or (mode != 3 and rng.random() < 0.7)
    start_ticks = None
    if has_synch:
        gaps_s = rng.choice([0.0, 0.01, 2.0, 20.0], len(lengths))
        ends_s = np.cumsum(np.array(lengths) * interval_us / 1e6 + gaps_s)
        first_s = float(rng.choice([0.0, 0.021, 26.979]))
        start_ticks = [round((first_s + s) / tick_s) for s in (0.0, *ends_s[:-1])]
    channels = [_channel(rng, k) for k in range(count)]
    if not any(channel.unit in _TO_LINE for channel in channels):
        channels[0] = ChannelContent(channels[0].name, b"mV")
    conditioned = bool(rng.random() < 0.3)
    version = float(rng.choice([1.3, 1.5, 1.65, 1.83])) if version_1 else 2.0
    if version < 1.6:  # which tells the gain of one channel only
        channels = [
            channel if k == 0 else _without_telegraph(channel) for k, channel in enumerate(channels)
        ]
    noted = [b"", b"+drug", b"CNQX 5 \xb5M on", b"wash", b"x" * 56]
    return AbfContent(
        sweeps=sweeps,
        channels=channels,
        interval_us=interval_us,
        tick_us=tick_us,
        start_ticks=start_ticks,
        start_to_start_s=float(rng.choice([0.0, 0.001, 2.0, 10.1])) if mode in (4, 5) else 0.0,
        mode=mode,
        tags=[
            TagContent(int(rng.integers(0, 2**31)), noted[int(rng.integers(5))], int(kind))
            for kind in rng.integers(0, 6, int(rng.integers(0, 4)))
        ],
        taken_at=None if rng.random() < 0.1 else _time(rng, milliseconds=True),
        conditioned=conditioned,
        range_V=float(rng.choice([10.0, 10.24])),
        resolution=int(rng.choice([2048, 32000, 32768])),
        ignored=int(rng.choice([0, 0, 7])) if mode == 3 and version_1 else 0,
        version=version,
    )


def _samples(rng: np.random.Generator, shape: tuple[int, int], *, as_float: bool) -> Any:
    if as_float:
        return rng.normal(-65, 20, shape).astype(np.float32)
    # Many around 0: what stands where a longer header would be must not be read as that.
    width = int(rng.choice([3, 30_000]))
    return rng.integers(-width, width, shape).astype(np.int16)


def _channel(rng: np.random.Generator, number: int) -> ChannelContent:
    unit = rng.choice(list(_TO_LINE)) if rng.random() < 0.8 else rng.choice(_OTHER_UNITS)
    return ChannelContent(
        name=f"IN {number}".encode(),
        unit=bytes(unit),
        scale_factor=float(rng.choice([0.01, 0.0005, 1.0, -0.02])),
        offset=float(rng.choice([0.0, 0.0, -3.5])),
        programmed_gain=float(rng.choice([1.0, 2.0, 8.0])),
        telegraphed_gain=float(rng.choice([1.0, 5.0, 20.0])) if rng.random() < 0.4 else None,
        signal_gain=float(rng.choice([1.0, 100.0])),
        signal_offset=float(rng.choice([0.0, 1.25])),
    )


def _without_telegraph(channel: ChannelContent) -> ChannelContent:
    return ChannelContent(
        **{name: getattr(channel, name) for name in ("name", "unit", "scale_factor", "offset")}
    )


def _time(rng: np.random.Generator, *, milliseconds: bool = False) -> datetime:
    when = datetime(1995, 1, 1) + timedelta(seconds=int(rng.integers(0, 10**9)))
    return when + timedelta(milliseconds=int(rng.integers(0, 1000))) if milliseconds else when


# -- .da and .tsm


def _camera_fault(kind: str, rng: np.random.Generator, folder: Path) -> str:
    count, rows, columns = (int(n) for n in rng.integers((4, 1, 1), (30, 12, 12)))
    samples = int(rng.integers(1, 40))
    picture = rng.integers(0, 16384, (count + 1, rows, columns)).astype(np.uint16)
    if kind == "da":
        lines = rng.integers(-32768, 32768, (8, count, samples)).astype(np.int16)
        volts = lines / 32768
    else:
        lines = volts = rng.normal(0, 1, (int(rng.integers(6, 12)), count, samples))
    content = CameraContent(picture[:-1], picture[-1], lines, _time(rng))
    if kind == "da":
        interval_us = int(rng.choice([100, 500, 2000, 3333, 9999, 10_000, 20_000, 32_767]))
        factor = int(rng.choice([1, 2, 3, 40]))
        path = folder / "trial.da"
        path.write_bytes(da(content, interval_us, factor, trailer=bool(rng.random() < 0.5)))
        interval_s = interval_us * (factor if interval_us >= 10_000 else 1) / 1e6
        channels = DA_CHANNELS.replace(voltage_gain=1.0)
        found = read_da(path, channels)
    else:
        interval_s = float(rng.choice([0.0005, 0.001, 0.0013333333, 0.02]))
        path = folder / "trial.tsm"
        tsm, tbn = tsm_and_tbn(
            content,
            interval_s,
            padded=bool(rng.random() < 0.5),
            header_blocks=int(rng.choice([1, 1, 2, 3])),
            fits_texts=bool(rng.random() < 0.5),
        )
        path.write_bytes(tsm)
        path.with_suffix(".tbn").write_bytes(tbn)
        channels = ChannelMap(voltage_channel=2, voltage_gain=1.0, stimulus_channel=3)
        found = read_tsm(path, channels=channels)
    if found.taken_at != content.taken_at:
        return f"taken at {found.taken_at}, not {content.taken_at}"
    if not np.array_equal(found.frames, content.frames) or not np.array_equal(
        found.dark, content.dark
    ):
        return "pictures"
    if found.frame_interval_s != interval_s:
        return f"frame interval {found.frame_interval_s!r} s, not {interval_s!r}"
    if abs(found.sample_rate_Hz * interval_s / samples - 1) > 1e-9:
        return f"sample rate {found.sample_rate_Hz!r}"
    for name, number, scale in (
        ("voltage", channels.voltage_channel, 1e3),
        ("stimulus", channels.stimulus_channel, 1.0),
        ("led_1", channels.led_1_channel, 1.0),
        ("led_2", channels.led_2_channel, 1.0),
    ):
        if number is None or not np.allclose(
            found.channels[name], volts[number] * scale, rtol=3e-7
        ):
            return f"line {name}"
    return ""
