"""``blueslice import``: files become runs that look like any other, once, or not at all."""

import json
import os
import struct
import sys
import uuid
from datetime import datetime

import h5py
import numpy as np
import pyabf.abfWriter
import pytest
from tests.recordings.writers.abf_1 import abf_1
from tests.recordings.writers.abf_2 import abf_2
from tests.recordings.writers.abf_content import AbfContent, ChannelContent, TagContent
from tests.recordings.writers.camera_files import CameraContent, da

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
from blueslice.trial import Trial

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


@pytest.mark.parametrize(
    ("described", "clamp"), [("", "voltage"), ('clamp = "current"\n', "current")]
)
def test_a_voltage_clamp_is_known_by_the_units_of_its_command(command, tmp_path, described, clamp):
    current = ChannelContent(b"Im", b"pA")
    content = AbfContent(
        sweeps=[np.zeros((1, 100), np.int16)], channels=[current], command_unit=b"mV"
    )
    (tmp_path / "clamp.abf").write_bytes(abf_2(content))
    (tmp_path / "about.toml").write_text(described)
    assert command("clamp.abf", "--description", "about.toml")[0] == 0
    (documents,) = command.runs
    assert by_stream(documents, "event")["trials"]["data"]["amplifier-clamp"] == clamp
    descriptors = [doc for name, doc in documents if name == "descriptor"]
    configured = [d["configuration"].get("amplifier", {}).get("data", {}) for d in descriptors]
    assert {c["amplifier-clamp"] for c in configured if "amplifier-clamp" in c} == {clamp}


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


@pytest.mark.parametrize("again", [[], ["--description", "rig.toml"], ["--description", "x.toml"]])
def test_the_same_file_is_imported_once_however_it_is_described(command, tmp_path, abf, again):
    (tmp_path / "x.toml").write_text("taken_at = 2020-01-01T10:00:00\ncell = 'c8'\n")
    assert command("cell.abf")[0] == 0
    uid = command.runs[0][0][1]["uid"]
    (tmp_path / "cell.abf").rename(tmp_path / "copy.abf")
    code, _, err = command("copy.abf", *again)
    assert code == 2
    assert f"already, as run {uid[:8]}, and would count twice" in err
    assert len(err.splitlines()) == 1
    assert len(command.runs) == 1


def test_a_file_of_an_earlier_import_is_known_by_its_content(command, tmp_path, abf):
    """Once the uid was of content and description."""
    assert command("cell.abf")[0] == 0
    (journal,) = find_journals(tmp_path / "data" / "journal")
    uid = command.runs[0][0][1]["uid"]
    old = str(uuid.uuid5(uuid.NAMESPACE_OID, "content and description"))
    journal.write_bytes(journal.read_bytes().replace(uid.encode(), old.encode()))
    journal.rename(journal.with_name(f"000000-{old[:8]}.jsonl"))
    code, _, err = command("cell.abf")
    assert code == 2
    assert f"already, as run {old[:8]}" in err


def test_a_bad_file_does_not_stop_the_others(command, tmp_path, abf):
    (tmp_path / "bad.abf").write_bytes(b"no ABF" * 10)
    other = AbfContent(sweeps=[np.full((1, 50), 7, np.int16)])
    (tmp_path / "other.abf").write_bytes(abf_2(other))
    names = ["cell.abf", "bad.abf", "none.abf", "other.abf", "cell.abf"]
    code, out, err = command(*names)
    assert code == 2
    assert [row.split()[-1] for row in out.splitlines()] == ["cell.abf", "other.abf"]
    assert [run[0][1]["recording"]["files"] for run in command.runs] == [
        ["cell.abf"],
        ["other.abf"],
    ]
    *reasons, last = err.splitlines()
    assert "bad.abf: is no ABF file" in reasons[0]
    assert "none.abf: cannot be opened" in reasons[1]
    assert "cell.abf: is the same file as cell.abf; name it once" in reasons[2]
    assert "3 of 5 files could not be imported (bad.abf, none.abf, cell.abf)" in last
    assert "2 are in the catalogue" in last


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are Unicode")
def test_a_name_that_is_not_unicode_does_not_stop_the_others(command, tmp_path, abf):
    odd = os.fsdecode(b"caf\xe9.abf")
    (tmp_path / odd).write_bytes(abf_2(AbfContent(sweeps=[np.full((1, 50), 7, np.int16)])))
    code, out, err = command(odd, "cell.abf")
    assert code == 2
    assert [row.split()[-1] for row in out.splitlines()] == ["cell.abf"]
    reason, last = err.splitlines()
    assert "the name of the file = 'caf\\\\udce9.abf': character 4 is not a Unicode" in reason
    assert "1 of 2 files could not be imported" in last
    code, _, err = command(odd)
    assert (code, len(err.splitlines())) == (2, 1)


def test_a_full_disk_ends_a_batch_whose_first_files_are_kept(command, tmp_path, abf, monkeypatch):
    (tmp_path / "other.abf").write_bytes(abf_2(AbfContent([np.full((1, 50), 7, np.int16)])))
    analysed = "blueslice.commands.import_recordings._analysed"

    def full(file, *_):
        if file.path.name == "other.abf":
            raise OSError(28, "No space left on device")
        return []

    monkeypatch.setattr(analysed, full)
    code, _, err = command("cell.abf", "other.abf")
    assert code == 1
    assert "No space left" in err
    assert [run[0][1]["recording"]["files"] for run in command.runs] == [["cell.abf"]]


def described(tmp_path, text):
    (tmp_path / "described.toml").write_text(text)
    return "--description", "described.toml"


@pytest.mark.parametrize("roi", ["r=70,24,20,6", "r=31,78,6,6", "r=80,0,1,1"])
def test_an_roi_outside_the_image_is_refused_before_anything_is_written(
    command, tmp_path, recordings, roi
):
    file = str(recordings / "70127A101.da")
    outside = f'indicators = "bis-fura-2+ANG-2"\nrois = ["{roi}"]\n'
    code, _, err = command(file, *described(tmp_path, outside))
    assert code == 2
    assert "70127A101.da: ROI 'r'" in err
    assert len(err.splitlines()) == 1
    assert not list((tmp_path / "data").rglob("*.h5"))
    assert not find_journals(tmp_path / "data" / "journal")
    assert command(file, "--description", "rig.toml")[0] == 0
    assert [run[0][1].get("raw_run") is None for run in command.runs] == [True, False]


# What is described, and the current of the stimulus that the run has: None is not known.
STIMULUS = {
    "not told": ("", None),
    "told": ("stimulus_uA = 20\n", 20.0),
    "blank": ("blank = true\n", 0.0),
}


@pytest.mark.parametrize(("text", "expected_uA"), STIMULUS.values(), ids=STIMULUS)
@pytest.mark.parametrize("kind", ["da", "abf"])
def test_a_current_that_no_line_shows_is_not_known(command, tmp_path, abf, kind, text, expected_uA):
    name = "cell.abf"
    if kind == "da":
        name = "trial.da"
        lines = np.zeros((8, 20, 8), np.int16)
        lines[5, ::2], lines[4, 1::2], lines[3, 9, :2] = 24000, 24000, 26000
        pictures = np.full((20, 12, 12), 1000, np.uint16)
        content = CameraContent(pictures, pictures[0] - 100, lines, datetime(2017, 1, 27, 11, 33))
        (tmp_path / name).write_bytes(da(content, 2000))
    roi = 'indicators = "bis-fura-2+ANG-2"\nrois = ["r=1,1,4,4"]\n'
    assert command(name, *described(tmp_path, roi + text))[0] == 0
    documents = command.runs[0]
    start = documents[0][1]
    assert set(start["trial_table"]["stimulus_uA"]) == {expected_uA}
    for pulse in start["trial"]["pulses"]:
        # A blank keeps the pulses that were not given; what they would have been is not known.
        assert pulse["amplitude_uA"] == (expected_uA or None)
    told = [doc["data"]["trial-stimulus_uA"] for name, doc in documents
            if name == "event" and "trial-stimulus_uA" in doc["data"]]  # fmt: skip
    np.testing.assert_array_equal(
        told, [np.nan if expected_uA is None else expected_uA] * len(told)
    )
    planned = Trial.from_document(start["trial"])
    assert ("unknown current" in str(planned)) == (kind == "da" and not expected_uA)


def test_tags_are_annotations_with_their_times(command, tmp_path):
    tags = [TagContent(700_000, b"wash"), TagContent(100_000, b"CNQX 5 \xb5M on", 2)]
    content = AbfContent(
        sweeps=[np.full((1, 50), 7, np.int16)] * 2,
        start_ticks=[0, 160_000],
        tick_us=12.5,
        tags=tags,
    )
    (tmp_path / "cell.abf").write_bytes(abf_2(content))
    assert command("cell.abf")[0] == 0
    (documents,) = command.runs
    (descriptor,) = [d for n, d in documents if n == "descriptor" and d["name"] == "annotations"]
    events = [d for n, d in documents if n == "event" and d["descriptor"] == descriptor["uid"]]
    assert [
        tuple(e["data"][f"annotation-{key}"] for key in ("time_s", "text", "kind")) for e in events
    ] == [(1.25, "CNQX 5 \N{MICRO SIGN}M on", "external"), (8.75, "wash", "comment")]
    begin_s = documents[0][1]["time"]
    assert [event["time"] - begin_s for event in events] == pytest.approx([1.25, 8.75], abs=1e-6)
    assert documents[-1][1]["num_events"]["annotations"] == 2


# What is recorded, and the lengths and starts of the trials.
RUNS = {
    "starts of the synch array": (
        AbfContent([np.ones((1, 50), np.int16)] * 3, start_ticks=[0, 40_000, 80_000]),
        [50, 50, 50],
        [0.0, 2.0, 4.0],
    ),
    "events of unequal length": (
        AbfContent(
            [np.ones((1, n), np.int16) for n in (354, 70, 16)],
            mode=1,
            start_ticks=[420, 20_420, 60_420],
        ),
        [354, 70, 16],
        [0.021, 1.021, 3.021],
    ),
    "gap-free of 1000 s": (
        AbfContent([np.ones((1, 10_000), np.int16)], mode=3, interval_us=1e5),
        [10_000],
        [0.0],
    ),
    "gap-free of two hours": (
        AbfContent([np.ones((1, 72_000), np.int16)], mode=3, interval_us=1e5),
        [72_000],
        [0.0],
    ),
}


@pytest.mark.parametrize(("content", "lengths", "starts_s"), RUNS.values(), ids=RUNS)
def test_each_sweep_is_a_trial_at_its_time(command, tmp_path, content, lengths, starts_s):
    (tmp_path / "cell.abf").write_bytes(abf_1(content))
    assert command("cell.abf")[::2] == (0, "")
    (documents,) = command.runs
    start = documents[0][1]
    duration_s = Trial.from_document(start["trial"]).duration_s
    events = [doc["data"] for name, doc in documents if name == "event"]
    ends_s = [event["rest-experiment_time_s"] for event in events]
    assert [end_s - duration_s for end_s in ends_s] == pytest.approx(starts_s, abs=1e-6)
    assert duration_s == pytest.approx(max(lengths) * content.interval_us / 1e6)
    assert start["recording"]["sample_counts"] == lengths
    (raw,) = (tmp_path / "data" / "raw").rglob("*amplifier.h5")
    with h5py.File(raw) as file:
        recorded = file["amplifier-voltage"][:, 0]
        assert np.count_nonzero(~np.isnan(recorded), axis=1).tolist() == lengths


def test_no_date_is_asked_for(command, tmp_path):
    (tmp_path / "cell.abf").write_bytes(
        abf_1(AbfContent([np.ones((1, 9), np.int16)], taken_at=None))
    )
    code, _, err = command("cell.abf")
    assert code == 2
    assert "does not say when it was recorded; write taken_at" in err
    told = described(tmp_path, "taken_at = 2017-01-27T11:33:39\n")
    assert command("cell.abf", *told)[0] == 0


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
