"""The catalogue: written while acquiring, read from anywhere, and what a failure costs."""

import gc
import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import event_model
import h5py
import httpx
import numpy as np
import pytest
import stamina
from bluesky import plan_stubs as bps
from bluesky import preprocessors as bpp
from bluesky.run_engine import RunEngine
from tiled.client import from_uri

from blueslice import broker
from blueslice._data_directory import DataDirectory
from blueslice.broker import (
    CatalogueServer,
    CatalogueWriter,
    install_profile,
    open_catalogue,
    replay,
)
from blueslice.callbacks.journal import Journal
from blueslice.callbacks.journal_files import find_journals, read_journal
from blueslice.errors import BadInputError, StorageError

FRAMES, HEIGHT, WIDTH, SAMPLES, ROIS = 20, 80, 80, 8, 3
TIMEOUT_S = 60.0

# Tiled opens files directly through starlette's test client, which asks for a newer httpx.
READS_DIRECTLY = pytest.mark.filterwarnings(
    "ignore:Using `httpx` with `starlette.testclient` is deprecated"
)

# Data set, data key, shape of one trial, chunk of the file, number type.
DATASETS = [
    ("camera", "camera", (FRAMES, HEIGHT, WIDTH), (1, 10, HEIGHT, WIDTH), "<u2"),
    ("dark", "camera-dark", (HEIGHT, WIDTH), (1, HEIGHT, WIDTH), "<f4"),
    ("voltage", "amplifier-voltage", (FRAMES, SAMPLES), (1, FRAMES, SAMPLES), "<f4"),
    ("counter", "camera-counter", (FRAMES,), (1, FRAMES), "<i8"),
]


class RawRun:
    """A raw run whose HDF5 file grows trial by trial, as a device's documents describe it."""

    def __init__(self, folder: Path, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.path = folder / f"run-{seed}.h5"
        self.file = h5py.File(self.path, "w", libver="latest")
        self.expected: dict[str, np.ndarray] = {}
        self.bundle = event_model.compose_run(metadata={"plan_name": "two_pulse", "seed": seed})
        self.uid = self.bundle.start_doc["uid"]
        keys = {}
        for name, key, shape, chunks, kind in DATASETS:
            self.file.create_dataset(
                name, (0, *shape), maxshape=(None, *shape), chunks=chunks, dtype=kind
            )
            self.expected[key] = np.empty((0, *shape), dtype=kind)
            keys[key] = {
                "source": "test",
                "dtype": "array",
                "shape": list(shape),
                "dtype_numpy": kind,
                "external": "STREAM:",
            }
        self.file.swmr_mode = True
        self.primary = self.bundle.compose_descriptor(name="primary", data_keys=keys)
        number = {"number": {"source": "test", "dtype": "integer", "shape": []}}
        self.trials = self.bundle.compose_descriptor(name="trials", data_keys=number)
        self.resources = {
            key: self.bundle.compose_stream_resource(
                data_key=key,
                mimetype="application/x-hdf5",
                uri=f"file://localhost/{self.path.as_posix().lstrip('/')}",
                parameters={"dataset": name, "swmr": True, "chunk_shape": list(chunks)},
            )
            for name, key, _, chunks, _ in DATASETS
        }

    def opening(self):
        yield "start", self.bundle.start_doc
        yield "descriptor", self.primary.descriptor_doc
        yield "descriptor", self.trials.descriptor_doc
        for resource in self.resources.values():
            yield "stream_resource", resource.stream_resource_doc

    def trial(self, number: int):
        for name, key, shape, _, kind in DATASETS:
            values = self.random.integers(0, 60_000, shape).astype(kind)
            dataset = self.file[name]
            assert isinstance(dataset, h5py.Dataset)
            dataset.resize(number + 1, axis=0)
            dataset[number] = values
            dataset.flush()
            self.expected[key] = np.concatenate([self.expected[key], values[np.newaxis]])
        for resource in self.resources.values():
            yield (
                "stream_datum",
                resource.compose_stream_datum(
                    indices={"start": number, "stop": number + 1},
                    seq_nums={"start": number + 1, "stop": number + 2},
                    descriptor=self.primary.descriptor_doc,
                ),
            )
        event = self.trials.compose_event(data={"number": number}, timestamps={"number": 1.0})
        yield "event", event

    def closing(self):
        self.file.close()
        yield "stop", self.bundle.compose_stop()


class DerivedRun:
    """dF/F of a raw run, as the live analysis emits it: an array per trial, NaN where unknown."""

    def __init__(self, raw: RawRun):
        self.bundle = event_model.compose_run(metadata={"raw_run": raw.uid})
        self.uid = self.bundle.start_doc["uid"]
        keys = {
            "trial": {"source": "analysis", "dtype": "integer", "shape": []},
            "sodium": {
                "source": "analysis",
                "dtype": "array",
                "shape": [ROIS, SAMPLES],
                "dtype_numpy": "<f8",
            },
        }
        self.stream = self.bundle.compose_descriptor(name="dff", data_keys=keys)
        self.expected = np.empty((0, ROIS, SAMPLES))

    def opening(self):
        yield "start", self.bundle.start_doc
        yield "descriptor", self.stream.descriptor_doc

    def trial(self, number: int, sodium: np.ndarray):
        self.expected = np.concatenate([self.expected, sodium[np.newaxis]])
        data = {"trial": number, "sodium": sodium}
        yield "event", self.stream.compose_event(data=data, timestamps=dict.fromkeys(data, 1.0))

    def closing(self):
        yield "stop", self.bundle.compose_stop()


def feed(callback, documents) -> None:
    for name, doc in documents:
        callback(name, doc)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # A space and letters beyond ASCII, as folders named by people have.
    directory = DataDirectory(tmp_path_factory.mktemp("rig") / "data of Zoë")
    with CatalogueServer(directory) as running:
        yield running


@pytest.fixture(scope="module")
def open_runs(server):
    """A raw run of two trials, still being acquired, and its derived run."""
    writer = server.writer()
    raw = RawRun(server.data_directory.raw)
    derived = DerivedRun(raw)
    feed(writer, raw.opening())
    for number in range(2):
        feed(writer, raw.trial(number))
        if number == 0:
            feed(writer, derived.opening())
        sodium = np.random.default_rng(number).normal(size=(ROIS, SAMPLES))
        sodium[1, 3:] = np.nan
        feed(writer, derived.trial(number, sodium))
    writer.wait(TIMEOUT_S)
    yield raw, derived
    feed(writer, derived.closing())
    feed(writer, raw.closing())
    writer.close(TIMEOUT_S)


@pytest.fixture(scope="module")
def profiles(server, tmp_path_factory):
    directory = tmp_path_factory.mktemp("profiles")
    install_profile(server.data_directory, profiles_directory=directory)
    return directory


def test_open_run_reads_the_same_in_this_process(server, open_runs):
    raw, derived = open_runs
    catalogue = open_catalogue(server.data_directory)
    assert catalogue is server.client
    run = catalogue.v3[raw.uid]
    assert "stop" not in run.metadata
    for key, expected in raw.expected.items():
        read = run["primary"][key].read()
        assert read.dtype == expected.dtype
        np.testing.assert_array_equal(read, expected)
    one_trial = run["primary"]["camera"][1, 5:7]
    np.testing.assert_array_equal(one_trial, raw.expected["camera"][1, 5:7])
    sodium = catalogue.v3[derived.uid]["dff"]["sodium"].read()
    assert sodium.tobytes() == derived.expected.tobytes()


READ_BY_NAME = """
import hashlib, json, sys, warnings
import databroker
raw, derived = sys.argv[1:]
catalogue = databroker.catalog["blueslice"]
run = catalogue.v3[raw]
found = {key: run["primary"][key].read() for key in run["primary"] if key != "time"}
found["sodium"] = catalogue.v3[derived]["dff"]["sodium"].read()
refusals = []
for change in (
    lambda: catalogue.delete_contents(raw, recursive=True, external_only=False),
    lambda: run.update_metadata({"operator": "changed"}),
):
    try:
        change()
    except Exception as error:
        refusals.append("readonly" in str(error))
by_profile = databroker.from_profile("blueslice").v3[raw].metadata["start"]["uid"]
broker = databroker.Broker.named("blueslice")
by_name = sorted(header.start["uid"] for header in (broker[-1], broker[-2]))
print(json.dumps({
    "digests": {k: hashlib.sha256(a.tobytes()).hexdigest() for k, a in found.items()},
    "shapes": {k: a.shape for k, a in found.items()},
    "open": "stop" not in run.metadata,
    "refusals": refusals,
    "by_profile": by_profile,
    "by_name": by_name,
}))
"""


@pytest.mark.long
def test_open_run_reads_the_same_by_name_in_another_process(open_runs, profiles):
    raw, derived = open_runs
    reader = subprocess.run(
        [sys.executable, "-c", READ_BY_NAME, raw.uid, derived.uid],
        env={**os.environ, "TILED_PROFILES": str(profiles)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert reader.returncode == 0, reader.stderr
    found = json.loads(reader.stdout)
    expected = {**raw.expected, "sodium": derived.expected}
    assert found["shapes"] == {key: list(array.shape) for key, array in expected.items()}
    assert found["digests"] == {key: digest(array) for key, array in expected.items()}
    assert found["open"]
    assert found["refusals"] == [True, True]
    assert found["by_profile"] == raw.uid
    assert found["by_name"] == sorted([raw.uid, derived.uid])


def test_server_refuses_whoever_lacks_the_key(server):
    key_file = server.data_directory.catalogue / "api_key"
    if os.name == "posix":
        assert key_file.stat().st_mode & 0o777 == 0o600
    with httpx.Client(trust_env=False) as client:
        address = f"{server.uri}/metadata/"
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Apikey wrong"}, 401),
            ({"Authorization": f"Apikey {key_file.read_text()}"}, 200),
        ):
            assert client.get(address, headers=headers).status_code == status


def test_server_listens_on_this_computer_only(server):
    assert server.uri.startswith("http://127.0.0.1:")


def test_run_exports_its_documents(server, open_runs):
    raw, _ = open_runs
    documents = list(server.client.v3[raw.uid].documents())
    names = [name for name, _ in documents]
    assert names.count("stream_resource") == len(DATASETS)
    assert names.count("event") == 2


class Counter:
    """A device that reads one number; the RunEngine's own documents come of it."""

    name = "counter"
    parent = None

    def __init__(self):
        self.value = 0

    def describe(self):
        return {"count": {"source": "test", "dtype": "integer", "shape": []}}

    def read(self):
        self.value += 1
        return {"count": {"value": self.value, "timestamp": float(self.value)}}

    def read_configuration(self):
        return {}

    def describe_configuration(self):
        return {}


@bpp.run_decorator(md={"plan_name": "counting"})
def count_trials(number, between=lambda trial: None, streams=("trials",)):
    counter = Counter()
    for trial in range(number):
        for stream in streams:
            yield from bps.create(stream)
            yield from bps.read(counter)
            yield from bps.save()
        between(trial)


@pytest.fixture
def engine():
    # A loop of its own, so that each test leaves nothing running.
    run_engine = RunEngine({}, call_returns_result=False)
    yield run_engine
    run_engine.loop.call_soon_threadsafe(run_engine.loop.stop)
    run_engine._th.join()
    run_engine.loop.close()


def test_run_of_the_engine_is_in_the_catalogue_without_live_streams(server, engine):
    writer = server.writer(exclude_streams=["live"])
    engine.subscribe(writer)
    (uid,) = engine(count_trials(3, streams=("trials", "live")))
    writer.close(TIMEOUT_S)
    run = server.client.v3[uid]
    assert list(run) == ["trials"]
    assert run.metadata["stop"]["num_events"] == {"trials": 3}
    assert run["trials"]["count"].read().tolist() == [1, 3, 5]


def test_runs_that_are_written_whole_read_the_same_after_fewer_requests(server, monkeypatch):
    sent: list[str] = []
    send = httpx.Client.send

    def counted(self, request, **options):
        sent.append(request.method)
        return send(self, request, **options)

    monkeypatch.setattr(httpx.Client, "send", counted)
    needed = {}
    for whole_runs in (False, True):
        sent.clear()
        writer = server.writer(whole_runs=whole_runs)
        raw = RawRun(server.data_directory.raw, seed=20 + whole_runs)
        feed(writer, raw.opening())
        for number in range(4):
            feed(writer, raw.trial(number))
        feed(writer, raw.closing())
        writer.close(TIMEOUT_S)
        needed[whole_runs] = len(sent)
        run = server.client.v3[raw.uid]
        assert run.metadata["stop"]["exit_status"] == "success"
        assert run["trials"]["number"].read().tolist() == [0, 1, 2, 3]
        for key, expected in raw.expected.items():
            np.testing.assert_array_equal(run["primary"][key].read(), expected)
    assert needed[True] < needed[False] - 4


def test_engine_does_not_wait_for_the_catalogue(server, engine):
    writer = server.writer()
    costs_s = []

    def timed(name, doc):
        began = time.perf_counter()
        writer(name, doc)
        costs_s.append(time.perf_counter() - began)

    engine.subscribe(timed)
    engine(count_trials(20))
    assert sorted(costs_s)[len(costs_s) // 2] < 1e-3
    writer.close(TIMEOUT_S)


def test_documents_are_copied_before_the_caller_goes_on(server):
    writer = server.writer()
    run = DerivedRun(RawRun(server.data_directory.raw, seed=5))
    feed(writer, run.opening())
    ((name, event),) = run.trial(0, np.ones((ROIS, SAMPLES)))
    writer(name, event)
    event["data"]["sodium"][:] = -1.0
    feed(writer, run.closing())
    writer.close(TIMEOUT_S)
    assert (server.client.v3[run.uid]["dff"]["sodium"].read() == 1.0).all()


def test_closed_writer_says_so(server):
    writer = server.writer()
    writer.close(TIMEOUT_S)
    writer.close(TIMEOUT_S)
    with pytest.raises(StorageError, match="closed and cannot take a start document"):
        writer("start", {"uid": "x", "time": 0.0})


def test_server_lost_during_a_run_costs_the_engine_nothing(tmp_path, engine):
    directory = DataDirectory(tmp_path / "data")
    server = CatalogueServer(directory).start()
    writer = server.writer()
    journal = Journal(directory.journal)
    engine.subscribe(journal)
    engine.subscribe(writer)

    def lose_server(trial):
        if trial == 1:
            writer.wait(TIMEOUT_S)
            server._server.stop(TIMEOUT_S)

    began = time.monotonic()
    (uid,) = engine(count_trials(4, lose_server))
    with pytest.raises(StorageError) as failure:
        server.close(TIMEOUT_S)
    assert time.monotonic() - began < 20  # refused connections would be tried for 45 s
    backup = directory.catalogue / "backup" / f"{uid[:8]}.jsonl"
    assert f"run {uid} is kept in {backup}" in str(failure.value)
    assert "\n" not in str(failure.value)
    (journal_file,) = find_journals(directory.journal)
    journalled = list(read_journal(journal_file))
    assert [name for name, _ in journalled] == ["start", "descriptor", *["event"] * 4, "stop"]
    # Tiled's writer turns each event into a page of one.
    kept = [doc["data"]["count"] for _, doc in read_journal(backup) if "data" in doc]
    assert kept == [[1], [2], [3], [4]]

    with CatalogueServer(directory) as again:
        assert "stop" not in again.client.v3[uid].metadata
        assert replay(backup, again.client) == uid
        run = again.client.v3[uid]
        assert run["trials"]["count"].read().tolist() == [1, 2, 3, 4]
        assert run.metadata["stop"]["exit_status"] == "success"
        with pytest.raises(BadInputError, match="whole in the catalogue; there is nothing"):
            replay(journal_file, again.client)


SERVE = """
import sys
from blueslice.broker import CatalogueServer, DataDirectory
server = CatalogueServer(DataDirectory(sys.argv[1])).start()
print(server.uri, (server.data_directory.catalogue / "api_key").read_text(), flush=True)
sys.stdin.read()
"""


def test_killed_server_of_another_process_costs_the_engine_nothing(tmp_path, engine):
    other = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path / "data")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    uri, key = other.stdout.readline().split()
    writer = CatalogueWriter(from_uri(uri, api_key=key, trust_env=False), tmp_path / "backup")
    engine.subscribe(writer)

    def kill_server(trial):
        if trial == 1:
            writer.wait(TIMEOUT_S)
            other.kill()
            other.communicate()

    with stamina.set_testing(True, attempts=2):  # else Tiled tries for 45 s
        (uid,) = engine(count_trials(4, kill_server))
        with pytest.raises(StorageError, match=f"run {uid} is kept in"):
            writer.wait(TIMEOUT_S)
    writer.close(TIMEOUT_S)
    backup = list(read_journal(tmp_path / "backup" / f"{uid[:8]}.jsonl"))
    assert [doc["data"]["count"] for _, doc in backup if "data" in doc] == [[1], [2], [3], [4]]
    assert backup[-1][0] == "stop"


def test_late_run_goes_to_the_backup_at_closing(server, monkeypatch):
    writer = server.writer()
    answering = threading.Event()
    written = writer._tiled_writer

    def slow(name, doc):
        answering.wait(TIMEOUT_S)
        written(name, doc)

    monkeypatch.setattr(writer, "_tiled_writer", slow)
    monkeypatch.setattr(
        writer._client.context.http_client,
        "close",
        lambda close=writer._client.context.http_client.close: (close(), answering.set()),
    )
    run = DerivedRun(RawRun(server.data_directory.raw, seed=9))
    feed(writer, run.opening())
    with pytest.raises(StorageError, match=r"within 0\.01 s; wait again"):
        writer.wait(0.01)
    with pytest.raises(StorageError, match=f"run {run.uid} is kept in"):
        writer.close(0.01)
    backup = server.data_directory.catalogue / "backup" / f"{run.uid[:8]}.jsonl"
    assert [name for name, _ in read_journal(backup)] == ["start", "descriptor"]


READ_TABLES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN")
(table,) = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
connection.execute(f'SELECT * FROM "{table}"').fetchall()
print("reading", flush=True)
sys.stdin.read()
"""


def test_reader_in_another_process_does_not_stop_the_writer(server):
    writer = server.writer()
    run = DerivedRun(RawRun(server.data_directory.raw, seed=11))
    feed(writer, run.opening())
    feed(writer, run.trial(0, np.zeros((ROIS, SAMPLES))))
    writer.wait(TIMEOUT_S)
    reader = subprocess.Popen(
        [sys.executable, "-c", READ_TABLES, str(server.data_directory.catalogue / "tables.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    feed(writer, run.trial(1, np.zeros((ROIS, SAMPLES))))
    feed(writer, run.closing())
    writer.close(TIMEOUT_S)
    reader.communicate()
    assert server.client.v3[run.uid]["dff"]["trial"].read().tolist() == [0, 1]


def test_backup_keeps_arrays_and_nan(tmp_path):
    directory = DataDirectory(tmp_path / "data")
    server = CatalogueServer(directory).start()
    writer = server.writer()
    run = DerivedRun(RawRun(directory.raw))
    server._server.stop(TIMEOUT_S)
    sodium = np.array([[0.1, np.nan, -np.inf, 5e-324, 1.0, 2.0, 3.0, 4.0]] * ROIS)
    feed(writer, run.opening())
    feed(writer, run.trial(0, sodium))
    feed(writer, run.closing())
    with pytest.raises(StorageError, match="is kept in"):
        writer.close(TIMEOUT_S)
    server.close(TIMEOUT_S)
    (backup,) = (directory.catalogue / "backup").glob("*.jsonl")
    with CatalogueServer(directory) as again:
        replay(backup, again.client)
        kept = again.client.v3[run.uid]["dff"]["sodium"].read()
    assert kept.tobytes() == run.expected.tobytes()


def test_raw_run_comes_back_from_its_journal(server, tmp_path):
    raw = RawRun(server.data_directory.raw, seed=7)
    journal = Journal(tmp_path)
    feed(journal, raw.opening())
    feed(journal, raw.trial(0))
    feed(journal, raw.closing())
    replay(find_journals(tmp_path)[0], server.client)
    camera = server.client.v3[raw.uid]["primary"]["camera"].read()
    np.testing.assert_array_equal(camera, raw.expected["camera"])


@pytest.mark.parametrize("content", ["", '{"name": "event", "doc": {}}\n'])
def test_file_that_holds_no_run_is_not_replayed(server, tmp_path, content):
    (tmp_path / "no-run.jsonl").write_text(content)
    with pytest.raises(BadInputError, match="not with the start of a run; give a journal"):
        replay(tmp_path / "no-run.jsonl", server.client)


def test_second_session_is_refused(server):
    with pytest.raises(StorageError, match="is being written by this process"):
        CatalogueServer(server.data_directory).start()
    assert open_catalogue(server.data_directory) is server.client


def test_server_uses_the_lock_it_is_given(tmp_path):
    directory = DataDirectory(tmp_path / "data")
    lock = directory.lock_for_writing()
    with CatalogueServer(directory, lock=lock):
        pass
    assert lock.held
    with pytest.raises(BadInputError, match="is not a held lock of data directory"):
        CatalogueServer(DataDirectory(tmp_path), lock=lock)
    lock.release()
    with pytest.raises(BadInputError, match="is not a held lock of data directory"):
        CatalogueServer(directory, lock=lock)


@pytest.fixture
def root_records():
    """Names of the loggers whose messages reach the root; caplog also sees those that do not."""
    names = []
    handler = logging.Handler()
    handler.emit = lambda record: names.append(record.name)
    logging.getLogger().addHandler(handler)
    yield names
    logging.getLogger().removeHandler(handler)


def test_closing_frees_what_the_server_held(tmp_path, capfd, root_records):
    directory = DataDirectory(tmp_path / "data")
    before = logging.getLogger("tiled").propagate
    for _ in range(2):
        server = CatalogueServer(directory).start()
        assert server.running
        server.close(TIMEOUT_S)
        server.close(TIMEOUT_S)
        assert not server.running
        with pytest.raises(StorageError, match=r"not open; call start\(\)"):
            server.client  # noqa: B018
    assert logging.getLogger("tiled").propagate == before
    assert [t.name for t in threading.enumerate() if t.name == "blueslice-tiled"] in (
        [],
        [
            "blueslice-tiled"  # that of the module's own server
        ],
    )
    directory.lock_for_writing().release()
    assert capfd.readouterr() == ("", "")
    assert not [name for name in root_records if name.startswith(("tiled", "uvicorn"))]
    assert "Tiled version" in (directory.catalogue / "server.log").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no catalogue in .*; acquire a run into this data directory first"),
        (b"not a database" * 100, r"is damaged \(file is not a database\); move it away"),
        (b"", r"is damaged \(no such table: alembic_version\)"),
    ],
)
def test_catalogue_that_cannot_be_opened_says_why(tmp_path, content, message):
    directory = DataDirectory(tmp_path).create()
    if content is not None:
        (directory.catalogue / "catalogue.db").write_bytes(content)
    with pytest.raises(StorageError, match=message):
        open_catalogue(directory)


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("3e87cbeb195b", "made by an older Tiled .* tiled catalog upgrade-database sqlite:///"),
        ("ffffffffffff", "the installed Tiled does not know; update Tiled"),
    ],
)
def test_catalogue_of_another_tiled_says_what_to_do(tmp_path, revision, message):
    import sqlite3

    directory = DataDirectory(tmp_path).create()
    connection = sqlite3.connect(directory.catalogue / "catalogue.db")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES (?)", [revision])
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match=message):
        CatalogueServer(directory).start()
    directory.lock_for_writing().release()


@READS_DIRECTLY
def test_reader_of_this_process_is_read_only_once_the_server_is_gone(tmp_path):
    directory = DataDirectory(tmp_path / "data")
    run = DerivedRun(RawRun(tmp_path))
    with CatalogueServer(directory) as server:
        writer = server.writer()
        feed(writer, run.opening())
        feed(writer, run.trial(0, np.ones((ROIS, SAMPLES))))
        feed(writer, run.closing())
    catalogue = open_catalogue(directory)
    with catalogue.context:
        assert (catalogue.v3[run.uid]["dff"]["sodium"].read() == 1.0).all()
        with pytest.raises(Exception, match="readonly"):
            catalogue.delete_contents(run.uid, recursive=True, external_only=False)


def test_profile_is_written_only_when_it_changes(tmp_path):
    directory = DataDirectory(tmp_path / "data")
    path = install_profile(directory, profiles_directory=tmp_path / "profiles")
    os.utime(path, (1.0, 1.0))
    assert install_profile(directory, profiles_directory=tmp_path / "profiles") == path
    assert path.stat().st_mtime == 1.0
    install_profile(DataDirectory(tmp_path / "other"), profiles_directory=tmp_path / "profiles")
    assert "other" in path.read_text(encoding="utf-8")
    # With the clients that read a growing run, and nothing unfinished.
    assert sorted(path.parent.iterdir()) == [path, path.with_name("blueslice_tiled_clients.py")]


def test_profile_of_that_name_in_another_file_is_reported(tmp_path):
    (tmp_path / "mine.yml").write_text("blueslice:\n  uri: http://localhost:8000\n")
    with pytest.raises(BadInputError, match=r"defined in .*mine.yml too"):
        install_profile(DataDirectory(tmp_path / "data"), profiles_directory=tmp_path)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b"])
def test_profile_name_that_is_no_file_name_is_refused(tmp_path, name):
    with pytest.raises(BadInputError, match="give letters, digits"):
        install_profile(DataDirectory(tmp_path), name, profiles_directory=tmp_path)


def test_unwritable_profile_folder_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="another folder in the environment variable"):
        install_profile(DataDirectory(tmp_path), profiles_directory=tmp_path / "file" / "below")


@pytest.fixture
def user_profiles(tmp_path, monkeypatch):
    import tiled.profiles

    monkeypatch.setattr(tiled.profiles, "paths", [tmp_path])
    monkeypatch.setattr(tiled.profiles, "_all_paths", [tmp_path])
    yield tmp_path
    tiled.profiles.load_profiles.cache_clear()


def test_same_code_opens_a_server_elsewhere(server, open_runs, user_profiles):
    raw, _ = open_runs
    (user_profiles / "lab.yml").write_text(f"lab:\n  uri: {server.uri}\n")
    key = (server.data_directory.catalogue / "api_key").read_text()
    catalogue = open_catalogue(profile="lab", api_key=key)
    with catalogue.context:
        read = catalogue.v3[raw.uid]["primary"]["camera"].read()
    np.testing.assert_array_equal(read, raw.expected["camera"])


@READS_DIRECTLY
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # Tiled's, once refused
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"profile": "absent"},
            BadInputError,
            r"no Tiled profile 'absent' \(there is: here, lab\)",
        ),
        ({"profile": "lab", "api_key": "0" * 64}, StorageError, "profile 'lab' cannot be opened"),
        ({"profile": "here", "api_key": "0" * 64}, BadInputError, "leave api_key out"),
        ({"profile": "here"}, StorageError, "profile 'here' cannot be opened"),
        ({"profile": "lab", "data_directory": DataDirectory(".")}, BadInputError, "name one"),
    ],
)
def test_profile_that_cannot_be_opened_says_why(server, user_profiles, arguments, error, message):
    (user_profiles / "lab.yml").write_text(f"lab:\n  uri: {server.uri}\n")
    install_profile(DataDirectory(user_profiles / "gone"), "here", profiles_directory=user_profiles)
    with pytest.raises(error, match=message) as refusal:
        open_catalogue(**arguments)
    assert "\n" not in str(refusal.value)
    refusal = None
    gc.collect()  # here, where its warning is expected


ACQUIRE_AND_FORGET = """
import sys
import event_model
from blueslice.broker import CatalogueServer, DataDirectory
server = CatalogueServer(DataDirectory(sys.argv[1])).start()
writer = server.writer()
run = event_model.compose_run()
writer("start", run.start_doc)
key = {"source": "test", "dtype": "integer", "shape": []}
stream = run.compose_descriptor(name="trials", data_keys={"x": key})
writer("descriptor", stream.descriptor_doc)
for x in range(3):
    writer("event", stream.compose_event(data={"x": x}, timestamps={"x": 0.0}))
writer("stop", run.compose_stop())
print(run.start_doc["uid"])
"""


@READS_DIRECTLY
def test_session_that_forgets_to_close_loses_nothing_and_ends(tmp_path):
    session = subprocess.run(
        [sys.executable, "-W", "error", "-c", ACQUIRE_AND_FORGET, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (session.returncode, session.stderr) == (0, "")
    catalogue = open_catalogue(DataDirectory(tmp_path))
    with catalogue.context:
        run = catalogue.v3[session.stdout.strip()]
        assert run["trials"]["x"].read().tolist() == [0, 1, 2]
        assert run.metadata["stop"]["exit_status"] == "success"


def test_public_names_are_there():
    assert all(hasattr(broker, name) for name in broker.__all__)
