"""ABF files of either version hold what was written, and what cannot be read says why."""

import struct
from datetime import datetime

import numpy as np
import pyabf
import pyabf.abfWriter
import pytest
from tests.recordings.writers.abf_1 import abf_1
from tests.recordings.writers.abf_2 import abf_2
from tests.recordings.writers.abf_content import AbfContent, ChannelContent, TagContent

from blueslice.errors import BadInputError
from blueslice.recordings._abf_header import simplest_interval_us, tick_us
from blueslice.recordings.abf import read_abf


def counts(*lengths, channels=1, seed=4):
    rng = np.random.default_rng(seed)
    return [rng.integers(-9000, 9000, (channels, n)).astype(np.int16) for n in lengths]


THREE = AbfContent(sweeps=counts(100, 100, 100), start_ticks=[0, 40_000, 80_000])
PA = ChannelContent(b"Im", b"pA", 0.0005)
MV = ChannelContent(b"Vm", b"mV", 0.01)

# What is written, and the starts in s, the rate in Hz and the units that it has to be read with.
CASES = {
    "synch array": (THREE, [0.0, 2.0, 4.0], 20_000.0, ("mV",)),
    "its tick": (
        THREE.replace(tick_us=12.5, start_ticks=[0, 160_000, 320_000]),
        [0.0, 2.0, 4.0],
        20_000.0,
        ("mV",),
    ),
    "tick of a twelfth": (
        THREE.replace(tick_us=50 / 12, start_ticks=[0, 2_400_000, 4_800_000]),
        [0.0, 10.0, 20.0],
        20_000.0,
        ("mV",),
    ),
    "tick of samples of two channels": (
        THREE.replace(
            sweeps=counts(50, 50, channels=2), channels=[MV, PA], start_ticks=[0, 80_000]
        ),
        [0.0, 2.0],
        20_000.0,
        ("mV", "pA"),
    ),
    "event-driven, of unequal length": (
        THREE.replace(
            mode=1,
            sweeps=counts(354, 7004, 1604),
            interval_us=100.0,
            start_ticks=[14_479, 44_979, 147_479],
        ),
        [1.4479, 4.4979, 14.7479],
        10_000.0,
        ("mV",),
    ),
    "event-driven, of one length": (
        THREE.replace(mode=2, start_ticks=[420, 400_420, 800_420]),
        [0.021, 20.021, 40.021],
        20_000.0,
        ("mV",),
    ),
    "sweep interval of the protocol": (
        THREE.replace(start_ticks=None, start_to_start_s=2.1),
        [0.0, 2.1, 4.2],
        20_000.0,
        ("mV",),
    ),
    "neither": (THREE.replace(start_ticks=None), [0.0, 0.005, 0.01], 20_000.0, ("mV",)),
    "30 us": (
        THREE.replace(interval_us=30.0, start_ticks=None),
        [0, 3e-3, 6e-3],
        1e6 / 30,
        ("mV",),
    ),
    "33.3 us": (
        THREE.replace(interval_us=33.3, sweeps=counts(100), start_ticks=[0]),
        [0.0],
        1e6 / 33.3,
        ("mV",),
    ),
    "a third of 20 us": (
        THREE.replace(
            interval_us=20.0, sweeps=counts(9, channels=3), channels=[MV, PA, PA], start_ticks=[0]
        ),
        [0.0],
        50_000.0,
        ("mV", "pA", "pA"),
    ),
    "gap-free of 1000 s": (
        THREE.replace(mode=3, interval_us=10_000.0, sweeps=counts(100_000), start_ticks=None),
        [0.0],
        100.0,
        ("mV",),
    ),
    "gap-free with a pause": (
        THREE.replace(mode=3, sweeps=counts(70, 30), start_ticks=[0, 1000]),
        [0.0, 0.05],
        20_000.0,
        ("mV",),
    ),
    "float": (
        THREE.replace(sweeps=[np.full((1, 40), -64.5, np.float32)], start_ticks=[0]),
        [0.0],
        20_000.0,
        ("mV",),
    ),
    "scales and offsets": (
        THREE.replace(
            conditioned=True,
            channels=[ChannelContent(b"a", b"nA", -0.02, 3.5, 8.0, 20.0, 100.0, 1.25)],
        ),
        [0.0, 2.0, 4.0],
        20_000.0,
        ("nA",),
    ),
    "micro sign": (
        THREE.replace(channels=[ChannelContent(b"e", b"\xb5V")]),
        [0, 2, 4],
        20_000.0,
        ("uV",),
    ),
    "no unit": (
        THREE.replace(
            sweeps=counts(50, channels=2), start_ticks=[0], channels=[ChannelContent(b"x", b""), MV]
        ),
        [0.0],
        20_000.0,
        ("?", "mV"),
    ),
}


@pytest.mark.parametrize("write", [abf_1, abf_2])
@pytest.mark.parametrize(("content", "starts_s", "rate_Hz", "units"), CASES.values(), ids=CASES)
def test_a_file_is_read_as_it_was_written(tmp_path, write, content, starts_s, rate_Hz, units):
    path = tmp_path / "cell.abf"
    path.write_bytes(write(content))
    found = read_abf(path)
    assert found.starts_s.tolist() == pytest.approx(starts_s, abs=1e-9)
    assert found.sample_rate_Hz == pytest.approx(rate_Hz, rel=1e-12)
    assert found.units == units
    assert found.taken_at == content.taken_at
    assert found.sample_counts.tolist() == [sweep.shape[1] for sweep in content.sweeps]
    for k, count in enumerate(found.sample_counts):
        for c in range(len(units)):
            np.testing.assert_allclose(
                found.channels[k, c, :count], content.expected_samples(k, c), rtol=3e-7
            )
        assert np.isnan(found.channels[k, :, count:]).all()


@pytest.mark.parametrize("write", [abf_1, abf_2])
@pytest.mark.parametrize(
    ("channels", "command_unit", "clamp"),
    [
        ([PA, MV], b"mV", "voltage"),
        ([MV, PA], b"pA", "current"),
        ([MV], b"nA", "current"),
        ([PA], b"pA", None),
        ([MV], b"mV", None),
        ([PA], b"V", None),
        ([PA], b"", None),
        ([PA], None, None),
    ],
)
def test_the_clamp_is_told_by_the_units(tmp_path, write, channels, command_unit, clamp):
    sweeps = counts(50, channels=len(channels))
    content = THREE.replace(
        sweeps=sweeps, channels=channels, start_ticks=[0], command_unit=command_unit
    )
    path = tmp_path / "clamp.abf"
    path.write_bytes(write(content))
    assert read_abf(path).clamp == clamp


@pytest.mark.parametrize("write", [abf_1, abf_2])
def test_tags_are_on_the_clock_of_the_sweeps(tmp_path, write):
    tags = [TagContent(100_000, b"CNQX 5 \xb5M on"), TagContent(700_000, b"", 2)]
    path = tmp_path / "cell.abf"
    path.write_bytes(write(THREE.replace(tick_us=12.5, tags=tags)))
    found = [(tag.time_s, tag.comment, tag.kind) for tag in read_abf(path).tags]
    assert found == [(1.25, "CNQX 5 µM on", "comment"), (8.75, "", "external")]


@pytest.mark.parametrize("unit", [b"mV", b"pA", b"V", b"nA"])
def test_units_may_be_padded_with_nuls(tmp_path, unit):
    path = tmp_path / "cell.abf"
    path.write_bytes(abf_1(THREE.replace(channels=[ChannelContent(b"a", unit)]), padding=b"\0"))
    found = read_abf(path)
    assert (found.units, found.names) == ((unit.decode(),), ("a",))


def test_a_short_header_ends_before_the_data(tmp_path):
    """Counts of 1 where a longer header has its telegraphs scale nothing."""
    content = THREE.replace(version=1.5, sweeps=[np.ones((1, 4000), np.int16)], start_ticks=[0])
    path = tmp_path / "cell.abf"
    path.write_bytes(abf_1(content))
    np.testing.assert_allclose(read_abf(path).channels[0, 0], content.expected_samples(0, 0))


def test_samples_before_a_gap_free_recording_are_left_out(tmp_path):
    content = THREE.replace(mode=3, sweeps=counts(50), start_ticks=None, ignored=7)
    path = tmp_path / "cell.abf"
    path.write_bytes(abf_1(content))
    np.testing.assert_allclose(read_abf(path).channels[0, 0], content.expected_samples(0, 0))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (20170127, datetime(2017, 1, 27)),
        (170127, datetime(2017, 1, 27)),
        (990127, datetime(1999, 1, 27)),
        (0, None),
        (-1, None),
        (20171301, None),
    ],
)
def test_no_date_is_none(tmp_path, date, expected):
    data = bytearray(abf_1(THREE.replace(taken_at=None)))
    struct.pack_into("<i", data, 20, date)
    path = tmp_path / "cell.abf"
    path.write_bytes(data)
    assert read_abf(path).taken_at == expected


def patched(data, layout, at, *values):
    data = bytearray(data)
    struct.pack_into(f"<{layout}", data, at, *values)
    return bytes(data)


# What is wrong, and what the error has to say.
REFUSED = {
    "empty": (lambda: b"", "is no ABF file"),
    "foreign": (lambda: b"no ABF" * 900, "is no ABF file, which begins with ABF or ABF2"),
    "two clocks": (
        lambda: abf_1(THREE.replace(second_interval_us=500.0)),
        "with two clocks (every 50 us, then every 500 us)",
    ),
    "cut": (lambda: abf_1(THREE)[:6500], "its synch array should be at bytes 7,168 to 7,192"),
    "samples cut": (lambda: abf_1(THREE.replace(start_ticks=None))[:-500], "samples, and it holds"),
    "cut, version 2": (lambda: abf_2(THREE)[:700], "it is cut short or damaged"),
    "negative start": (
        lambda: abf_1(THREE.replace(start_ticks=[0, -1, 5])),
        "that sweep 2 starts at -1 and has 100 samples",
    ),
    "longer than the data": (
        lambda: patched(abf_1(THREE), "i", 7168 + 4, 2000),
        "have 2,200 samples together, and its header counts 300",
    ),
    "no scale": (
        lambda: abf_1(THREE.replace(channels=[ChannelContent(b"a", b"mV", 0.0)])),
        "its channel a has a scale of inf",
    ),
    "no interval": (lambda: abf_1(THREE.replace(interval_us=0.0)), "interval of 0 us"),
    "no channels": (lambda: patched(abf_1(THREE), "h", 120, 0), "counts 0 channels"),
    "unequal without a synch array": (
        lambda: abf_1(THREE.replace(sweeps=counts(10, 9, 9), start_ticks=None)),
        "28 samples a channel are no whole number for each of 3 sweeps",
    ),
    "no current or voltage": (
        lambda: abf_1(THREE.replace(channels=[ChannelContent(b"a", b"C")])),
        "its channels are in C; at least one voltage (mV) or current (pA) is needed",
    ),
    "no strings": (lambda: abf_2(THREE).replace(b"SSCH", b"SSXX"), "does not begin with SSCH"),
}


@pytest.mark.parametrize(("data", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_says_why(tmp_path, data, told):
    path = tmp_path / "cell.abf"
    path.write_bytes(data())
    with pytest.raises(BadInputError) as caught:
        read_abf(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("meant_us", "of"), [(20.0, 3), (33.3, 1), (1e6 / 30_000, 1), (100.0, 7), (62.0, 16), (0.5, 3)]
)
def test_the_interval_is_the_one_that_was_meant(meant_us, of):
    assert simplest_interval_us(float(np.float32(meant_us / of)), of) == meant_us


@pytest.mark.parametrize(
    ("stored_us", "expected_us"), [(0.0, 25.0), (50.0, 50.0), (50 / 12, 50 / 12), (12.5, 12.5)]
)
def test_the_tick_is_a_part_of_the_interval(stored_us, expected_us):
    assert tick_us(float(np.float32(stored_us)), 50.0, 2) == expected_us


# -- against pyABF, where that is right


@pytest.fixture
def file(tmp_path):
    sweeps = np.random.default_rng(4).normal(-65.0, 3.0, (7, 500))
    pyabf.abfWriter.writeABF1(sweeps, str(tmp_path / "cell.abf"), 20000.0, "mV")
    return tmp_path / "cell.abf"


def test_the_sweeps_are_pyabfs(file):
    expected = pyabf.ABF(str(file))
    found = read_abf(file)
    assert found.channels.shape == (7, 1, 500)
    for sweep in expected.sweepList:
        expected.setSweep(sweep)
        np.testing.assert_allclose(found.channels[sweep, 0], expected.sweepY, rtol=3e-7)
    np.testing.assert_array_equal(found.lines["voltage"], found.channels[:, 0])


def test_pyabfs_file_with_a_synch_array_is_read_by_it(file):
    data = file.read_bytes()
    block = -(-len(data) // 512)
    data = data.ljust(block * 512, b"\0")
    data += b"".join(struct.pack("<ii", k * 40_000, 500) for k in range(7))
    data = patched(data, "i", 20, 20170127)
    data = patched(patched(data, "ii", 92, block, 7), "f", 178, 0.083)
    file.write_bytes(data)
    found = read_abf(file)
    assert found.starts_s.tolist() == [0, 2, 4, 6, 8, 10, 12]
    assert found.taken_at == datetime(2017, 1, 27)


def test_many_sweeps_are_read_at_once(tmp_path):
    path = tmp_path / "cell.abf"
    path.write_bytes(abf_2(THREE.replace(sweeps=counts(*[20] * 6000), start_ticks=None)))
    assert read_abf(path).channels.shape == (6000, 1, 20)
