"""Damaged data at the commands that read it: one line that names what, and no traceback."""

import shutil

import h5py
import httpx
import numpy as np
import pytest

from blueslice.broker import DataDirectory
from blueslice.cli import main
from blueslice.errors import BadInputError, StorageError
from blueslice.plans import two_pulse
from blueslice.recordings.export._readable import ReadableArray, reading
from blueslice.rig import make_sim_rig
from blueslice.session import Session


class Refusing:
    """What h5py, or Tiled, is like when it cannot read."""

    shape, dtype = (2, 3), np.dtype("f4")

    def __init__(self, error):
        self.error = error

    def __getitem__(self, item):
        raise self.error


REQUEST = httpx.Request("GET", "http://127.0.0.1/api/v1/array/block/x")
REFUSALS = [
    OSError("Can't synchronously read data\n(inflate() failed)"),
    RuntimeError("Unspecified error in H5Dread"),
    KeyError("'x'"),
    ValueError("cannot reshape array of size 3"),
    httpx.HTTPStatusError("500: no such block", request=REQUEST, response=httpx.Response(500)),
    httpx.ConnectError("Connection refused"),
    EOFError(),
]  # fmt: skip


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_is_told_with_what_could_not_be_read(error):
    array = ReadableArray("camera in the raw data file /x/y-camera.h5", Refusing(error))
    with pytest.raises(StorageError, match=r"camera in the raw data file /x/y-camera\.h5") as told:
        array[0]
    line = str(told.value)
    assert "\n" not in line
    assert "'blueslice verify'" in line
    assert (" ".join(str(error).split()) or "EOFError") in line


def test_what_is_told_already_is_not_told_again():
    with pytest.raises(BadInputError, match=r"^no such ROI$"), reading("x"):
        raise BadInputError("no such ROI")


def test_the_documents_count_the_trials():
    values = np.arange(12).reshape(4, 3)
    array = ReadableArray("x", values, 2)
    assert (array.shape, array.dtype) == ((2, 3), values.dtype)
    np.testing.assert_array_equal(array[1], values[1])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A data directory with a run and its dF/F, and a copy of all its files."""
    folder = tmp_path_factory.mktemp("damaged")
    directory = DataDirectory(folder / "data")
    rig = make_sim_rig(11, data_directory=directory, rows=32, columns=32)
    with Session(rig, directory) as session:
        session.RE(two_pulse(rig, trials=2))
        session.wait()
    shutil.copytree(directory.path, folder / "copy")
    return directory


@pytest.fixture
def data(recorded):
    """That directory, whole again."""
    shutil.rmtree(recorded.path)
    shutil.copytree(recorded.path.parent / "copy", recorded.path)
    return recorded


def camera_of(data):
    (path,) = data.raw.rglob("*-camera.h5")
    return path


def cut_short(data):
    path = camera_of(data)
    path.write_bytes(path.read_bytes()[:3000])


def remove(data):
    camera_of(data).unlink()


def begin_with_zeros(data):
    path = camera_of(data)
    content = bytearray(path.read_bytes())
    content[:2048] = bytes(2048)
    path.write_bytes(content)


def lose_dataset(data):
    with h5py.File(camera_of(data), "r+") as file:
        del file["camera-dark"]


def other_shape(data):
    with h5py.File(camera_of(data), "r+") as file:
        del file["camera"]
        file["camera"] = np.zeros((1, 3), np.uint16)


def overwrite_arrays(data):
    for path in (data.catalogue / "arrays").rglob("*"):
        if path.is_file():
            path.write_bytes(b"not an array")


def remove_arrays(data):
    shutil.rmtree(data.catalogue / "arrays")


def overwrite_catalogue(data):
    for path in data.catalogue.glob("catalogue.db*"):
        path.write_bytes(bytes(4096))


COMMANDS = {
    "mat": ["export", "-1", "--format", "mat"],
    "csv": ["export", "-1", "--format", "csv"],
    "ome-zarr": ["export", "-1", "--format", "ome-zarr"],
    "show": ["show", "-1", "--kind", "traces", "--kind", "difference"],
    "runs": ["runs"],
}
# what is damaged: the commands that need it
DAMAGES = {
    cut_short: ("mat", "csv", "ome-zarr", "show"),
    remove: ("mat", "ome-zarr", "show"),
    begin_with_zeros: ("mat", "csv", "ome-zarr", "show"),
    lose_dataset: ("mat", "csv", "ome-zarr", "show"),
    other_shape: ("mat", "csv", "ome-zarr", "show"),
    overwrite_arrays: ("mat", "csv", "ome-zarr", "show"),
    remove_arrays: ("mat", "csv", "ome-zarr", "show"),
    overwrite_catalogue: ("mat", "csv", "ome-zarr", "show", "runs"),
}


@pytest.mark.long
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_it_is_one_line(data, tmp_path, capsys, damage):
    damage(data)
    for name, arguments in COMMANDS.items():
        out = ["--out", str(tmp_path / name)] if name != "runs" else []
        code = main([*arguments, *out, "--data-dir", str(data)])
        err = capsys.readouterr().err
        assert "Traceback" not in err, name
        if name in DAMAGES[damage]:
            assert len(err.splitlines()) == 1, (name, err)
            (line,) = err.splitlines()
            assert line.startswith("blueslice: "), name
            # Told as what it is, not as a fault of the program.
            assert "does not know" not in line, (name, line)
            assert code == 1, (name, line)
            # Nothing half-written is left.
            assert not list((tmp_path / name).glob("*")), name
        else:
            assert (code, err) == (0, ""), name


@pytest.mark.long
def test_all_of_it_can_be_read_before(data, tmp_path, capsys):
    for name, arguments in COMMANDS.items():
        out = ["--out", str(tmp_path / name)] if name != "runs" else []
        assert main([*arguments, *out, "--data-dir", str(data)]) == 0, capsys.readouterr().err
