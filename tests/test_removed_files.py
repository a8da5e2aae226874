"""What somebody removes or protects while it is in use: it is told, and no light stays on."""

import os
import re
import shutil
import stat
import sys

import pytest
from bluesky.utils import FailedStatus

from blueslice.broker import DataDirectory
from blueslice.errors import StorageError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps open files")


@POSIX
@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("journal", r"journal .* cannot be written \(it was removed while it was written\)"),
        ("raw", r"the raw data file .* was removed while it was written: all trials of the run"),
    ],
)
def test_a_folder_that_is_removed_during_a_run_ends_it(directory, folder, told):
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)

    def remove(name, doc):
        if doc["data"].get("trial-number") == 1:
            shutil.rmtree(getattr(directory, folder))

    with Session(rig, directory, catalogue=False) as session:
        session.RE.subscribe(remove, "event")
        with pytest.raises((StorageError, FailedStatus)) as failed:
            session.RE(two_pulse(rig, trials=5))
        error = failed.value.__cause__ if isinstance(failed.value, FailedStatus) else failed.value
        assert isinstance(error, StorageError)
        assert re.search(told, str(error))
        assert rig.bench.lit_now() == 0
        assert rig.bench._leds == ((), 0.0)
        assert session.RE.state == "idle"


@POSIX
def test_what_is_made_is_open_to_its_user_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        directory = DataDirectory(tmp_path / "lab" / "rig" / "data")
        rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)
        with Session(rig, directory, catalogue=False) as session:
            session.RE(two_pulse(rig, trials=1))
    finally:
        os.umask(before)
    folders = [tmp_path / "lab", *(path for path in (tmp_path / "lab").rglob("*") if path.is_dir())]
    assert len(folders) > 8
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert stat.S_IMODE((directory.path / "writer.lock").stat().st_mode) == 0o600
    assert stat.S_IMODE((directory.path / "light.db").stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_no_reason_not_to_acquire(
    directory, tmp_path, monkeypatch, caplog
):
    import tiled.profiles

    in_its_place = tmp_path / "a file"
    in_its_place.write_text("")
    monkeypatch.setattr(tiled.profiles, "paths", [in_its_place / "profiles"])
    # The profile is that of the default data directory.
    monkeypatch.setattr("blueslice._data_directory.default_data_directory", lambda: directory)
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)
    with Session(rig, directory) as session:
        (uid,) = session.RE(two_pulse(rig, trials=1))
        session.wait()
        assert uid in session.catalogue
    told = [record.getMessage() for record in caplog.records if "profile" in record.getMessage()]
    assert len(told) == 1
    assert "cannot be written" in told[0]
    assert "until then open the catalogue with blueslice.broker.open_catalogue" in told[0]


@pytest.mark.long
@POSIX
def test_a_catalogue_that_is_removed_during_a_run_is_told(directory):
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)

    def remove(name, doc):
        if doc["data"].get("trial-number") == 1:
            # Its process may be writing there at the same moment.
            shutil.rmtree(directory.catalogue, ignore_errors=True)

    session = Session(rig, directory)
    session.RE.subscribe(remove, "event")
    session.RE(two_pulse(rig, trials=2))
    told = []
    for step in (session.wait, session.close):
        try:
            step()
        except StorageError as error:
            told.append(str(error))
    assert re.search(r"run .* is (not safe in|kept in|not in) .*blueslice recover", told[0])


PROTOCOL = """
title = "two steps"
[[steps]]
plan = "two_pulse"
trials = 2
[[steps]]
plan = "two_pulse"
trials = 2
"""


@POSIX
@pytest.mark.long
@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("raw", "0 of 4 trials were completed and are kept"),
        ("journal", "0 of 4 trials were completed and are kept"),
    ],
)
def test_the_command_counts_what_is_on_the_disk(
    directory, tmp_path, monkeypatch, capsys, folder, told
):
    from blueslice import cli
    from blueslice.plans import _trial_run

    file = tmp_path / "protocol.toml"
    file.write_text(PROTOCOL)
    take, taken = _trial_run.TrialRun.take, []

    def removing(self, planned):
        taken.append(planned)
        if len(taken) == 4:
            # In the rehearsal there is nothing yet.
            shutil.rmtree(getattr(directory, folder), ignore_errors=True)
        return (yield from take(self, planned))

    monkeypatch.setattr(_trial_run.TrialRun, "take", removing)
    arguments = ["run", str(file), "--fast", "--data-dir", str(directory), "--json"]
    # Those of the rehearsal do not count.
    monkeypatch.setattr("blueslice.commands.run.check_protocol", check_and_forget(taken))
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert told in error
    assert "was removed while it was written" in error


def check_and_forget(taken):
    from blueslice.protocols import check_protocol

    def check(described, rig):
        rehearsed = check_protocol(described, rig)
        taken.clear()
        return rehearsed

    return check
