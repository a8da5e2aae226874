"""What a killed session left behind is completed, once, and nothing of it is lost."""

import json
import shutil
import zlib
from pathlib import Path

import event_model
import h5py
import numpy as np
import pytest

from blueslice import cli
from blueslice._shell_words import shell_word
from blueslice.broker import DataDirectory, open_catalogue
from blueslice.callbacks import Journal, find_journals, read_journal
from blueslice.callbacks._journal_lines import to_line
from blueslice.callbacks.journal_files import supplement_of
from blueslice.errors import BadInputError, StorageError
from blueslice.ledger import read_cell
from blueslice.plans import drug_wash, two_pulse, wash_record
from blueslice.recordings.export import open_run_data
from blueslice.recordings.export._noted_trials import TIME_TOLD
from blueslice.recordings.export.measures import measure_rows
from blueslice.recover import recover
from blueslice.recover._catalogue_side import CatalogueSide
from blueslice.rig import make_sim_rig
from blueslice.session import Session

TRIALS = 3
READS_DIRECTLY = pytest.mark.filterwarnings(
    "ignore:Using `httpx` with `starlette.testclient` is deprecated"
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A session's data directory: one raw run of three trials and its dF/F."""
    directory = DataDirectory(tmp_path_factory.mktemp("whole") / "data")
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24, pace="fast")
    with Session(rig, directory, catalogue=False) as session:
        session.RE(two_pulse(rig, trials=TRIALS, rest_s=1.0))
    return directory


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of it, with addresses of its own."""
    directory = DataDirectory(tmp_path / "copy")
    shutil.copytree(whole.path, directory.path)
    for path in find_journals(directory.journal):
        lines = [
            to_line(name, json.loads(json.dumps(doc).replace(str(whole), str(directory))))
            for name, doc in read_journal(path)
        ]
        path.write_text("".join(lines), encoding="utf-8", newline="\n")
    directory.note_place()
    return directory


def journals(directory):
    """Return the raw run's journal and that of its dF/F."""
    raw, derived = sorted(
        find_journals(directory.journal), key=lambda path: "raw_run" in first_line(path)["doc"]
    )
    return raw, derived


def first_line(path):
    with path.open(encoding="utf-8") as file:
        return json.loads(file.readline())


def cut(path, keep, torn=b""):
    """Leave as many lines of a journal, as a kill does."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:keep]) + torn)


def places(path, wanted):
    """Return which lines of a journal are documents of this name."""
    return [at for at, (name, _) in enumerate(read_journal(path)) if name == wanted]


def found(report, what):
    (run,) = [run for run in report.runs if run.what.startswith(what)]
    return run


def contents(directory):
    return {
        str(path.relative_to(directory.path)): zlib.crc32(path.read_bytes())
        for folder in (directory.journal, directory.raw)
        for path in folder.rglob("*")
        if path.is_file()
    }


def check_documents(path):
    """Check against the schemas, and that a run's counts are what is there."""
    documents = list(read_journal(path))
    for name, doc in documents:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    assert [name for name, _ in documents].count("stop") == 1
    assert documents[-1][0] == "stop"
    streams = {doc["uid"]: doc["name"] for name, doc in documents if name == "descriptor"}
    counts: dict[str, int] = {}
    for name, doc in documents:
        if name == "event":
            stream = streams[doc["descriptor"]]
            counts[stream] = counts.get(stream, 0) + 1
            assert doc["seq_num"] == counts[stream]
        elif name == "stream_datum":
            stream = streams[doc["descriptor"]]
            counts[stream] = max(counts.get(stream, 0), doc["indices"]["stop"])
    kept = {name: count for name, count in documents[-1][1]["num_events"].items() if count}
    assert kept == counts
    return documents


def test_a_whole_run_is_left_as_it_is(copy):
    before = contents(copy)
    assert not recover(copy, catalogue=False).changed
    assert contents(copy) == before


# Where the raw run's journal ends: (document, how many of its kind are kept, torn line).
CUTS = {
    "nothing but the start": ("start", 1, b""),
    "before the first trial's documents": ("stream_resource", 0, b""),
    "within the first trial's resources": ("stream_resource", 2, b'{"name":"stream_res'),
    "within the first trial's ranges": ("stream_datum", 3, b""),
    "between the first trial's devices": ("stream_resource", 4, b""),
    "before the first trial's entry": ("stream_datum", 8, b'{"name":"descriptor","doc":{'),
    "within the second trial's ranges": ("stream_datum", 12, b"{"),
    "before the last trial's entry": ("stream_datum", 24, b""),
    "before the stop": ("stop", 0, b'{"name":"stop","doc":{"uid":"x"'),
}


@pytest.mark.parametrize("case", CUTS)
def test_a_killed_run_has_all_that_its_files_hold(copy, case):
    name, kept, torn = CUTS[case]
    raw, derived = journals(copy)
    expected = [doc["data"] for kind, doc in read_journal(derived) if kind == "event"]
    at = places(raw, name)
    end = at[kept] if kept < len(at) else at[-1] + 1
    cut(raw, end, torn)
    derived.unlink()
    journalled = raw.read_bytes()
    report = recover(copy, catalogue=False)
    assert not report.problems
    run = found(report, "two_pulse")
    assert run.stopped
    assert run.cut_line_bytes == len(torn)
    assert raw.read_bytes() == journalled
    documents = check_documents(raw)
    stop = documents[-1][1]
    assert (stop["exit_status"], stop["reason"]) == ("abort", "the process ended")
    began = any(doc.get("name") == "primary" for _, doc in documents)
    trials = TRIALS if began else 0
    assert run.trials == trials
    assert stop["num_events"].get("primary", 0) == trials
    logged = sum("trial-number" in doc.get("data", {}) for _, doc in documents)
    assert run.without_entry == tuple(range(logged + 1, trials + 1))
    assert stop["recovered"]["without_entry"] == list(run.without_entry)
    if trials:
        # The dF/F is what the live analysis had published, number by number.
        path = Path(found(report, "dF/F").journal)
        again = [doc["data"] for kind, doc in check_documents(path) if kind == "event"]
        assert again == expected
    else:
        assert len(report.unnamed_files) == 2
    before = contents(copy)
    assert not recover(copy, catalogue=False).changed
    assert contents(copy) == before


@pytest.mark.parametrize("kept", [1, 2, 3, 4])
def test_dff_that_was_broken_off_goes_on_as_it_began(copy, kept):
    _, derived = journals(copy)
    whole = list(read_journal(derived))
    cut(derived, kept)
    report = recover(copy, catalogue=False)
    run = found(report, "dF/F")
    assert run.dff_trials == tuple(range(max(1, kept - 1), TRIALS + 1))
    documents = check_documents(derived)
    assert [doc["data"] for name, doc in documents if name == "event"] == [
        doc["data"] for name, doc in whole if name == "event"
    ]
    assert [name for name, _ in documents] == [name for name, _ in whole]


def tear(directory, trial, frames):
    """Make of a trial one whose process was killed within it."""
    for path in directory.raw.rglob("*.h5"):
        with h5py.File(path, "r+") as file:
            for name in file:
                data = file[name]
                if name in ("frames_recorded", "checksums"):
                    data[trial] = 0
                elif data.shape[1:2] == (100,):
                    data[trial, frames:] = data.fillvalue
    return frames


@pytest.mark.parametrize("frames", [0, 30, 95])
def test_the_torn_trial_is_marked_with_its_true_length(copy, frames):
    raw, _ = journals(copy)
    tear(copy, 2, frames)
    cut(raw, places(raw, "stream_datum")[16])
    run = found(recover(copy, catalogue=False), "two_pulse")
    assert run.trials == 2
    torn = check_documents(raw)[-1][1]["recovered"]["torn_trial"]
    assert run.torn_trial is not None
    assert torn == run.torn_trial.to_document()
    assert (torn["number"], torn["frame_count"]) == (3, 100)
    assert torn["frames"] == {"camera": frames, "amplifier": frames}
    with h5py.File(torn["files"]["camera"], "r", swmr=True) as file:
        assert np.array_equal(file["camera-counter"][2, :frames], np.arange(frames))


def lose_ledger(directory):
    """Leave the documents as all that tells of light."""
    for path in directory.path.glob("light.db*"):
        path.unlink()


@pytest.mark.parametrize("keep", [3, 9, 16])
@pytest.mark.parametrize("frames", [0, 30, 95, 100])
def test_the_light_that_no_document_tells_is_in_the_ledger(copy, frames, keep):
    raw, _ = journals(copy)
    cell = first_line(raw)["doc"]["cell"]
    lose_ledger(copy)
    tear(copy, 2, frames)
    cut(raw, places(raw, "stream_datum")[keep])
    before_s = read_cell(copy.journal, cell).total_s
    recover(copy, catalogue=False)
    # Two whole trials and the torn one, of 1.8 ms of light in each frame, told or not.
    assert before_s < 0.36 + 1e-9
    assert read_cell(copy.journal, cell).total_s == pytest.approx(0.36 + 0.0018 * frames)


def test_light_that_a_pause_had_told_counts_once(copy):
    raw, _ = journals(copy)
    cell = first_line(raw)["doc"]["cell"]
    lose_ledger(copy)
    tear(copy, 2, 30)
    cut(raw, places(raw, "stream_datum")[16])
    told = {"led_pair-cut_off-led_1_light_s": 0.027, "led_pair-cut_off-led_2_light_s": 0.027}
    run = first_line(raw)["doc"]["uid"]
    descriptor = {"uid": "d", "name": "cut_off", "run_start": run, "data_keys": {}, "time": 1.0}
    event = {"uid": "e", "descriptor": "d", "seq_num": 1, "time": 1.0, "data": told}
    with raw.open("a", encoding="utf-8", newline="\n") as file:
        file.write(to_line("descriptor", descriptor) + to_line("event", event))
    recover(copy, catalogue=False)
    assert read_cell(copy.journal, cell).total_s == pytest.approx(0.36 + 0.0018 * 30)


def test_a_trial_that_was_taken_again_is_not_added(run_engine, directory):
    steps = [{"name": "control", "trials": 2}, {"name": "later", "trials": 1}]

    def take(plan_of):
        rig = make_sim_rig(2, data_directory=directory, rows=24, columns=24)
        journal = Journal(directory.journal)
        token = run_engine.subscribe(journal)
        run_engine(plan_of(rig))
        run_engine.unsubscribe(token)
        journal.close()

    take(lambda rig: drug_wash(rig, steps))
    (first,) = find_journals(directory.journal)
    cut(first, places(first, "stream_datum")[11])
    record = wash_record(read_journal(first))
    assert record.completed_trials == (1,)
    take(lambda rig: drug_wash(rig, resume=record))
    report = recover(directory, catalogue=False)
    run = next(run for run in report.runs if run.uid == record.uid)
    assert (run.trials, run.added_trials) == (1, ())
    assert run.torn_trial is not None
    assert run.torn_trial.frames == {"camera": 100, "amplifier": 100}
    # Resumed after it was recovered, the trial would count.
    (second,) = (
        path
        for path in find_journals(directory.journal)
        if next(iter(read_journal(path)))[1].get("resumes") == record.uid
    )
    supplement_of(first).unlink()
    second.rename(directory.path / "elsewhere")
    recover(directory, catalogue=False)
    assert wash_record(read_journal(first)).completed_trials == (1, 2, 3)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", ""), (b'{"name":"start","doc":{"uid"', ""), (b"not a document\n", "is not a document")],
)
def test_a_journal_without_a_run_is_told_and_holds_nobody_up(copy, content, problem):
    odd = copy.journal / "2020" / "01" / "01" / "000000-abcdefgh.jsonl"
    odd.parent.mkdir(parents=True)
    odd.write_bytes(content)
    raw, _ = journals_but(copy, odd)
    cut(raw, places(raw, "stop")[0])
    report = recover(copy, catalogue=False)
    assert report.runs[0].journal == str(odd)
    assert problem in report.runs[0].problem
    assert found(report, "two_pulse").stopped
    assert odd.read_bytes() == content


def journals_but(directory, odd):
    paths = [path for path in find_journals(directory.journal) if path != odd]
    return sorted(paths, key=lambda path: "raw_run" in first_line(path)["doc"])


def test_a_lost_raw_file_is_told_and_the_other_runs_are_recovered(copy):
    raw, derived = journals(copy)
    cut(raw, places(raw, "stop")[0])
    cut(derived, 3)
    lost = next(copy.raw.rglob("*-camera.h5"))
    lost.unlink()
    report = recover(copy, catalogue=False)
    assert len(report.problems) == 1
    assert str(lost) in report.problems[0]
    assert "\n" not in report.problems[0]
    assert found(report, "dF/F").stopped


def test_what_nothing_names_is_told_and_kept(copy):
    stray = copy.raw / "stray.h5"
    stray.write_bytes(b"whatever")
    assert recover(copy, catalogue=False).unnamed_files == (str(stray),)
    assert stray.read_bytes() == b"whatever"


def test_a_recover_that_was_killed_leaves_no_half_file(copy):
    raw, _ = journals(copy)
    cut(raw, places(raw, "stop")[0])
    half = raw.with_name("190000-abcdefgh.jsonl.unfinished")
    half.write_text('{"name":"stop","doc":{"uid"')
    assert found(recover(copy, catalogue=False), "two_pulse").stopped
    assert not half.exists()
    check_documents(raw)


def test_a_dry_run_only_looks(copy):
    raw, derived = journals(copy)
    cut(raw, places(raw, "stream_datum")[12])
    derived.unlink()
    before = contents(copy)
    report = recover(copy, dry_run=True)
    assert report.dry_run
    assert found(report, "two_pulse").added_trials == (2, 3)
    assert contents(copy) == before
    assert not (copy.catalogue / "catalogue.db").exists()


def test_an_open_session_is_not_recovered(copy):
    with copy.lock_for_writing(), pytest.raises(StorageError, match="is being written by") as error:
        recover(copy)
    assert "\n" not in str(error.value)


def test_no_data_directory_is_no_place_to_recover(tmp_path):
    with pytest.raises(BadInputError, match="there is no data directory"):
        recover(DataDirectory(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("uid", ["..", "../arrays", ".", "", "a/../.."])
def test_no_uid_of_a_file_names_another_folder_to_be_removed(tmp_path, uid):
    directory = DataDirectory(tmp_path / "data")
    kept = directory.catalogue / "arrays" / "a" / "kept"
    kept.mkdir(parents=True)
    CatalogueSide(directory, None, dry_run=True)._remove_arrays(uid)
    assert kept.is_dir()


@READS_DIRECTLY
@pytest.mark.slow
def test_the_catalogue_is_completed_and_the_command_says_so(copy, capsys):
    raw, derived = journals(copy)
    cut(raw, places(raw, "stream_datum")[12], b'{"name":')
    derived.unlink()
    assert cli.main(["recover", "--data-dir", str(copy)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "trial 2 to 3 added from the files" in lines[0]
    assert "the journal's last line was cut off after 8 bytes" in lines[0]
    assert "trial 2 to 3 without an entry in stream trials" in lines[0]
    assert "dF/F computed of trial 1 to 3; brought into the catalogue" in lines[1]
    assert lines[2] == "2 of 2 runs recovered"
    runs = list(open_catalogue(copy).v3.values())
    assert len(runs) == 2
    camera = next(run for run in runs if "raw_run" not in run.metadata["start"])
    assert camera["primary"]["camera"].read().shape[0] == TRIALS
    assert camera.metadata["stop"]["recovered"]["added_trials"] == [2, 3]
    assert cli.main(["recover", "--data-dir", str(copy), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
    # Arrays that no database knows, as a kill between the two leaves them, are in nobody's way.
    for name in ("catalogue.db", "tables.db"):
        (copy.catalogue / name).unlink()
    assert cli.main(["recover", "--data-dir", str(copy)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 of 2 runs recovered"


@READS_DIRECTLY
@pytest.mark.slow
def test_a_trial_that_no_event_tells_is_shown_and_exported(copy):
    raw, derived = journals(copy)
    # Killed when the stream of events was declared and had none.
    declared = places(raw, "descriptor")[-1]
    assert list(read_journal(raw))[declared][1]["name"] == "trials"
    cut(raw, declared + 1)
    derived.unlink()
    assert cli.main(["recover", "--data-dir", str(copy)]) == 0
    run = next(
        run for run in open_catalogue(copy).v3.values() if "raw_run" not in run.metadata["start"]
    )
    assert "trials" in run
    with open_run_data(open_catalogue(copy).v3, run.metadata["start"]["uid"]) as data:
        assert data.trial_count == TRIALS
        assert data.column("trial-step", -1).tolist() == [0] * TRIALS
        # What flowed only the event could have told.
        assert data.column("trial-solution", "").tolist() == ["unknown"] * TRIALS
        assert np.isnan(data.column("trial-concentration_uM", 0.0)).all()
        assert not data.column(TIME_TOLD, True).any()
        np.testing.assert_allclose(np.diff(data.trial_starts_s()), data.trial.duration_s, atol=1e-6)
        rows = measure_rows(data)
    assert {row["trial"] for row in rows} == {1, 2, 3}
    assert {row["stimulus_uA"] for row in rows} == {50.0}
    (exposure,) = read_cell(copy.journal, run.metadata["start"]["cell"]).runs
    assert exposure.trials == TRIALS


@pytest.mark.long
@READS_DIRECTLY
def test_a_run_whose_arrays_a_power_cut_took_is_brought_in_again(copy):
    recover(copy)
    listed = copy.catalogue / "on_disk.txt"
    since, *uids = listed.read_text().splitlines()
    assert since.startswith("since ")
    assert len(uids) == 2
    assert not recover(copy).changed
    derived = next(
        run for run in open_catalogue(copy).v3.values() if "raw_run" in run.metadata["start"]
    )
    uid = derived.metadata["start"]["uid"]
    expected = derived["dff"].read()["sodium"].values
    # The database came to the disk, what the arrays hold did not.
    for path in (copy.catalogue / "arrays" / uid).rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    assert not recover(copy).changed
    # What was in the catalogue before the list was begun is trusted, what came later is not.
    listed.write_text(f"since 0\n{next(one for one in uids if one != uid)}\n")
    report = recover(copy)
    assert [run.uid for run in report.runs if run.changed] == [uid]
    (again,) = (
        run for run in open_catalogue(copy).v3.values() if run.metadata["start"]["uid"] == uid
    )
    np.testing.assert_array_equal(again["dff"].read()["sodium"].values, expected)
    assert uid in listed.read_text().splitlines()


@READS_DIRECTLY
@pytest.mark.slow
def test_a_data_directory_that_was_moved_is_refused_and_then_recovered(copy, tmp_path, capsys):
    first = copy
    recover(first)
    moved = DataDirectory(tmp_path / "moved")
    first.path.rename(moved.path)
    assert moved.moved_from == first.path
    for command in (["runs"], ["show", "-1"], ["export", "-1", "--format", "csv"]):
        assert cli.main([*command, "--data-dir", str(moved)]) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"blueslice: data directory {moved} was {first.path} when its cata")
        assert told.count("\n") == 1
        assert f"blueslice recover --data-dir {shell_word(moved)}" in told
    with pytest.raises(StorageError, match="move it back, or run"):
        Session(make_sim_rig(3, data_directory=moved), moved)
    # Its journals name files of a place that does not exist any more.
    assert cli.main(["recover", "--data-dir", str(moved)]) == 0
    runs = list(open_catalogue(moved).v3.values())
    assert len(runs) == 2
    camera = next(run for run in runs if "raw_run" not in run.metadata["start"])
    assert camera["primary"]["camera"].read().shape[0] == TRIALS
    assert moved.moved_from is None
    assert (moved.path / "catalogue-before-move-1").is_dir()
    assert not recover(moved).changed


def test_dff_of_a_line_that_a_power_cut_took_is_computed_again(copy):
    """The line of a trial was on its way, those after it came to the disk: zeros in its place."""
    _, derived = journals(copy)
    expected = {
        doc["data"]["trial"]: doc["data"] for n, doc in read_journal(derived) if n == "event"
    }
    lines = derived.read_bytes().splitlines(keepends=True)
    lost = next(at for at, line in enumerate(lines) if b'"trial":2' in line)
    lines[lost] = b"\0" * len(lines[lost])
    derived.write_bytes(b"".join(lines))
    damaged = derived.read_bytes()
    report = recover(copy, catalogue=False)
    run = found(report, "dF/F")
    assert run.dff_trials == (2,)
    assert run.trials == TRIALS
    assert any("is damaged" in fault for fault in report.problems)
    assert derived.read_bytes() == damaged
    again = {doc["data"]["trial"]: doc["data"] for n, doc in read_journal(derived) if n == "event"}
    assert again == expected
    before = contents(copy)
    assert not recover(copy, catalogue=False).changed
    assert contents(copy) == before


@pytest.mark.parametrize("lost", ["the entry", "one recording", "all recordings", "all lines"])
def test_a_trial_whose_lines_a_power_cut_took_before_the_stop_is_kept(copy, lost):
    """Lines that were on their way are lost in any order: the stop document may be the one kept."""
    raw, _ = journals(copy)
    expected = sum(name == "event" for name, _ in read_journal(raw))
    lines = raw.read_bytes().splitlines(keepends=True)
    begins = max(at for at, line in enumerate(lines[:-1]) if b'"event"' in line) + 1
    last = [at for at in range(len(lines) - 1) if _is_of_trial(lines[at], TRIALS)]
    data = [at for at in last if b'"stream_datum"' in lines[at]]
    gone = {
        "the entry": [at for at in last if at not in data],
        "one recording": data[:1],
        "all recordings": data,
        "all lines": last,
    }[lost]
    assert gone
    assert b'"stop"' in lines[begins:][-1]
    for at in gone:
        lines[at] = b"\0" * len(lines[at])
    raw.write_bytes(b"".join(lines))
    damaged = raw.read_bytes()
    report = recover(copy, catalogue=False)
    run = found(report, "two_pulse")
    assert (run.trials, run.readable_trials) == (TRIALS, TRIALS)
    assert run.added_trials == ((TRIALS,) if lost != "the entry" else ())
    assert run.without_entry == ((TRIALS,) if "entry" in lost or "lines" in lost else ())
    assert any("is damaged" in fault for fault in report.problems)
    assert raw.read_bytes() == damaged
    documents = list(read_journal(raw))
    assert documents[-1][0] == "stop"
    assert sum(name == "event" for name, _ in documents) == expected - bool(run.without_entry)
    before = contents(copy)
    assert not recover(copy, catalogue=False).changed
    assert contents(copy) == before


def _is_of_trial(line, number):
    doc = json.loads(line)["doc"]
    if "indices" in doc:
        return doc["indices"]["start"] == number - 1
    return doc.get("data", {}).get("trial-number") == number
