"""What the raw files tell of trials whose writer was killed."""

import shutil

import numpy as np
import pytest

from blueslice.devices._trial_file import DatasetSpec, TrialFile
from blueslice.recover._raw_files import read_raw_trials

FRAMES, SHAPE = 40, (4, 6)
SPECS = [
    DatasetSpec("camera", SHAPE, "<u2"),
    DatasetSpec("camera-counter", (), "<i8", fill=-1),
    DatasetSpec("camera-dark", SHAPE, "<f4", per_frame=False, fill=float("nan")),
]


def block(first, count=10):
    frames = np.arange(first, first + count)
    return {
        "camera-counter": frames,
        "camera": np.broadcast_to(frames[:, None, None] + 1, (count, *SHAPE)),
    }


@pytest.fixture
def file(tmp_path):
    file = TrialFile(tmp_path / "camera.h5", SPECS, FRAMES, {"device": "camera"})
    file.begin_trial(0, {"camera-dark": np.zeros(SHAPE)})
    yield file
    file.close()


def frames_after_a_kill(file):
    """Read what another process would find if this one were killed now."""
    left = file.path.with_name("left.h5")
    shutil.copyfile(file.path, left)
    return read_raw_trials(left).frames


def test_a_trial_that_was_cut_off_has_the_frames_that_were_written(file):
    assert frames_after_a_kill(file) == (0,)
    for first in (0, 10, 20):
        file.write(0, first, block(first))
    assert frames_after_a_kill(file) == (30,)
    file.write(0, 30, block(30))
    file.end_trial(0, FRAMES)
    assert frames_after_a_kill(file) == (FRAMES,)


def test_pictures_that_have_no_place_in_the_file_are_not_frames_of_zeros(file):
    for first in (0, 10, 20):
        file.write(0, first, block(first))
    # HDF5 promises no order in which two datasets' chunks get their place.
    file._file["camera-counter"].id.write_direct_chunk((0, 30), block(30)["camera-counter"])
    file._file.flush()
    assert frames_after_a_kill(file) == (30,)
