"""The saved truth: there for each trial, beside the run, and known to nobody who analyses."""

import json
import re
import tokenize
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ophyd_async.core import StaticFilenameProvider, StaticPathProvider

import blueslice
from blueslice.analysis import Roi
from blueslice.callbacks import LiveDFF
from blueslice.errors import StorageError
from blueslice.plans import blank, replay, two_pulse
from blueslice.rig import make_replay_rig, make_sim_rig
from blueslice.sim import Faults, TruthFile, read_truth, truth_path

TRUTH = re.compile("truth")
PACKAGE = Path(blueslice.__file__).parent
SMALL: dict[str, Any] = {"rows": 24, "columns": 24}


def broken(**faults: Any) -> Faults:
    return Faults(**faults)


def truths(directory):
    return sorted(directory.raw.rglob("*-truth.jsonl"))


def test_each_trials_truth_is_beside_the_cameras_file(run_engine, directory):
    faults = broken(dropped_frame=({"trials": (2,), "frames": (40,)},))
    rig = make_sim_rig(5, data_directory=directory, faults=faults, **SMALL)
    run_engine(two_pulse(rig, trials=2, blanks=1, rest_s=10.0))
    (camera,) = directory.raw.rglob("*-camera.h5")
    assert truths(directory) == [truth_path(camera)]
    trials = read_truth(truth_path(camera))
    assert [trial["trial"] for trial in trials] == [1, 2, 3]
    np.testing.assert_allclose(np.diff([t["started_s"] for t in trials]), 10.2)
    assert [[*fault] for trial in trials for fault in trial["faults"]] == [["dropped_frame"]]
    assert trials[1]["faults"][0]["dropped_frame"]["frames"] == [40]
    bench: Any = rig.bench
    source = bench.source.source
    response = source.truth.response
    spines = len(source.cell.spines)
    for trial in trials:
        assert len(trial["time_s"]) == len(trial["voltage_mV"]) == len(trial["shifts_px"]) == 100
        assert np.shape(trial["spine_sodium_mM"]) == (spines, 100)
        assert np.shape(trial["spine_calcium_uM"]) == (spines, 100)
        assert len(trial["electrons"]) == len(trial["dose_s"]) == 2
    assert trials[0]["spikes_s"] == []
    pulsed = [p for trial in trials[1:] for found in trial["releases"].values() for p in found]
    assert all(release["time_s"] > 0.036 for release in pulsed if release["pulse"] >= 0)
    np.testing.assert_allclose(
        np.array(trials[2]["spine_sodium_mM"])[:, 50],
        response.spine_sodium_mM[:, round(100 / response.interval_ms)],
        rtol=1e-5,
    )


def test_each_run_has_its_own(run_engine, directory):
    rig = make_sim_rig(5, data_directory=directory, **SMALL)
    for trials in (1, 2):
        run_engine(blank(rig, trials=trials, frame_count=10, onset_s=0.005))
    assert sorted(len(read_truth(path)) for path in truths(directory)) == [1, 2]


def test_without_a_run_or_a_slice_there_is_none(run_engine, directory, recordings):
    rig = make_sim_rig(5, data_directory=directory, **SMALL)
    rig.clock.backend.load(500.0, 10)
    rig.clock.backend.start()
    again = make_replay_rig([recordings / "70127A101.da"], data_directory=directory)
    run_engine(replay(again))
    assert truths(directory) == []


def keep(tmp_path, *trials):
    file = TruthFile()
    paths = StaticPathProvider(StaticFilenameProvider("1-2-camera"), tmp_path)
    file.beside(paths)("camera")
    for trial, value in trials:
        file.add(trial, {"value": value})
    return tmp_path / "1-2-truth.jsonl"


def test_a_trial_taken_again_counts_once_and_a_torn_line_not_at_all(tmp_path):
    path = keep(tmp_path, (1, "a"), (2, "torn"), (2, "again"))
    with path.open("a") as file:
        file.write('{"trial":3,"val')
    assert [trial["value"] for trial in read_truth(path)] == ["a", "again"]


def test_a_truth_that_cannot_be_kept_costs_no_trial(tmp_path, caplog):
    (tmp_path / "1-2-truth.jsonl").mkdir()
    keep(tmp_path, (1, "a"))
    (record,) = caplog.records
    assert "truth of trial 1 cannot be written" in record.getMessage()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b'{"trial": 1}\nmilk\n', "line 2: this is no trial"),
        (b"[]\n", "line 1: this is no trial"),
    ],
)
def test_what_is_no_truth_is_refused_in_one_line(tmp_path, content, text):
    path = tmp_path / "a-truth.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StorageError, match=text) as refused:
        read_truth(path)
    assert "\n" not in str(refused.value)


def outsiders():
    """Return the source files of all that is neither the simulation nor what makes its rig."""
    inside = {PACKAGE / "_virtual_rigs.py"}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path not in inside and PACKAGE / "sim" not in path.parents:
            yield path


def words_of(path):
    """Return names and texts of a module, but neither comments nor what only describes it."""
    before = tokenize.NEWLINE
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            alone = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            if token.type == tokenize.NAME or (token.type == tokenize.STRING and not alone):
                yield token.string
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING):
                before = token.type


def test_nobody_outside_the_simulation_imports_or_names_the_truth():
    checked, seen = set(), []
    for path in outsiders():
        checked.add(path.relative_to(PACKAGE).parts[0])
        seen += [(path.name, word) for word in words_of(path) if TRUTH.search(word.lower())]
        for line in path.read_text(encoding="utf-8").splitlines():
            # Indented: for the type checker alone, or on the way to making a simulated rig.
            if re.match(r"(from|import) blueslice\.sim\b", line):
                seen.append((path.name, line))
    assert {"analysis", "callbacks", "plans", "session.py", "recordings"} <= checked
    assert seen == []


def test_the_analysis_gives_the_same_without_it(run_engine, directory, monkeypatch):
    given = []
    for kept in (True, False):
        if not kept:
            monkeypatch.setattr(TruthFile, "add", lambda *_: None)
        rig = make_sim_rig(5, data_directory=directory, **SMALL)
        rois = [Roi(name="a", y=8, x=8, height=6, width=6)]
        live, results = LiveDFF(rig.camera, rig.amplifier, lambda *_: None, rois=rois), []
        live.on_result(results.append)
        token = run_engine.subscribe(live)
        run_engine(two_pulse(rig, trials=1))
        assert live.wait(30)
        live.close()
        run_engine.unsubscribe(token)
        given.append([trace.dff for trial in results for trace in trial.result.traces])
    assert len(truths(directory)) == 1
    json.loads(truths(directory)[0].read_text())
    np.testing.assert_array_equal(given[0], given[1])
