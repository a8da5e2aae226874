"""Some bad inputs of each kind, the same each time; the benchmark ``robustness`` tries more."""

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from tests.recordings.writers.abf_1 import abf_1
from tests.recordings.writers.abf_2 import abf_2

from blueslice.commands._rois import read_rois
from blueslice.errors import BadInputError
from blueslice.protocols import load_protocol
from blueslice.recordings import read_da, read_tsm
from blueslice.recordings.abf import read_abf
from blueslice.rig import load_rig

ROOT = Path(__file__).resolve().parents[2]
COUNTS = {
    "trials": 150,
    "pulses": 100,
    "rig files": 60,
    "protocol files (TOML)": 60,
    "protocol files (YAML)": 60,
    "descriptions of recordings": 100,
    "recordings (.da)": 200,
    "recordings (.tsm, .tbn)": 200,
    "recordings (.abf)": 60,
    "ROIs": 200,
    "command lines": 40,
}


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import _fuzz_inputs

    return _fuzz_inputs


def test_every_target_is_fuzzed_here_too(fuzz):
    from benchmarks._fuzz_targets import TARGETS

    assert set(COUNTS) == set(TARGETS)
    assert sum(target.share for target in TARGETS.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", COUNTS)
def test_bad_input_is_refused_in_one_line(fuzz, tmp_path, name):
    with fuzz.memory_limit():
        found = fuzz.fuzz(name, COUNTS[name], seed=5, folder=tmp_path)
    assert found.faults == {}
    assert found.inputs >= 0.9 * COUNTS[name]
    # Neither all nor nothing: both the checks and what comes after them are tried.
    assert 0 < found.refused < found.inputs


@pytest.fixture
def targets(fuzz):
    from benchmarks import _fuzz_targets

    return _fuzz_targets


def da_of_2_30_pixels(targets):
    header = np.frombuffer(targets.valid_da(), "<i2").copy()
    header[[4, 384, 385]] = 2**15 - 1, 2**15 - 1, 2**15 - 1
    return header.tobytes()


def tsm_of_2_31_frames(targets):
    return targets.valid_tsm().replace(b"NAXIS3  = 6         ", b"NAXIS3  = 2147483648")


def abf_1_of_2_31_sweeps(targets, samples=800):
    data = bytearray(abf_1(targets.valid_abf().replace(start_ticks=None)))
    data[10:14] = samples.to_bytes(4, "little")
    data[16:20] = (2**31 - 1).to_bytes(4, "little")
    return bytes(data)


def abf_1_of_2_31_empty_sweeps(targets):
    return abf_1_of_2_31_sweeps(targets, 0)


def abf_1_of_2_31_sweeps_of_one(targets):
    return abf_1_of_2_31_sweeps(targets, 2**31 - 1)


def abf_2_of_2_32_sweeps(targets):
    data = bytearray(abf_2(targets.valid_abf().replace(start_ticks=None)))
    data[12:16] = (2**32 - 1).to_bytes(4, "little")
    return bytes(data)


def abf_2_of_2_31_entries(targets):
    data = bytearray(abf_2(targets.valid_abf()))
    data[324:328] = (2**31 - 1).to_bytes(4, "little")
    return bytes(data)


def npy_of_2_62_pixels(targets):
    return targets._npy_header("(2147483648, 2147483648)", "'|u1'", 1)


@pytest.mark.parametrize(
    ("name", "make", "read"),
    [
        ("a.da", da_of_2_30_pixels, read_da),
        ("a.tsm", tsm_of_2_31_frames, read_tsm),
        ("a.abf", abf_1_of_2_31_sweeps, read_abf),
        ("a.abf", abf_1_of_2_31_empty_sweeps, read_abf),
        ("a.abf", abf_1_of_2_31_sweeps_of_one, read_abf),
        ("a.abf", abf_2_of_2_32_sweeps, read_abf),
        ("a.abf", abf_2_of_2_31_entries, read_abf),
        ("a.npy", npy_of_2_62_pixels, lambda path: read_rois([str(path)])),
    ],
)
def test_what_a_header_claims_is_not_allocated(targets, tmp_path, name, make, read):
    path = tmp_path / name
    path.write_bytes(make(targets))
    path.with_suffix(".tbn").write_bytes(targets.valid_tbn())
    tracemalloc.start()
    try:
        with pytest.raises(BadInputError) as refused:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refused.value)
    assert peak < 20e6


DEEP = "a = " + "[" * 20_000
LONG = "a = " + "9" * 5000
BOMB = "a: &a [x]\n" + "".join(f"b{k}: &b{k} [{'*b' if k else '*'}{k - 1 if k else 'a'}, *a]\n"
                               for k in range(40))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("deep.toml", DEEP, "nested too deeply"),
        ("long.toml", LONG, "is not TOML: Exceeds the limit"),
        ("long.yaml", "a: " + "9" * 5000, "is not plain YAML: Exceeds the limit"),
        ("date.yaml", "a: 2020-13-45", "is not plain YAML: month must be in 1..12"),
        ("deep.yaml", "[" * 20_000, "nested too deeply"),
        ("python.yaml", "!!python/object/apply:os.system ['true']", "is not plain YAML"),
        ("bomb.yaml", BOMB + "steps: *b39\n", "no such key"),
    ],
)
def test_text_that_breaks_parsers_is_refused_in_one_line(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_text(text)
    readers = [load_protocol, load_rig] if name.endswith(".toml") else [load_protocol]
    for read in readers:
        with pytest.raises(BadInputError, match=told) as refused:
            read(path)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 1000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory so")
def test_the_limit_of_memory_is_one(fuzz):
    with fuzz.memory_limit(1 << 28), pytest.raises(MemoryError):
        np.ones(1 << 30, np.uint8)
    assert np.ones(1 << 20, np.uint8).all()


def test_what_must_not_come_out_is_a_fault(fuzz, targets, tmp_path, monkeypatch):
    def broken(value, folder):
        raise KeyError("a\nb")

    target = targets.Target(targets.TARGETS["pulses"].inputs, broken, 1.0)
    monkeypatch.setattr(targets, "TARGETS", {"pulses": target})
    found = fuzz.fuzz("pulses", 5, seed=1, folder=tmp_path)
    ((what, _),) = found.faults.items()
    assert what.startswith("KeyError: ")


def test_light_is_a_fault(fuzz, targets, tmp_path, monkeypatch):
    from blueslice.rig import make_sim_rig

    def lit(value, folder):
        make_sim_rig(rows=24, columns=24).bench.program_leds((1, 2), 0.001)

    target = targets.Target(targets.TARGETS["pulses"].inputs, lit, 1.0)
    monkeypatch.setattr(targets, "TARGETS", {"pulses": target})
    assert "light" in fuzz.fuzz("pulses", 2, seed=1, folder=tmp_path).faults
