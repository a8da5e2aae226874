"""What does not match its checksum is reported: bits that flipped, files that were exchanged."""

import random
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from blueslice import cli
from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals
from blueslice.errors import BadInputError
from blueslice.plans import two_pulse
from blueslice.recover import recover, verify
from blueslice.rig import make_sim_rig
from blueslice.session import Session

TRIALS = 3


@pytest.fixture(scope="module")
def acquired(tmp_path_factory):
    """A data directory with a run of three trials."""
    directory = DataDirectory(tmp_path_factory.mktemp("acquired") / "data")
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24, pace="fast")
    with Session(rig, directory, catalogue=False) as session:
        session.RE(two_pulse(rig, trials=TRIALS, rest_s=1.0))
    return directory


@pytest.fixture
def kept(acquired):
    """The same for one test, which may damage it: its files are put back afterwards."""
    files = {p: p.read_bytes() for p in acquired.path.rglob("*") if p.is_file()}
    yield acquired
    for path in acquired.path.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
    for path, content in files.items():
        path.write_bytes(content)


def file_of(directory, device) -> Path:
    (path,) = directory.raw.rglob(f"*-{device}.h5")
    return path


def flip(path, at, bit=0):
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(bytes(content))


def chunk_bytes(path, name):
    """Return where a dataset's chunks are in its file: (first byte, length) of each."""
    with h5py.File(path, "r") as file:
        dataset = file[name].id
        found = [dataset.get_chunk_info(k) for k in range(dataset.get_num_chunks())]
    return [(one.byte_offset, one.size) for one in found]


def test_what_was_recorded_matches(kept):
    report = verify(kept)
    assert report.faults == ()
    raw = next(run for run in report.runs if run.what == "two_pulse")
    assert (raw.trials, raw.readable_trials, raw.has_checksums) == (TRIALS, TRIALS, True)


@pytest.mark.parametrize(
    ("device", "dataset"),
    [
        ("camera", "camera"),
        ("camera", "camera-counter"),
        ("camera", "camera-dark"),
        ("amplifier", "amplifier-voltage"),
        ("amplifier", "amplifier-led_1"),
    ],
)
def test_a_flipped_bit_is_reported_with_its_trial_and_its_file(kept, device, dataset):
    path = file_of(kept, device)
    first, length = chunk_bytes(path, dataset)[-1]
    flip(path, first + length // 2, bit=3)
    (fault,) = verify(kept).faults
    assert fault == f"trial 3: {path}: {dataset} differs from what was recorded"
    report = recover(kept, catalogue=False)
    assert report.problems == (fault,)
    run = next(run for run in report.runs if run.what == "two_pulse")
    assert (run.trials, run.readable_trials) == (TRIALS, TRIALS - 1)


@pytest.mark.parametrize("seed", range(4))
def test_flips_anywhere_in_a_journal_are_reported(kept, seed):
    chooser = random.Random(seed)
    for path in find_journals(kept.journal):
        content = path.read_bytes()
        for _ in range(40):
            at = chooser.randrange(len(content))
            flip(path, at, chooser.randrange(8))
            assert any(str(path) in fault for fault in verify_journals(kept)), content[at - 20 : at]
            path.write_bytes(content)


def verify_journals(directory):
    from blueslice.recover._kept_run import read_run
    from blueslice.recover._verified_run import verified_journal

    return [
        fault
        for path in find_journals(directory.journal)
        for fault in verified_journal(path, read_run(path))
    ]


def test_flips_in_the_headers_of_a_raw_file_are_reported(kept):
    path = file_of(kept, "camera")
    data = [range(at, at + n) for name in ("camera", "camera-counter", "camera-dark")
            for at, n in chunk_bytes(path, name)]  # fmt: skip
    chooser = random.Random(5)
    size = path.stat().st_size
    places = [at for at in (chooser.randrange(size) for _ in range(4000))
              if not any(at in part for part in data)]  # fmt: skip
    whole = path.read_bytes()
    reported = 0
    for at in places[:40]:
        flip(path, at)
        faults = verify(kept).faults
        reported += bool(faults)
        # What goes by unreported is space that holds nothing.
        assert faults or reads_the_same(path, whole), at
        path.write_bytes(whole)
    assert reported


def reads_the_same(path, whole):
    other = path.with_name("whole.h5")
    other.write_bytes(whole)
    try:
        with h5py.File(path, "r", swmr=True) as one, h5py.File(other, "r", swmr=True) as two:
            assert dict(one.attrs) == dict(two.attrs)
            return all(np.array_equal(one[n], two[n], equal_nan=True) for n in two)
    finally:
        other.unlink()


def test_a_file_in_the_place_of_another_is_reported(kept, tmp_path):
    other = DataDirectory(tmp_path / "other")
    rig = make_sim_rig(4, data_directory=other, rows=24, columns=24, pace="fast")
    with Session(rig, other, catalogue=False) as session:
        session.RE(two_pulse(rig, trials=TRIALS, rest_s=1.0))
    shutil.copyfile(file_of(other, "camera"), file_of(kept, "camera"))
    faults = verify(kept).faults
    assert "it is another recording than the one that its event names" in faults[0]
    assert faults[0].startswith("trials 1, 2, 3: ")


def test_a_lost_file_and_a_lost_trial_are_reported(kept):
    camera, amplifier = file_of(kept, "camera"), file_of(kept, "amplifier")
    with h5py.File(amplifier, "r+") as file:
        file["frames_recorded"][2] = 0
    assert verify(kept).faults == (f"trial 3: {amplifier}: the file counts 0 of its 100 frames",)
    camera.unlink()
    assert f"trials 1, 2, 3: {camera}: the file is not there" in verify(kept).faults
    report = recover(kept, catalogue=False)
    run = next(run for run in report.runs if run.what == "two_pulse")
    assert run.readable_trials == 0
    # A damaged run stays as it is.
    assert not run.changed


def test_recover_reads_a_file_again_only_when_it_has_changed(kept, monkeypatch):
    from blueslice.recover import recover as module

    read = []
    real = module.__globals__["verified_files"]
    monkeypatch.setitem(
        module.__globals__, "verified_files", lambda run: read.append(run.uid) or real(run)
    )
    recover(kept, catalogue=False)
    assert len(read) == 1
    recover(kept, catalogue=False)
    assert len(read) == 1
    first, _ = chunk_bytes(file_of(kept, "camera"), "camera")[0]
    flip(file_of(kept, "camera"), first)
    assert recover(kept, catalogue=False).problems
    assert len(read) == 2


def test_a_file_without_checksums_is_of_an_earlier_version(kept):
    for device in ("camera", "amplifier"):
        with h5py.File(file_of(kept, device), "r+") as file:
            del file["checksums"]
    (path,) = [p for p in find_journals(kept.journal) if b"two_pulse" in p.read_bytes()]
    # Of events that name no checksum, as earlier versions wrote them.
    lines = re.sub(rb',"crc32":"\w+"', b"", path.read_bytes())
    path.write_bytes(re.sub(rb'-trial_checksum":', b'-other":', lines))
    run = next(run for run in verify(kept).runs if run.what == "two_pulse")
    assert (run.faults, run.has_checksums, run.readable_trials) == ((), False, TRIALS)


def test_the_command_says_what_does_not_match(kept, capsys):
    assert cli.main(["verify", "--data-dir", str(kept)]) == 0
    assert capsys.readouterr().out.splitlines() == ["2 runs: 3 trials are as they were recorded"]
    path = file_of(kept, "camera")
    flip(path, chunk_bytes(path, "camera")[0][0])
    assert cli.main(["verify", "--data-dir", str(kept)]) == 1
    told = capsys.readouterr()
    assert "two_pulse, 2 of 3 trials as recorded" in told.out
    assert f"    trial 1: {path}: camera differs from what was recorded" in told.out
    assert told.out.splitlines()[-1].endswith(
        "2 trials are as they were recorded; 1 runs have faults"
    )
    assert len(told.err.splitlines()) == 1


def test_no_data_directory_is_nothing_to_verify(tmp_path):
    with pytest.raises(BadInputError, match="there is no data directory"):
        verify(DataDirectory(tmp_path / "none"))
