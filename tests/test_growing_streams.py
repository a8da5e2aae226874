"""A run that is read between any two of its documents is a prefix, the same in all variables."""

import json
import os
import subprocess
import sys

import event_model
import h5py
import numpy as np
import pytest

from blueslice.broker import CatalogueServer, DataDirectory, install_profile

TIMEOUT_S = 60.0
ARRAYS = {"camera": ((4, 3, 3), "<u2"), "voltage": ((4, 5), "<f8"), "counter": ((4,), "<i8")}
TRIALS = 3


class GrowingRun:
    """A run whose documents are made one at a time: arrays in a file, and events."""

    def __init__(self, folder):
        path = folder / "run.h5"
        self.file = h5py.File(path, "w", libver="latest")
        self.bundle = event_model.compose_run()
        self.uid = self.bundle.start_doc["uid"]
        for name, (shape, kind) in ARRAYS.items():
            self.file.create_dataset(
                name, (0, *shape), maxshape=(None, *shape), chunks=(1, *shape), dtype=kind
            )
        self.file.swmr_mode = True
        keys = {
            name: {
                "source": "test",
                "dtype": "array",
                "shape": list(shape),
                "dtype_numpy": kind,
                "external": "STREAM:",
                "dims": ["frame", *(f"{name}_{k}" for k in range(1, len(shape)))],
            }
            for name, (shape, kind) in ARRAYS.items()
        }
        self.primary = self.bundle.compose_descriptor(name="primary", data_keys=keys)
        self.dff = self.bundle.compose_descriptor(
            name="dff",
            data_keys={
                "trial": {"source": "test", "dtype": "integer", "shape": []},
                "trace": {"source": "t", "dtype": "array", "dtype_numpy": "<f8", "shape": [2, 3]},
            },
        )
        self.resources = {
            name: self.bundle.compose_stream_resource(
                data_key=name,
                mimetype="application/x-hdf5",
                uri=path.as_uri(),
                parameters={"dataset": name, "swmr": True, "chunk_shape": [1, *shape]},
            )
            for name, (shape, _) in ARRAYS.items()
        }

    def documents(self):
        yield "start", self.bundle.start_doc
        yield "descriptor", self.primary.descriptor_doc
        yield "descriptor", self.dff.descriptor_doc
        for resource in self.resources.values():
            yield "stream_resource", resource.stream_resource_doc
        for number in range(TRIALS):
            for name, (shape, kind) in ARRAYS.items():
                self.file[name].resize(number + 1, axis=0)
                self.file[name][number] = np.full(shape, number + 1, kind)
                self.file[name].flush()
            for resource in self.resources.values():
                yield (
                    "stream_datum",
                    resource.compose_stream_datum(
                        indices={"start": number, "stop": number + 1},
                        seq_nums={"start": number + 1, "stop": number + 2},
                        descriptor=self.primary.descriptor_doc,
                    ),
                )
            data = {"trial": number + 1, "trace": np.full((2, 3), number + 1.0)}
            yield "event", self.dff.compose_event(data=data, timestamps=dict.fromkeys(data, 1.0))
        self.file.close()
        yield "stop", self.bundle.compose_stop()


@pytest.fixture
def server(tmp_path):
    with CatalogueServer(DataDirectory(tmp_path / "data of Zoë")) as running:
        yield running


def check_prefix(dataset, names, fewest, most):
    assert names <= set(dataset.data_vars)
    lengths = {len(dataset[name]) for name in names}
    assert len(lengths) == 1
    (length,) = lengths
    assert fewest <= length <= most
    for name in names:
        values = np.asarray(dataset[name]).reshape(length, -1 if length else 0)
        assert (values == np.arange(1, length + 1)[:, np.newaxis]).all()


@pytest.mark.long
def test_each_moment_of_a_run_is_a_prefix(server):
    run = GrowingRun(server.data_directory.raw)
    writer = server.writer()
    told = 0
    for name, doc in run.documents():
        writer(name, doc)
        writer.wait(TIMEOUT_S)
        told += name == "stream_datum"
        if name in ("stream_datum", "event", "stop"):
            found = server.client.v3[run.uid]
            whole = told // len(ARRAYS)
            check_prefix(found["primary"].read(), set(ARRAYS), whole, whole)
            done = whole - 1 if name == "stream_datum" and told % len(ARRAYS) == 0 else whole
            check_prefix(found["dff"].read(), {"trial", "trace"}, done, done)
            only = found["primary"].read(["camera"])
            assert set(only.data_vars) == {"camera"}
            check_prefix(only, {"camera"}, whole, whole + 1)
    assert found["primary"].read()["camera"].dims == ("time", "frame", "camera_1", "camera_2")


@pytest.mark.slow
def test_axes_of_one_name_and_several_lengths_are_named_apart(server, monkeypatch):
    """So earlier versions imported .da files."""
    monkeypatch.setitem(ARRAYS, "counter", ((5,), "<i8"))
    run, writer = GrowingRun(server.data_directory.raw), server.writer()
    for name, doc in run.documents():
        writer(name, doc)
    writer.wait(TIMEOUT_S)
    read = server.client.v3[run.uid]["primary"].read()
    check_prefix(read, set(ARRAYS), TRIALS, TRIALS)
    assert read["camera"].dims == ("time", "camera_dim1", "camera_1", "camera_2")
    assert read["counter"].dims == ("time", "counter_dim1")


@pytest.mark.slow
def test_an_array_is_read_as_long_as_it_was_when_it_was_looked_up(server):
    run = GrowingRun(server.data_directory.raw)
    writer = server.writer()
    looked_up = {}
    for name, doc in run.documents():
        writer(name, doc)
        writer.wait(TIMEOUT_S)
        if name == "event" and not looked_up:
            found = server.client.v3[run.uid]
            looked_up = {key: found["primary"][key] for key in ARRAYS}
            looked_up["trace"] = found["dff"]["trace"]
    for client in looked_up.values():
        assert client.shape[0] == 1
        assert (client.read() == 1).all()
        assert client[:].shape == client[...].shape == client.shape
        assert (client[-1] == 1).all()
        assert client[0:, 1:].shape[0] == 1


BY_NAME = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.modules["blueslice"] = None  # as where it is not installed
import databroker
run = databroker.catalog["growing"].v3[sys.argv[1]]
old = databroker.Broker.named("growing")[sys.argv[1]]
print(json.dumps({
    "primary": {str(k): v.shape for k, v in run["primary"].read().data_vars.items()},
    "dff": {str(k): v.shape for k, v in run["dff"].read().data_vars.items()},
    "old": old.start["uid"],
    "v2": databroker.catalog["growing"].v2[sys.argv[1]].metadata["start"]["uid"],
}))
"""


@pytest.mark.long
def test_by_name_in_a_python_without_blueslice(server, tmp_path):
    run = GrowingRun(server.data_directory.raw)
    writer = server.writer()
    documents = run.documents()
    told = 0
    while told < 2 * len(ARRAYS) - 1:  # the last array of the second trial is missing
        name, doc = next(documents)
        writer(name, doc)
        told += name == "stream_datum"
    writer.wait(TIMEOUT_S)
    install_profile(server.data_directory, "growing", profiles_directory=tmp_path / "profiles")
    reader = subprocess.run(
        [sys.executable, "-c", BY_NAME, run.uid],
        env={**os.environ, "TILED_PROFILES": str(tmp_path / "profiles")},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert reader.returncode == 0, reader.stderr
    found = json.loads(reader.stdout)
    assert found["primary"] == {name: [1, *shape] for name, (shape, _) in ARRAYS.items()}
    assert found["dff"] == {"trial": [1], "trace": [1, 2, 3]}
    assert found["old"] == found["v2"] == run.uid
    for name, doc in documents:
        writer(name, doc)
