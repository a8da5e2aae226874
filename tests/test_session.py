"""A session: where documents go, what it knows of a run, and who may write."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

from blueslice.analysis import Roi
from blueslice.callbacks import Journal, find_journals, read_journal
from blueslice.callbacks._documents import to_plain
from blueslice.errors import BadInputError, StorageError
from blueslice.plans import blank, two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

SPINE = Roi(name="spine", y=30, x=30, height=6, width=6)


@pytest.fixture
def rig(directory):
    return make_sim_rig(5, data_directory=directory)


@pytest.fixture
def session(rig, directory):
    with Session(rig, directory, rois=[SPINE], catalogue=False) as session:
        yield session


def test_all_documents_reach_the_journal_without_a_catalogue(rig, directory):
    seen = []
    with Session(rig, directory, catalogue=False) as session:
        session.RE.subscribe(lambda name, doc: seen.append((name, doc)))
        session.RE(two_pulse(rig, trials=1, blanks=1))
        with pytest.raises(RuntimeError, match="catalogue=True"):
            _ = session.catalogue
    runs = [list(read_journal(path)) for path in find_journals(directory.journal)]
    raw, derived = sorted(runs, key=lambda run: "raw_run" in run[0][1])
    # As texts: what is not known of the bath is NaN, which equals nothing.
    assert json.dumps(raw) == json.dumps([(name, to_plain(doc)) for name, doc in seen])
    assert derived[0][1]["raw_run"] == raw[0][1]["uid"]
    assert [name for name, _ in derived] == ["start", "descriptor", "event", "event", "stop"]
    assert not any(directory.catalogue.iterdir())


def test_results_and_parameters_are_those_of_the_last_run(session, rig):
    assert session.results == {}
    assert session.parameters is None
    session.RE(two_pulse(rig, trials=1, blanks=2))
    assert session.live.wait()
    assert sorted(session.results) == [1, 2, 3]
    assert session.stimulated_trials() == [2]
    assert session.pulse_onsets_s() == [0.036, 0.046]
    assert session.parameters is not None
    assert session.parameters.rois == (SPINE,)
    assert session.parameters.baseline_s == (0.0, 0.036)
    for result in session.results.values():
        assert [trace.ion for trace in result.traces] == ["sodium", "calcium"]
        assert all(trace.dff.shape == (1, 50) for trace in result.traces)
    session.RE(blank(rig))
    assert session.live.wait()
    assert sorted(session.results) == [1]
    assert session.stimulated_trials() == []
    assert session.start["plan_name"] == "blank"


def test_nothing_of_an_earlier_run_is_taken_for_the_last(rig, directory):
    with Session(rig, directory, catalogue=False) as session:
        session.RE(two_pulse(rig, trials=1))
        assert session.live.wait()
        assert session.parameters is not None
        session.RE(blank(rig))  # in which no ROI can be found
        assert session.live.wait()
        assert session.parameters is None
        assert session.results == {}


def test_the_voltage_is_that_of_the_file(session, rig, directory):
    with pytest.raises(BadInputError, match="no voltage was recorded in this session"):
        session.voltage()
    session.RE(two_pulse(rig, trials=2))
    voltage_mV, rate_Hz = session.voltage()
    samples = round(rate_Hz * 0.2)
    assert voltage_mV.shape == (2, samples)
    (path,) = directory.raw.rglob("*-amplifier.h5")
    with h5py.File(path, "r") as file:
        stored = np.asarray(file["amplifier-voltage"])
    np.testing.assert_array_equal(voltage_mV, stored.reshape(2, samples))
    assert -90 < np.median(voltage_mV) < -50
    assert voltage_mV[:, round(rate_Hz * 0.05) :].max() - np.median(voltage_mV) > 3  # the EPSP


OTHER_PROCESS = """
import sys
from blueslice.broker import DataDirectory
from blueslice.errors import StorageError
from blueslice.rig import make_sim_rig
from blueslice.session import Session
directory = DataDirectory(sys.argv[1])
try:
    Session(make_sim_rig(1, data_directory=directory), directory, catalogue=False).close()
except StorageError as error:
    sys.exit(str(error))
"""


def test_one_session_writes_into_a_data_directory(rig, directory):
    def try_elsewhere():
        command = [sys.executable, "-W", "error", "-c", OTHER_PROCESS, str(directory.path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    with Session(rig, directory, catalogue=False):
        with pytest.raises(StorageError) as refused:
            Session(rig, directory, catalogue=False)
        for text, who in (
            (str(refused.value), "this process"),
            (try_elsewhere().stderr, "process"),
        ):
            assert f"{directory} is being written by {who}" in text
            assert "close that session or choose another data directory" in text
            assert len(text.splitlines()) == 1
    done = try_elsewhere()
    assert (done.returncode, done.stderr) == (0, "")
    Session(rig, directory, catalogue=False).close()


def test_closing_twice_is_harmless(rig, directory):
    session = Session(rig, directory, catalogue=False)
    session.close()
    session.close()
    assert session.RE.loop.is_closed()


@pytest.mark.long
def test_what_failed_to_open_holds_nothing(rig, directory):
    """After a catalogue that cannot be opened, the same process may try again."""
    directory.create()
    (directory.catalogue / "catalogue.db").write_bytes(b"this is no database" * 100)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"catalogue\.db"):
            Session(rig, directory)
    Session(rig, directory, catalogue=False).close()


def test_closing_goes_on_when_a_part_of_it_fails(rig, directory, monkeypatch):
    def fail(journal):
        raise StorageError("the disk is gone")

    monkeypatch.setattr(Journal, "close", fail)
    session = Session(rig, directory, catalogue=False)
    with pytest.raises(StorageError, match="the disk is gone"):
        session.close()
    monkeypatch.undo()
    assert session.RE.loop.is_closed()
    Session(rig, directory, catalogue=False).close()
