"""A profile that a program has open stays as it was, and the error says so."""

import pytest

from blueslice.broker import DataDirectory, install_profile
from blueslice.errors import StorageError


def test_a_profile_that_a_program_has_open(windows_files, tmp_path):
    profiles = tmp_path / "profiles"
    path = install_profile(DataDirectory(tmp_path / "one"), profiles_directory=profiles)
    before = path.read_text(encoding="utf-8")
    with path.open("rb"), pytest.raises(StorageError, match="another program has it open"):
        install_profile(DataDirectory(tmp_path / "two"), profiles_directory=profiles)
    assert set(windows_files.refused) == {path.name}
    assert path.read_text(encoding="utf-8") == before
    assert list(profiles.iterdir()) == [path]
    install_profile(DataDirectory(tmp_path / "two"), profiles_directory=profiles)
    assert "two" in path.read_text(encoding="utf-8")
