"""Runs that used to be lost on their way to the catalogue: recorded, read, exported, recovered."""

import json
import shutil
import sqlite3
from contextlib import contextmanager
from urllib.parse import quote

import numpy as np
import pytest

from blueslice.broker import DataDirectory, open_catalogue
from blueslice.callbacks import find_journals
from blueslice.errors import BadInputError, StorageError
from blueslice.plans import trial_series, two_pulse
from blueslice.recordings.export import FORMATS, export_run
from blueslice.recover import recover
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.trial import Trial, paired_pulses

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning")


def small_rig(directory):
    return make_sim_rig(3, data_directory=directory, rows=24, columns=24, pace="fast")


def record(directory, plan):
    rig = small_rig(directory)
    with Session(rig, directory) as session:
        (uid,) = session.RE(plan(rig))
        session.wait()
        read = {
            name: client.read() for name, client in session.catalogue.v3[uid]["primary"].items()
        }
    return uid, read


def check(directory, uid, expected, formats=FORMATS):
    catalogue = open_catalogue(str(directory))
    with catalogue.context:
        read = catalogue.v3[uid]["primary"].read()
        for name, values in expected.items():
            np.testing.assert_array_equal(read[name].values, values)
        out = directory.path / "exported"
        shutil.rmtree(out, ignore_errors=True)
        for name in formats:
            assert export_run(catalogue.v3, uid, name, out).exists()


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["Application Support", "Jörg Müller", "資料 の", "it's `x`", "a+b&c=d@e,[f]", "e\u0301" * 60],
)
def test_a_data_directory_of_any_name(tmp_path, name):
    directory = DataDirectory(tmp_path / name)
    uid, pictures = record(directory, lambda rig: two_pulse(rig, trials=1, interval_s=0.01))
    assert pictures["camera"].any()
    check(directory, uid, pictures)
    shutil.rmtree(directory.catalogue)
    assert not recover(directory).problems
    check(directory, uid, pictures)


@pytest.mark.long
def test_files_that_an_earlier_version_named_wrongly_are_brought_in_again(tmp_path):
    directory = DataDirectory(tmp_path / "Jörg Müller")
    uid, pictures = record(directory, lambda rig: two_pulse(rig, trials=1, interval_s=0.01))
    connection = sqlite3.connect(directory.catalogue / "catalogue.db")
    with connection:
        connection.create_function("escaped", 1, lambda uri: quote(uri, safe="/:"))
        connection.execute(
            "UPDATE assets SET data_uri = escaped(data_uri) WHERE data_uri LIKE '%.h5'"
        )
    connection.close()
    seen = {run.uid: run.catalogue for run in recover(directory, dry_run=True).runs}
    assert seen[uid] == "partial"
    assert not recover(directory).problems
    assert not recover(directory).changed
    check(directory, uid, pictures, ())


ONE_FRAME = [
    Trial(frame_count=1, excitation_order=(1, 2)),
    Trial(frame_count=1, excitation_order=(2,)),
    Trial(frame_count=2, excitation_order=(1, 2)),
]


@pytest.mark.long
@pytest.mark.parametrize("trial", ONE_FRAME)
@pytest.mark.parametrize("stimulated", [False, True])
def test_trials_of_a_frame_arrive(tmp_path, trial, stimulated):
    directory = DataDirectory(tmp_path)
    # After the middle of the last frame, which is each LED's baseline.
    onset_s = (trial.frame_count - 1) * 0.002 + 0.0015
    pulses = paired_pulses(onset_s=onset_s)[:1] if stimulated else ()
    trial = trial.replace(pulses=pulses)
    uid, read = record(directory, lambda rig: trial_series(rig, [trial, trial, trial]))
    assert read["camera"].shape == (3, trial.frame_count, 24, 24)
    assert read["camera-counter"].shape == (3, trial.frame_count)
    check(directory, uid, read, ("nwb", "ome-zarr", "mat"))
    recover(directory)
    assert not recover(directory).changed
    shutil.rmtree(directory.catalogue)
    assert not recover(directory).problems
    check(directory, uid, read, ("nwb", "ome-zarr", "mat"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    directory = DataDirectory(tmp_path_factory.mktemp("incomplete") / "data")
    uid, _ = record(directory, lambda rig: two_pulse(rig, trials=2, interval_s=0.01))
    return directory, uid


@contextmanager
def damaged(directory, sql):
    """Change the catalogue's database meanwhile; give the catalogue."""
    copy = directory.path / "catalogue" / "catalogue.db"
    kept = copy.read_bytes()
    connection = sqlite3.connect(copy)
    with connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(sql)
    connection.close()
    try:
        catalogue = open_catalogue(directory)
        with catalogue.context:
            yield catalogue.v3
    finally:
        copy.write_bytes(kept)


@pytest.mark.parametrize(
    ("sql", "error", "message"),
    [
        (
            "DELETE FROM nodes WHERE key = 'camera-counter'",
            StorageError,
            "is incomplete, the catalogue lacks camera-counter; run 'blueslice recover'",
        ),
        (
            "UPDATE nodes SET metadata = json_remove(metadata, '$.stop') WHERE parent = 0",
            BadInputError,
            "has no end in the catalogue: it is being recorded",
        ),
        (
            "UPDATE nodes SET metadata = json_set(metadata, '$.stop.num_events.primary', 3) "
            "WHERE parent = 0",
            StorageError,
            "is incomplete, the catalogue has 2 of 3 trials; run 'blueslice recover'",
        ),
        (
            "UPDATE nodes SET metadata = json_set(metadata, '$.stop.num_events.trials', 3) "
            "WHERE parent = 0",
            StorageError,
            "is incomplete, the catalogue has 2 of 3 events of stream trials; run",
        ),
        (
            # The table of stream trials.
            "DELETE FROM nodes WHERE structure_family = 'table' AND parent IN (SELECT id FROM "
            "nodes WHERE key = 'trials')",
            StorageError,
            "is incomplete, the catalogue lacks trial-.*; run 'blueslice recover'",
        ),
        (
            "UPDATE nodes SET metadata = json_remove(metadata, '$.stop') WHERE parent = 0 "
            "AND json_extract(metadata, '$.start.raw_run') IS NOT NULL",
            BadInputError,
            "the dF/F of run .* has no end in the catalogue",
        ),
        (
            "UPDATE nodes SET metadata = json_set(metadata, '$.stop.num_events.dff', 3) "
            "WHERE parent = 0 AND json_extract(metadata, '$.start.raw_run') IS NOT NULL",
            StorageError,
            "the dF/F of run .* is incomplete, the catalogue has 2 of 3 events of stream dff",
        ),
    ],
)
def test_each_exporter_refuses_incomplete_data(recorded, tmp_path, sql, error, message):
    directory, uid = recorded
    with damaged(directory, sql) as catalogue:
        for name in FORMATS:
            with pytest.raises(error, match=message) as refusal:
                export_run(catalogue, uid, name, tmp_path)
            assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_journal_with_half_a_character_is_recovered(tmp_path):
    """Earlier versions wrote such start documents; a reason of the user's can hold one still."""
    directory = DataDirectory(tmp_path / "data")
    rig = small_rig(directory)
    with Session(rig, directory, catalogue=False) as session:
        (uid,) = session.RE(two_pulse(rig, trials=1, interval_s=0.01))
    (path,) = [p for p in find_journals(directory.journal) if uid[:8] in p.name]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        del line["crc32"]
    lines[0]["doc"] |= {"operator": "caf\udce9", "gain": 2**70}
    lines[-1]["doc"]["reason"] = "\ud800"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert not recover(directory).problems
    catalogue = open_catalogue(directory)
    with catalogue.context:
        metadata = catalogue.v3[uid].metadata
    assert metadata["start"]["operator"] == "caf\\udce9"
    assert metadata["start"]["gain"] == str(2**70)
    assert metadata["stop"]["reason"] == "\\ud800"
