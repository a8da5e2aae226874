"""The journal: what is written, what is read back, and what a kill leaves."""

import errno
import json
import math
import subprocess
import sys
from datetime import UTC, datetime

import event_model
import numpy as np
import pytest

from blueslice.callbacks.journal import Journal
from blueslice.callbacks.journal_files import find_journals, read_journal
from blueslice.errors import BadInputError, StorageError

NUMBER = {"source": "test", "dtype": "number", "shape": []}


class Run:
    """Composes the documents of a run with streams of one number each."""

    def __init__(self, streams=("primary",), *, time=None, **metadata):
        self.bundle = event_model.compose_run(time=time, metadata=metadata)
        self.start = self.bundle.start_doc
        self.streams = {
            name: self.bundle.compose_descriptor(name=name, data_keys={"x": NUMBER})
            for name in streams
        }

    def descriptor(self, stream="primary"):
        return "descriptor", self.streams[stream].descriptor_doc

    def event(self, value, stream="primary"):
        event = self.streams[stream].compose_event(data={"x": value}, timestamps={"x": 1.5})
        return "event", event

    def stop(self):
        return "stop", self.bundle.compose_stop()

    def documents(self, *values):
        yield "start", self.start
        yield self.descriptor()
        for value in values:
            yield self.event(value)
        yield self.stop()


def feed(journal, documents):
    for name, doc in documents:
        journal(name, doc)


def test_run_is_read_back_as_it_was_given(tmp_path):
    documents = list(Run(operator="Ada", note="Ω, µ").documents(1, 2.5, True, "text"))
    journal = Journal(tmp_path)
    feed(journal, documents)
    assert list(read_journal(journal.path_of(documents[0][1]))) == documents


def test_file_is_named_by_the_time_and_uid_of_the_start(tmp_path):
    run = Run(time=datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp())
    feed(Journal(tmp_path, time_zone=UTC), run.documents(1))
    (path,) = find_journals(tmp_path)
    uid = run.start["uid"]
    assert path == tmp_path / "2027" / "01" / "02" / f"030405-{uid[:8]}.jsonl"


def test_journals_are_found_oldest_first(tmp_path):
    journal = Journal(tmp_path, time_zone=UTC)
    times_s = [1.8e9, 1.7e9, 1.75e9]
    for time_s in times_s:
        feed(journal, Run(time=time_s).documents())
    found = [next(read_journal(path))[1]["time"] for path in find_journals(tmp_path)]
    assert found == sorted(times_s)
    assert find_journals(tmp_path / "absent") == []


@pytest.mark.parametrize(
    "value",
    [
        np.float32(0.1),
        np.float64(0.1),
        np.nextafter(1.0, 2.0),
        np.float16(0.1),
        np.int16(-32768),
        np.uint64(2**64 - 1),
        np.bool_(True),
        np.str_("ANG-2"),
        np.array([[0.1, 1e-300], [5e-324, -0.0]]),
        np.array([1, 2], dtype="<u2"),
        np.array([0.1, 0.2], dtype="<f4"),
        np.array(3.25),
        np.array([], dtype="<f8"),
        np.array(["a", "b"]),
        np.array([1, "a", None], dtype=object),
        (1, [2, {"deep": np.int8(3)}]),
        None,
        [math.inf, -math.inf],
    ],
    ids=repr,
)
def test_numbers_are_kept_exactly(tmp_path, value):
    journal = Journal(tmp_path)
    feed(journal, Run(value=value).documents())
    ((_, start), *_) = read_journal(find_journals(tmp_path)[0])
    kept = start["value"]
    if isinstance(value, np.ndarray | np.generic):
        back = np.array(kept, dtype=value.dtype)
        assert back.tobytes() == value.tobytes() or back.tolist() == value.tolist()
        assert back.shape == value.shape
    elif isinstance(value, tuple):
        assert kept == [1, [2, {"deep": 3}]]
    else:
        assert kept == value


def test_nan_stays_nan(tmp_path):
    journal = Journal(tmp_path)
    feed(journal, Run().documents(np.float32("nan")))
    documents = list(read_journal(find_journals(tmp_path)[0]))
    assert math.isnan(documents[2][1]["data"]["x"])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"bytes", "bytes"),
        (np.datetime64("2026-11-23"), "datetime64 of datetime64"),
        (np.array([1 + 2j]), "ndarray of complex128"),
        (1j, "complex"),
        ({1, 2}, "set"),
    ],
)
def test_value_without_an_exact_form_is_refused(tmp_path, value, kind):
    with pytest.raises(BadInputError, match=f"holds a {kind}.*, which JSON cannot keep exactly"):
        Journal(tmp_path)("start", {"uid": "a" * 36, "time": 0.0, "value": value})


def test_interleaved_runs_go_to_their_own_files(tmp_path):
    raw, derived = Run(kind="raw"), Run(kind="derived")
    mixed = [
        ("start", raw.start),
        raw.descriptor(),
        raw.event(1),
        ("start", derived.start),
        derived.descriptor(),
        derived.event(10),
        raw.event(2),
        derived.event(20),
        raw.stop(),
        derived.stop(),
    ]
    journal = Journal(tmp_path)
    feed(journal, mixed)
    for run, values in ((raw, [1, 2]), (derived, [10, 20])):
        documents = list(read_journal(journal.path_of(run.start)))
        assert [name for name, _ in documents] == ["start", "descriptor", "event", "event", "stop"]
        assert [doc["data"]["x"] for name, doc in documents if name == "event"] == values


@pytest.mark.parametrize("names_run", [True, False])
def test_external_data_and_pages_are_written_as_they_are(tmp_path, names_run):
    run, other = Run(), Run()
    key = {"source": "camera", "dtype": "array", "shape": [4], "external": "STREAM:"}
    frames = run.bundle.compose_descriptor(name="frames", data_keys={"camera": key})
    resource = run.bundle.compose_stream_resource(
        data_key="camera",
        mimetype="application/x-hdf5",
        uri="file://localhost/camera.h5",
        parameters={"dataset": "camera", "swmr": True, "chunk_shape": [1, 4]},
    )
    resource_doc = dict(resource.stream_resource_doc)
    if not names_run:
        del resource_doc["run_start"]
    datum = resource.compose_stream_datum(
        indices={"start": 0, "stop": 2},
        seq_nums={"start": 1, "stop": 3},
        descriptor=frames.descriptor_doc,
    )
    page = run.streams["primary"].compose_event_page(
        data={"x": [1, 2]}, timestamps={"x": [1.0, 2.0]}, seq_num=[1, 2]
    )
    documents = [
        ("start", run.start),
        run.descriptor(),
        ("descriptor", frames.descriptor_doc),
        ("stream_resource", resource_doc),
        ("stream_datum", datum),
        ("event_page", page),
        run.stop(),
    ]
    journal = Journal(tmp_path)
    journal("start", other.start)  # so that the run cannot be guessed
    feed(journal, documents)
    journal(*other.stop())
    assert list(read_journal(journal.path_of(run.start))) == documents


def test_excluded_stream_is_left_out(tmp_path):
    run, other = Run(("primary", "live")), Run(("primary",))
    journal = Journal(tmp_path, exclude_streams=["live"])
    feed(journal, [("start", run.start), run.descriptor("live"), run.descriptor()])
    feed(journal, [run.event(9, "live"), run.event(1)])
    feed(journal, other.documents(7))
    feed(journal, [run.event(8, "live"), run.stop()])
    documents = list(read_journal(journal.path_of(run.start)))
    assert [name for name, _ in documents] == ["start", "descriptor", "event", "stop"]
    assert documents[2][1]["data"] == {"x": 1}
    assert documents[3][1]["num_events"] == {"primary": 1}
    assert len(list(read_journal(journal.path_of(other.start)))) == 4


def test_exclude_streams_given_as_text_is_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"give a list of stream names, for example \['live'\]"):
        Journal(tmp_path, exclude_streams="live")


def test_document_of_an_unseen_run_is_refused(tmp_path):
    run = Run()
    with pytest.raises(BadInputError, match="a descriptor document came of a run whose start"):
        Journal(tmp_path)(*run.descriptor())


def test_journal_is_never_written_over(tmp_path):
    run = Run()
    documents = list(run.documents(1))
    feed(Journal(tmp_path), documents)
    with pytest.raises(StorageError, match=r"exists already, so run .* is not written over it"):
        feed(Journal(tmp_path), documents)
    assert list(read_journal(find_journals(tmp_path)[0])) == documents


def test_lines_are_readable_before_the_run_ends(tmp_path):
    run = Run()
    journal = Journal(tmp_path)
    feed(journal, [("start", run.start), run.descriptor(), run.event(1)])
    assert len(list(read_journal(journal.path_of(run.start)))) == 3
    journal.close()
    journal.close()


def test_full_disk_names_the_file_and_the_next_step(tmp_path, monkeypatch):
    run = Run()
    journal = Journal(tmp_path)
    journal("start", run.start)

    def no_space(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(StorageError, match="No space left on device") as refusal:
        journal(*run.stop())
    assert str(journal.path_of(run.start)) in str(refusal.value)
    assert "free disk space or choose another data directory" in str(refusal.value)
    journal.close()


def test_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(StorageError, match=r"journal .* cannot be written"):
        Journal(tmp_path / "journal")("start", Run().start)


@pytest.mark.parametrize("torn", ["", "{", '{"name":"event","doc":{"x":1', '{"name"', "\0\0\0"])
def test_torn_last_line_is_passed_over(tmp_path, torn):
    documents = list(Run().documents(1))
    feed(Journal(tmp_path), documents)
    path = find_journals(tmp_path)[0]
    with path.open("a") as file:
        file.write(torn)
    assert list(read_journal(path)) == documents


@pytest.mark.parametrize("line", ["{", "[1]", '{"name": "event"}', "null", ""])
def test_damaged_line_in_the_middle_is_reported(tmp_path, line):
    path = tmp_path / "damaged.jsonl"
    path.write_text(f'{{"name": "start", "doc": {{}}}}\n{line}\n{{"name": "stop", "doc": {{}}}}\n')
    documents = read_journal(path)
    assert next(documents) == ("start", {})
    with pytest.raises(
        StorageError, match=r"damaged.jsonl: line 2 is damaged: it is not a document"
    ):
        next(documents)


def test_absent_journal_is_reported(tmp_path):
    with pytest.raises(StorageError, match=r"absent.jsonl cannot be read .*check the path"):
        list(read_journal(tmp_path / "absent.jsonl"))


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
import event_model
from blueslice.callbacks.journal import Journal
journal = Journal(Path(sys.argv[1]))
run = event_model.compose_run()
journal("start", run.start_doc)
key = {"source": "test", "dtype": "integer", "shape": []}
stream = run.compose_descriptor(name="primary", data_keys={"x": key})
journal("descriptor", stream.descriptor_doc)
for x in range(10**9):
    journal("event", stream.compose_event(data={"x": x}, timestamps={"x": 0.0}))
    if x % 100 == 0:
        print(x, flush=True)
"""


def test_killed_process_loses_no_completed_line(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    for _ in range(5):
        writer.stdout.readline()
    writer.kill()
    told, _ = writer.communicate()
    last_told = int(told.split()[-1]) if told.split() else 400
    (path,) = find_journals(tmp_path)
    names, docs = zip(*read_journal(path), strict=True)
    assert names[:3] == ("start", "descriptor", "event")
    values = [doc["data"]["x"] for doc in docs[2:]]
    assert values == list(range(len(values)))
    assert len(values) > last_told
    assert len(values) >= path.read_bytes().count(b"\n") - 2


def test_every_line_is_one_json_object(tmp_path):
    feed(Journal(tmp_path), Run(note="two\nlines").documents(1))
    lines = find_journals(tmp_path)[0].read_text(encoding="utf-8").splitlines()
    assert [set(json.loads(line)) for line in lines] == [{"name", "doc", "crc32"}] * 4
