"""``blueslice import``: files become runs that look like any other, once, or not at all."""

import json
import struct

import h5py
import numpy as np
import pyabf.abfWriter
import pytest

from blueslice.analysis import Roi
from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals, read_journal
from blueslice.cli import main
from blueslice.errors import BadInputError
from blueslice.plans import replay
from blueslice.recordings import read_recording
from blueslice.recordings._extras import import_extra
from blueslice.rig import make_replay_rig
from blueslice.session import Session

DESCRIPTION = 'indicators = "bis-fura-2+ANG-2"\nrois = ["r=31,24,6,6"]\ncell = "c7"\n'


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command; what would go to the catalogue is kept in `command.runs`."""
    runs = []
    monkeypatch.setattr(
        "blueslice.commands.import_recordings._into_catalogue", lambda *given: runs.extend(given[2])
    )
    (tmp_path / "rig.toml").write_text(DESCRIPTION)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["import", *arguments, "--data-dir", str(tmp_path / "data")])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out, told.err

    run.runs = runs
    return run


@pytest.fixture
def abf(tmp_path):
    """Three sweeps of 0.1 s."""
    sweeps = np.random.default_rng(2).normal(-70, 1, (3, 2000))
    path = tmp_path / "cell.abf"
    pyabf.abfWriter.writeABF1(sweeps, str(path), 20000.0, "mV")
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 20, 20170127)
    path.write_bytes(data)
    return sweeps


def by_stream(documents, kind):
    descriptors = {d["uid"]: d["name"] for n, d in documents if n == "descriptor"}
    return {descriptors[d["descriptor"]]: d for n, d in documents if n == kind}


def test_abf_is_a_run_of_sweeps(command, tmp_path, abf):
    code, out, err = command("cell.abf", "--json")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)
    assert row["derived_run"] is None
    (documents,) = command.runs
    assert documents[0][1]["recording"]["kind"] == "abf"
    assert documents[0][1]["uid"] == row["run"]
    assert "leds" not in documents[0][1]
    (journal,) = find_journals(tmp_path / "data" / "journal")
    assert [name for name, _ in read_journal(journal)] == [name for name, _ in documents]
    (raw,) = (tmp_path / "data" / "raw").rglob("*amplifier.h5")
    with h5py.File(raw) as file:
        assert file["amplifier-voltage"].shape == (3, 1, 2000)
        assert np.allclose(file["amplifier-voltage"][:, 0], abf, atol=0.05)
    events = [doc["data"] for name, doc in documents if name == "event"]
    assert [event["trial-number"] for event in events] == [1, 2, 3]
    assert [event["rest-experiment_time_s"] for event in events] == pytest.approx([0.1, 0.2, 0.3])


def test_an_imported_run_is_described_as_a_replayed_one(command, tmp_path, recordings):
    """Every reader finds the same streams, keys, shapes, types and numbers."""
    file = recordings / "70127A101.da"
    code, _, err = command(str(file), "--description", "rig.toml")
    assert (code, err) == (0, "")
    imported, derived = command.runs
    directory = DataDirectory(tmp_path / "replayed")
    rig = make_replay_rig([file], data_directory=directory)
    with Session(rig, directory, rois=[Roi.parse("r=31,24,6,6")], catalogue=False) as session:
        session.RE(replay(rig))
    runs = [list(read_journal(path)) for path in find_journals(directory.journal)]
    replayed = next(run for run in runs if "raw_run" not in run[0][1])
    replayed_dff = next(run for run in runs if "raw_run" in run[0][1])

    def keys(documents, stream):
        (doc,) = [d for n, d in documents if n == "descriptor" and d["name"] == stream]
        left_out = ("source", "dtype_numpy") if stream == "trials" else ("source",)
        return {
            name: {k: v for k, v in key.items() if k not in left_out}
            for name, key in doc["data_keys"].items()
        }

    for stream in ("primary", "trials"):
        assert keys(imported, stream) == keys(replayed, stream)
    for key in ("trial", "leds", "indicators", "trials", "blanks", "phase"):
        assert imported[0][1][key] == replayed[0][1][key]
    ours, theirs = (by_stream(run, "event")["dff"]["data"] for run in (derived, replayed_dff))
    assert set(ours) == set(theirs)
    for name, value in ours.items():
        assert np.array_equal(value, theirs[name]), name
    recording = read_recording(file)
    (raw,) = (tmp_path / "data" / "raw").rglob("*camera.h5")
    with h5py.File(raw) as camera:
        assert np.array_equal(camera["camera"][0], recording.frames)
        assert np.array_equal(camera["camera-dark"][0], recording.dark)
    assert imported[0][1]["cell"] == "c7"


def test_the_same_file_is_imported_once(command, abf):
    assert command("cell.abf")[0] == 0
    code, _, err = command("cell.abf")
    assert code == 2
    assert "already, as run" in err
    assert len(err.splitlines()) == 1
    assert command("cell.abf", "--description", "rig.toml")[0] == 0
    assert len(command.runs) == 2


def test_nothing_is_left_of_an_import_that_fails(command, tmp_path, abf, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("blueslice.commands.import_recordings._analysed", broken)
    code, _, err = command("cell.abf")
    assert code == 1
    assert "No space left" in err
    assert not list((tmp_path / "data" / "raw").rglob("*.h5"))
    assert not find_journals(tmp_path / "data" / "journal")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.abf"], "none.abf"),
        (["foreign.abf"], "is no ABF file, which begins with ABF or ABF2"),
        (["foreign.da"], "its header alone has 5,120"),
        (["notes.txt"], "the kind of recording is not known"),
        (["cell.abf", "cell.abf"], "is the same file as cell.abf; name it once"),
        (["cell.abf", "--description", "wrong.toml"], "operater: there is no such key"),
        (["cell.abf", "--description", "none.toml"], "none.toml cannot be read"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_written(command, tmp_path, abf, arguments, told):
    (tmp_path / "foreign.abf").write_bytes(b"no ABF" * 10)
    (tmp_path / "foreign.da").write_bytes(b"no da")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "wrong.toml").write_text('operater = "K. Ross"\n')
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert not list((tmp_path / "data").rglob("*.h5"))


def test_the_dyes_have_to_be_told(command, recordings):
    code, _, err = command(str(recordings / "70127A101.da"))
    assert code == 2
    assert 'does not say which dyes were in the cell; write indicators = "bis-fura-2' in err


def test_an_absent_package_is_told_with_the_command(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("blueslice.recordings._extras.importlib.import_module", absent)
    with pytest.raises(BadInputError, match="pynwb is not installed") as told:
        import_extra("pynwb", "pynwb")
    assert 'python -m pip install "blueslice[export]"' in str(told.value)
