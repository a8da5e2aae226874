"""The raw file: every frame where it belongs, readable while it grows, clear when it cannot be."""

import shutil
import subprocess
import sys
from collections import namedtuple
from typing import Any

import h5py
import numpy as np
import pytest

from blueslice.devices._trial_file import DatasetSpec, TrialFile, frames_per_chunk
from blueslice.errors import StorageError

FRAMES = 25  # two whole chunks and a half one
SPECS = (
    DatasetSpec("camera", (3, 4), "<u2", units="counts"),
    DatasetSpec("camera-counter", (), "<i8", fill=-1),
    DatasetSpec("camera-dark", (3, 4), "<f4", per_frame=False),
)
NAN_SPECS = (DatasetSpec("voltage", (5,), "<f4", units="mV", fill=float("nan")),)


def frames_of(trial, count=FRAMES):
    rng = np.random.default_rng(trial)
    return {
        "camera": rng.integers(1, 16000, (count, 3, 4), np.uint16),
        "camera-counter": np.arange(count, dtype=np.int64),
    }


def write(file, trial, arrays, block):
    count = len(next(iter(arrays.values())))
    for first in range(0, count, block):
        file.write(trial, first, {n: a[first : first + block] for n, a in arrays.items()})
    file.end_trial(trial, count)


def opened(path, **how) -> Any:
    return h5py.File(path, **how)


def dark(trial):
    return {"camera-dark": np.full((3, 4), 900.5 + trial, np.float32)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "2026" / "11" / "run.h5"


@pytest.mark.parametrize("block", [1, 3, 7, 10, 11, FRAMES])
def test_blocks_of_any_length_make_the_same_file(path, block):
    file = TrialFile(path, SPECS, FRAMES, {"model": "test"})
    for trial in range(2):
        file.begin_trial(trial, dark(trial))
        write(file, trial, frames_of(trial), block)
    file.close()
    with opened(path) as read:
        for trial in range(2):
            for name, values in {**frames_of(trial), **dark(trial)}.items():
                np.testing.assert_array_equal(read[name][trial], values)
        assert read["frames_recorded"][:].tolist() == [FRAMES, FRAMES]
        assert dict(read.attrs) == {"frame_count": FRAMES, "model": "test"}
        assert dict(read["camera"].attrs) == {"units": "counts"}


@pytest.mark.parametrize("recorded", [0, 1, 9, 10, 19, 24])
@pytest.mark.parametrize("block", [4, 10])
def test_a_torn_trial_has_its_frames_and_fill_values(path, recorded, block):
    file = TrialFile(path, SPECS, FRAMES, {})
    file.begin_trial(0, dark(0))
    write(file, 0, frames_of(0, recorded), block)
    file.close()
    with opened(path) as read:
        assert read["frames_recorded"][:].tolist() == [recorded]
        assert read["camera"].shape == (1, FRAMES, 3, 4)
        np.testing.assert_array_equal(
            read["camera"][0, :recorded], frames_of(0, recorded)["camera"]
        )
        assert not read["camera"][0, recorded:].any()
        assert read["camera-counter"][0].tolist() == [
            *range(recorded),
            *[-1] * (FRAMES - recorded),
        ]


@pytest.mark.parametrize("torn_at", [3, 12, 24])
def test_a_retaken_trial_leaves_nothing_of_the_torn_one(path, torn_at):
    file = TrialFile(path, SPECS, FRAMES, {})
    file.begin_trial(0, dark(0))
    write(file, 0, frames_of(0), 7)
    file.begin_trial(1, dark(1))
    write(file, 1, frames_of(1, torn_at), 5)
    file.begin_trial(1, dark(2))
    with opened(path, swmr=True) as read:
        assert not read["camera"][1].any()
        assert read["frames_recorded"][:].tolist() == [FRAMES, 0]
    write(file, 1, frames_of(2, 2), 1)
    file.close()
    with opened(path) as read:
        assert read["frames_recorded"][:].tolist() == [FRAMES, 2]
        np.testing.assert_array_equal(read["camera"][1, :2], frames_of(2, 2)["camera"])
        assert not read["camera"][1, 2:].any()
        assert (read["camera-counter"][1, 2:] == -1).all()
        np.testing.assert_array_equal(read["camera-dark"][1], dark(2)["camera-dark"])
        np.testing.assert_array_equal(read["camera"][0], frames_of(0)["camera"])


def test_samples_that_never_came_are_not_numbers(path):
    file = TrialFile(path, NAN_SPECS, FRAMES, {})
    file.begin_trial(0, {})
    write(file, 0, {"voltage": np.ones((13, 5), np.float32)}, 13)
    file.begin_trial(1, {})
    file.end_trial(1, 0)
    file.close()
    with opened(path) as read:
        assert np.isfinite(read["voltage"][0]).all(axis=1).sum() == 13
        assert np.isnan(read["voltage"][1]).all()


def test_a_reader_sees_trials_while_the_writer_is_open(path):
    file = TrialFile(path, SPECS, FRAMES, {})
    with opened(path, swmr=True) as reader:
        assert reader["camera"].shape[0] == 0
        for trial in range(3):
            file.begin_trial(trial, dark(trial))
            write(file, trial, frames_of(trial), 6)
            for name in (spec.name for spec in SPECS):
                reader[name].refresh()
                assert reader[name].shape[0] == trial + 1
            np.testing.assert_array_equal(reader["camera"][trial], frames_of(trial)["camera"])
    file.close()
    file.close()


READER = """
import sys, h5py
with h5py.File(sys.argv[1], "r", swmr=True) as file:
    print(*file["camera-counter"][0])
"""


def test_another_process_sees_whole_chunks_before_the_trial_ends(path):
    file = TrialFile(path, SPECS, FRAMES, {})
    file.begin_trial(0, dark(0))
    file.write(0, 0, {name: values[:12] for name, values in frames_of(0).items()})
    file._file.flush()
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == [str(k) for k in (*range(10), *[-1] * 15)], done.stderr
    file.close()


WRITTEN_THEN_KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from blueslice.devices._trial_file import DatasetSpec, TrialFile
spec = DatasetSpec("camera-counter", (), "<i8", fill=-1)
file = TrialFile(Path(sys.argv[1]), [spec], 25, {})
file.begin_trial(0, {})
if sys.argv[2] != "begun":
    file.write(0, 0, {"camera-counter": np.arange(12)})
if sys.argv[2] == "retaken":
    file.write(0, 12, {"camera-counter": np.arange(12, 25)})
    file.end_trial(0, 25)
    file._blank = lambda *_: os._exit(9)
    file.begin_trial(0, {})
if sys.argv[2] == "counted":
    file.write(0, 12, {"camera-counter": np.arange(12, 25)})
    class Counts:
        def __setitem__(self, *_):
            os._exit(9)
    file._recorded = Counts()
    file.end_trial(0, 25)
os._exit(9)
"""


@pytest.mark.parametrize(
    ("killed", "frames", "counted"),
    [("begun", 0, 0), ("within", 10, 0), ("counted", 25, 0), ("retaken", 25, 0)],
)
def test_what_a_killed_process_has_written_is_found(path, killed, frames, counted):
    """A count of frames is never there before the frames, nor after they are written over."""
    done = subprocess.run(
        [sys.executable, "-c", WRITTEN_THEN_KILLED, str(path), killed],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 9, done.stderr
    with opened(path, mode="r", swmr=True) as read:
        assert read["frames_recorded"][:].tolist() == [counted]
        assert (read["camera-counter"][0] >= 0).sum() == frames


@pytest.mark.parametrize(
    ("frame_count", "frame_bytes", "expected"),
    [(100, 12_800, 10), (4, 12_800, 4), (100, 8 << 20, 1), (100, 300_000, 3), (1, 0, 1)],
)
def test_chunks_are_early_and_large_enough(path, frame_count, frame_bytes, expected):
    assert frames_per_chunk(frame_count, frame_bytes) == expected


def test_chunk_shape_is_that_of_the_file(path):
    file = TrialFile(path, SPECS, FRAMES, {})
    assert file.chunk_shape("camera") == (1, 10, 3, 4)
    assert file.chunk_shape("camera-counter") == (1, 10)
    assert file.chunk_shape("camera-dark") == (1, 3, 4)
    file.close()


def one_line(error, path):
    text = str(error.value)
    assert "\n" not in text
    assert str(path) in text
    assert "another data directory" in text
    return text


def test_an_existing_file_is_never_overwritten(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"yesterday's data")
    with pytest.raises(StorageError) as error:
        TrialFile(path, SPECS, FRAMES, {})
    assert "cannot be made" in one_line(error, path)
    assert path.read_bytes() == b"yesterday's data"


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    # A file where the folder should be: also holds for an administrator, who may write anywhere.
    (tmp_path / "raw").write_text("not a folder")
    path = tmp_path / "raw" / "run.h5"
    with pytest.raises(StorageError) as error:
        TrialFile(path, SPECS, FRAMES, {})
    one_line(error, path)


def test_a_trial_without_room_on_the_disk_is_refused_before_it_starts(path, monkeypatch):
    file = TrialFile(path, SPECS, FRAMES, {})
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**5))
    with pytest.raises(StorageError) as error:
        file.begin_trial(0, dark(0))
    assert "0 MB free and a trial takes 4 MB" in one_line(error, path)
    file.close()
    with pytest.raises(StorageError, match="MB free"):
        TrialFile(path.with_name("second.h5"), SPECS, FRAMES, {})


# A file-size limit stands for a disk that fills up: HDF5 sees the same failing write. In a
# process of its own, which ends without HDF5's clean-up (it dies of the open file).
FULL_DISK = """
import os, resource, signal, sys
from pathlib import Path
import numpy as np
from blueslice.devices._trial_file import DatasetSpec, TrialFile
from blueslice.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = TrialFile(Path(sys.argv[1]), [DatasetSpec("camera", (80, 80), "<u2")], 100, {})
file.begin_trial(0, {})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
for step in (
    lambda: file.write(0, 0, {"camera": np.ones((100, 80, 80), np.uint16)}),
    lambda: file.end_trial(0, 5),
    lambda: file.begin_trial(1, {}),
    file.close,
    file.close,
):
    try:
        step()
    except StorageError as error:
        print(error)
    else:
        print("done")
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_disk_that_fills_up_is_told_in_one_line(path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 5, done.stderr
    assert lines[0] == (
        f"trial 1 is lost, those before are kept: the raw data file {path} cannot be written "
        "(File too large); free space on the disk or choose another data directory, then start "
        "the protocol again"
    )
    # What fails afterwards fails because of it.
    assert lines[1:4] == [lines[0]] * 3
    assert lines[4] == "done"


@pytest.fixture
def syncs(monkeypatch):
    """What another process would find in the file each time that it is brought to the disk."""
    from blueslice.devices import _trial_file

    found = []
    real = _trial_file.sync_open_file

    def noted(descriptor):
        real(descriptor)
        path = next(iter(found_paths), None)
        if path is not None:
            left = path.with_name("left.h5")
            shutil.copyfile(path, left)
            with opened(left, mode="r", swmr=True) as read:
                found.append(
                    (read["frames_recorded"][:].tolist(), int((read["camera"][:] > 0).sum()))
                )

    found_paths = []
    monkeypatch.setattr(_trial_file, "sync_open_file", noted)
    return found, found_paths


def test_frames_come_to_the_disk_before_their_count_and_both_before_the_end(path, syncs):
    found, watched = syncs
    file = TrialFile(path, SPECS, FRAMES, {})
    watched.append(path)
    file.begin_trial(0, dark(0))
    file.write(0, 0, frames_of(0))
    assert found == []
    file.end_trial(0, FRAMES)
    everything = FRAMES * 12
    assert found == [([0], everything), ([FRAMES], everything)]
    # A trial that is taken again: its old count is off the disk before anything is overwritten.
    file.begin_trial(0, dark(0))
    assert found[2] == ([0], everything)
    file.close()


def test_a_new_file_has_its_name_on_the_disk(path, monkeypatch):
    from blueslice import _on_disk
    from blueslice.devices import _trial_file

    synced = []
    for module in (_on_disk, _trial_file):
        monkeypatch.setattr(module, "sync_folder", synced.append)
    TrialFile(path, SPECS, FRAMES, {}).close()
    assert synced == [path.parent.parent.parent, path.parent.parent, path.parent]


def test_the_checksum_is_that_of_what_can_be_read_back(path):
    from blueslice._trial_checksum import array_checksum, trial_checksum

    file = TrialFile(path, SPECS, FRAMES, {})
    sums = []
    for trial, recorded in enumerate((FRAMES, 13)):
        file.begin_trial(trial, dark(trial))
        file.write(trial, 0, {n: a[:recorded] for n, a in frames_of(trial).items()})
        sums.append(file.end_trial(trial, recorded))
    file.close()
    with opened(path, mode="r") as read:
        for trial, recorded in enumerate((FRAMES, 13)):
            row = [
                array_checksum(read["camera"][trial, :recorded], "<u2"),
                array_checksum(read["camera-counter"][trial, :recorded], "<i8"),
                array_checksum(read["camera-dark"][trial], "<f4"),
            ]
            assert read["checksums"][trial].tolist() == row
            assert sums[trial] == trial_checksum(row)
