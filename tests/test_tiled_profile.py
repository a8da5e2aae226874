"""Profiles: whose they are, what the printed code opens, and files that are in use."""

import os
import subprocess
import sys

import event_model
import pytest
import tiled.profiles
import yaml

from blueslice.broker import (
    CatalogueServer,
    DataDirectory,
    install_profile,
    opening_code,
)
from blueslice.cli import main
from blueslice.errors import BadInputError, StorageError
from blueslice.rig import make_sim_rig
from blueslice.session import Session


def test_a_profile_that_a_program_has_open(windows_files, tmp_path):
    profiles = tmp_path / "profiles"
    path = install_profile(DataDirectory(tmp_path / "one"), profiles_directory=profiles)
    before = path.read_text(encoding="utf-8")
    with path.open("rb"), pytest.raises(StorageError, match="another program has it open"):
        install_profile(DataDirectory(tmp_path / "two"), profiles_directory=profiles)
    assert set(windows_files.refused) == {path.name}
    assert path.read_text(encoding="utf-8") == before
    assert sorted(profiles.glob("*.yml")) == [path]
    install_profile(DataDirectory(tmp_path / "two"), profiles_directory=profiles)
    assert "two" in path.read_text(encoding="utf-8")


@pytest.fixture
def default_directory(tmp_path, monkeypatch):
    """The default data directory, of a user whose profiles are in a folder of its own."""
    directory = DataDirectory(tmp_path / "home" / "default")
    for module in ("_tiled_profile", "_data_directory", "broker"):
        monkeypatch.setattr(f"blueslice.{module}.default_data_directory", lambda: directory)
    monkeypatch.setattr(tiled.profiles, "paths", [tmp_path / "profiles"])
    return directory


def opened_directory(profile):
    return yaml.safe_load(profile.read_text(encoding="utf-8"))[profile.stem]["direct"]["catalog"]


@pytest.mark.long
def test_a_session_installs_only_that_of_the_default_directory(default_directory, tmp_path):
    profile = tmp_path / "profiles" / "blueslice.yml"
    other = DataDirectory(tmp_path / "other")

    def open_session(directory):
        rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
        with Session(rig, directory):
            pass

    open_session(other)
    assert not profile.exists()
    open_session(default_directory)
    before = profile.read_text(encoding="utf-8")
    assert str(default_directory.raw) in opened_directory(profile)["readable_storage"]
    open_session(other)
    assert profile.read_text(encoding="utf-8") == before


def test_the_name_belongs_to_the_default_directory(default_directory, tmp_path):
    profile = install_profile(default_directory)
    before = profile.read_text(encoding="utf-8")
    with pytest.raises(BadInputError, match=r'belongs to the default .*, "slices"\)'):
        install_profile(DataDirectory(tmp_path / "other"))
    assert profile.read_text(encoding="utf-8") == before


def test_another_data_directory_gets_one_on_request(default_directory, tmp_path):
    path = install_profile(str(tmp_path / "other"), "slices")
    assert path == tmp_path / "profiles" / "slices.yml"
    assert str(tmp_path / "other" / "raw") in opened_directory(path)["readable_storage"]


def test_a_profile_that_opened_another_directory_is_named_when_it_changes(
    default_directory, tmp_path, caplog
):
    # As each session used to leave it.
    install_profile(tmp_path / "lab", profiles_directory=tmp_path / "profiles")
    install_profile(default_directory)
    assert str(tmp_path / "lab") in caplog.text
    assert "blueslice profile NAME --data-dir" in caplog.text
    caplog.clear()
    install_profile(default_directory)
    assert caplog.text == ""


def test_the_default_directory_by_another_path_is_the_default_one(default_directory, tmp_path):
    default_directory.create()
    (tmp_path / "link").symlink_to(default_directory.path)
    assert DataDirectory(tmp_path / "link").is_default
    assert not DataDirectory(tmp_path).is_default


@pytest.mark.slow
@pytest.mark.parametrize("place", ["home/default", 'Jörg\'s "other" [data]'])
def test_the_code_that_is_printed_opens_the_run(default_directory, tmp_path, place):
    directory = DataDirectory(tmp_path / place)
    run = event_model.compose_run()
    uid = run.start_doc["uid"]
    with CatalogueServer(directory) as server:
        if directory.is_default:
            install_profile(directory)
        writer = server.writer()
        writer("start", run.start_doc)
        writer("stop", run.compose_stop())
        writer.wait(60.0)
    code = opening_code(directory, uid[:8])
    assert ("databroker" in code) == (place == "home/default")
    *imports, expression = code.split("; ")
    script = "\n".join([*imports, f"print({expression}.start['uid'])"])
    reader = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env={**os.environ, "TILED_PROFILES": str(tmp_path / "profiles")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert reader.stdout.strip() == uid, reader.stderr


def test_the_command_installs_a_profile(default_directory, tmp_path, capsys):
    assert main(["profile", "slices", "--data-dir", str(tmp_path / "other")]) == 0
    assert 'databroker.catalog["slices"].v3' in capsys.readouterr().out.replace("\n", " ")
    assert (tmp_path / "profiles" / "slices.yml").exists()
    assert main(["profile", "blueslice", "--data-dir", str(tmp_path / "other")]) == 2
    assert "belongs to the default data directory" in capsys.readouterr().err
