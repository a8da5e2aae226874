"""Files that Windows does not let replace while a program has them open: retried, kept, told."""

import errno
import mmap
import os
import re

import pytest

from blueslice import _replace_file
from blueslice._replace_file import FileInUseError, remove_file, replace_file, written_beside
from blueslice.errors import StorageError


@pytest.fixture
def files(tmp_path):
    new, target = tmp_path / "new.pdf", tmp_path / "figure.pdf"
    new.write_text("new")
    target.write_text("old")
    return new, target


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_emulation_refuses_what_windows_refuses(windows_files, tmp_path):
    held, free = tmp_path / "held", tmp_path / "free"
    for path in (held, free):
        path.write_text("1")
    with held.open("rb"):
        for act in (held.unlink, lambda: held.rename(free), lambda: free.replace(held)):
            with pytest.raises(PermissionError):
                act()
    with held.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with pytest.raises(PermissionError):
        free.replace(held)
    mapped.close()
    free.replace(held)
    (tmp_path / "store").mkdir()
    with (tmp_path / "store" / "chunk").open("wb"), pytest.raises(PermissionError):
        (tmp_path / "store").rename(tmp_path / "moved")
    (tmp_path / "store").rename(tmp_path / "moved")
    assert windows_files.refused == ["held", "held", "held", "held", "store"]


@pytest.mark.parametrize("held", [0, 1], ids=["the new one", "the one that was there"])
def test_a_file_is_replaced_as_soon_as_nobody_has_it_open(windows_files, files, held):
    pauses = []
    with files[held].open("rb") as reader:

        def sleep(pause_s):
            pauses.append(pause_s)
            if len(pauses) == 2:
                reader.close()

        replace_file(*files, sleep=sleep)
    assert files[1].read_text() == "new"
    assert len(pauses) == 2
    assert not files[0].exists()


@pytest.mark.parametrize(
    ("act", "done"),
    [
        (replace_file, "replaced"),
        (lambda new, target, sleep: remove_file(target, sleep=sleep), "removed"),
    ],
)
def test_the_attempts_are_bounded_and_the_error_says_what_to_do(windows_files, files, act, done):
    new, target = files
    pauses = []
    with target.open("rb"), pytest.raises(FileInUseError) as told:
        act(new, target, sleep=pauses.append)
    assert pauses == list(_replace_file.PAUSES_S)
    assert str(told.value) == (
        f"{target} cannot be {done}, because another program has it open or it is "
        "write-protected; close it there and try again"
    )
    assert (new.read_text(), target.read_text()) == ("new", "old")


def test_a_viewer_is_waited_for_no_longer_than_a_person_waits():
    assert 1.0 < sum(_replace_file.PAUSES_S) < 3.0


def test_what_waiting_does_not_change_is_told_at_once(monkeypatch, files):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError, match="Permission denied") as told:
        replace_file(*files, sleep=lambda _: pytest.fail("waited"))
    assert not isinstance(told.value, StorageError)


def test_a_file_that_is_gone_is_removed(files):
    remove_file(files[1])
    remove_file(files[1])
    assert not files[1].exists()


def write(target, text="new"):
    with written_beside(target, make_id=lambda: "1a") as place:
        place.write_text(text)


def test_the_new_file_is_kept_when_the_old_one_is_open(windows_files, tmp_path):
    target = tmp_path / "run.ome.zarr"
    target.write_text("old")
    for kept, text in (("new-run.ome.zarr", "second"), ("new-1-run.ome.zarr", "third")):
        with target.open("rb"), pytest.raises(FileInUseError) as told:
            write(target, text)
        assert (tmp_path / kept).read_text() == text
        assert str(told.value) == (
            f"{target} cannot be replaced, because another program has it open or it is "
            f"write-protected; the new one is kept beside it as {kept}: close run.ome.zarr in "
            "the other program, then give the new one its name"
        )
    assert target.read_text() == "old"
    assert names(tmp_path) == ["new-1-run.ome.zarr", "new-run.ome.zarr", "run.ome.zarr"]
    write(target)
    assert target.read_text() == "new"


def test_a_new_file_that_a_scanner_holds_is_kept_under_its_temporary_name(windows_files, tmp_path):
    target = tmp_path / "figure.pdf"
    scanned = []

    def write_scanned():
        with written_beside(target, make_id=lambda: "1a") as place:
            place.write_text("new")
            scanned.append(place.open("rb"))

    with pytest.raises(FileInUseError, match=re.escape("beside it as .partial-1a-figure.pdf:")):
        write_scanned()
    scanned[0].close()
    assert names(tmp_path) == [".partial-1a-figure.pdf"]


def test_what_failed_is_told_also_when_its_part_cannot_be_removed(windows_files, tmp_path):
    held = []

    def fail():
        with written_beside(tmp_path / "figure.pdf") as place:
            held.append(place.open("wb"))
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"figure.pdf cannot be written \(No space left"):
        fail()
    held[0].close()


def test_another_files_trouble_inside_leaves_no_part(windows_files, tmp_path):
    def fail():
        with written_beside(tmp_path / "figure.pdf") as place:
            place.write_text("half")
            raise FileInUseError("another file")

    with pytest.raises(FileInUseError, match="another file"):
        fail()
    assert names(tmp_path) == []
