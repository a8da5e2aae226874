"""The data directory: where it may be, and that one process at a time writes there."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueslice._data_directory import LONGEST_PATH_BYTES, DataDirectory, default_data_directory
from blueslice._tiled_databases import create_databases
from blueslice.errors import BadInputError, StorageError

HOLD_LOCK = """
import sys
from blueslice._data_directory import DataDirectory
lock = DataDirectory(sys.argv[1]).lock_for_writing()
print("locked", flush=True)
sys.stdin.read()
"""


def start_other_session(path: Path) -> subprocess.Popen:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "locked\n"
    return other


def end(other: subprocess.Popen) -> None:
    other.kill()
    other.communicate()


def test_create_makes_folders_only_the_user_can_open(tmp_path):
    directory = DataDirectory(tmp_path / "rig" / "data").create()
    for folder in (directory.path, directory.raw, directory.journal, directory.catalogue):
        assert folder.is_dir()
        if os.name == "posix":
            assert folder.stat().st_mode & 0o777 == 0o700
    assert directory.create() == directory


def test_making_one_touches_nothing(tmp_path):
    directory = DataDirectory(tmp_path / "data")
    assert directory.raw == tmp_path / "data" / "raw"
    assert not directory.path.exists()


def test_path_is_expanded_and_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert DataDirectory("data").path == Path.cwd() / "data"
    assert DataDirectory("~/data").path == Path.home() / "data"


def test_default_is_named_after_the_program():
    assert default_data_directory().path.name == "blueslice"


@pytest.mark.parametrize("name", ["50% done", "slice#3", "what?", "a;b", "two\nlines", "bell\a"])
def test_path_that_the_catalogue_cannot_read_back_is_refused(tmp_path, name):
    with pytest.raises(BadInputError, match="cannot be in its path") as refusal:
        DataDirectory(tmp_path / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["data", "data/below"])
def test_file_in_the_place_of_a_folder_is_refused(tmp_path, name):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match="is a file; move that file or choose another folder"):
        DataDirectory(tmp_path / name).create()


def test_unwritable_folder_is_refused(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=r"cannot be written \(Permission denied\); give"):
        DataDirectory(tmp_path / "data").create()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_read_only_folder_is_refused(tmp_path):
    directory = DataDirectory(tmp_path / "data").create()
    directory.path.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            directory.lock_for_writing()
    finally:
        directory.path.chmod(0o700)


def test_second_process_is_told_who_writes(tmp_path):
    other = start_other_session(tmp_path / "data")
    try:
        with pytest.raises(StorageError) as refusal:
            DataDirectory(tmp_path / "data").lock_for_writing()
        text = str(refusal.value)
        assert f"is being written by process {other.pid} on " in text
        assert "close that session or choose another data directory" in text
        assert "\n" not in text
    finally:
        end(other)


def test_second_session_in_this_process_is_told_so(tmp_path):
    began = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    directory = DataDirectory(tmp_path)
    with directory.lock_for_writing(now=lambda: began) as lock:
        assert lock.held
        with pytest.raises(StorageError, match=r"written by this process on .* since 2026-11-23T"):
            directory.lock_for_writing()
    assert not lock.held
    directory.lock_for_writing().release()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"process": 1}'])
def test_unreadable_note_of_the_writer_does_not_hide_the_refusal(tmp_path, content):
    directory = DataDirectory(tmp_path)
    with directory.lock_for_writing():
        (tmp_path / "writer.json").write_text(content)
        with pytest.raises(StorageError, match="is being written by another session"):
            directory.lock_for_writing()


def test_killed_process_leaves_no_lock(tmp_path):
    other = start_other_session(tmp_path)
    other.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    other.communicate()
    DataDirectory(tmp_path).lock_for_writing().release()


@pytest.mark.skipif(os.name != "posix", reason="Windows has a limit of its own")
def test_the_longest_path_that_sqlite_can_open(tmp_path):
    filler = "資" * 50  # 150 bytes
    parent = tmp_path / filler / filler
    rest = LONGEST_PATH_BYTES - len(str(parent).encode()) - 1
    longest = DataDirectory(parent / ("x" * rest)).create()
    create_databases(longest.catalogue)
    with pytest.raises(BadInputError, match=rf"{LONGEST_PATH_BYTES + 1} bytes, and SQLite"):
        DataDirectory(parent / ("x" * (rest + 1)))


@pytest.mark.skipif(os.name != "posix", reason="Windows has a limit of its own")
def test_a_link_makes_no_path_shorter(tmp_path):
    """SQLite follows links before it measures a path."""
    far = tmp_path.joinpath(*["資" * 80] * 2)
    far.mkdir(parents=True)
    (tmp_path / "short").symlink_to(far)
    with pytest.raises(BadInputError, match=r"short', a link to .*: the path has \d+ bytes"):
        DataDirectory(tmp_path / "short")
