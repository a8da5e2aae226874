"""A file that is there whole or not at all."""

import errno

import pytest

from blueslice.errors import BadInputError, StorageError
from blueslice.recordings.export import FORMATS, whole_file
from blueslice.recordings.export.run_data import no_progress


def write_file(place):
    place.write_text("half")


def write_folder(place):
    (place / "deep").mkdir(parents=True)
    (place / "deep" / "a").write_text("half")


both = pytest.mark.parametrize("write", [write_file, write_folder])


@both
def test_it_is_there_when_all_went_well(tmp_path, write):
    target = tmp_path / "new" / "run.nwb"
    with whole_file(target) as place:
        write(place)
        assert place.suffix == ".nwb"
        assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["run.nwb"]


@both
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StorageError),
        (ValueError("broken"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (BadInputError("no"), BadInputError),
    ],
)
def test_nothing_is_left_when_it_did_not(tmp_path, write, raised, expected):
    def write_and_fail():
        with whole_file(tmp_path / "run.nwb") as place:
            write(place)
            raise raised

    with pytest.raises(expected) as told:
        write_and_fail()
    assert list(tmp_path.iterdir()) == []
    if expected is StorageError:
        assert "run.nwb cannot be written (No space left on device); free space" in str(told.value)


def test_nothing_is_written_over(tmp_path):
    target = tmp_path / "run.nwb"
    target.write_text("mine")
    with pytest.raises(BadInputError, match="exists already"), whole_file(target):
        raise AssertionError("was begun")
    assert target.read_text() == "mine"


@pytest.mark.parametrize("kind", FORMATS)
def test_every_writer_has_closed_its_file_when_it_gets_its_name(
    windows_files, runs, tmp_path, kind
):
    target = tmp_path / f"run{FORMATS[kind].suffix}"
    with whole_file(target) as place:
        FORMATS[kind].write(runs["wash"], place, no_progress)
    assert windows_files.refused == []
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@both
def test_a_file_that_a_scanner_holds_is_kept_and_told(windows_files, tmp_path, write):
    held = []

    def write_and_hold():
        with whole_file(tmp_path / "run.nwb") as place:
            write(place)
            held.append((place / "deep" / "a" if place.is_dir() else place).open("rb"))

    with pytest.raises(StorageError, match=r"run.nwb cannot be replaced, .*kept beside it as"):
        write_and_hold()
    held[0].close()
    (kept,) = tmp_path.iterdir()
    assert kept.name in str(windows_files.refused)
    assert (kept / "deep" / "a" if kept.is_dir() else kept).read_text() == "half"
