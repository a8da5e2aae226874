"""The catalogue fails, hangs or dies under a run: the run goes on, and recover brings it in."""

import contextlib
import logging
import os
import signal
import sqlite3
import sys

import event_model
import pytest

from blueslice import _catalogue_process
from blueslice.broker import CatalogueProcess, DataDirectory, open_catalogue
from blueslice.callbacks import Journal
from blueslice.errors import StorageError
from blueslice.recover import recover

EVENTS = 12


class Protocol:
    """A run of events with some numbers, given to a journal and to the catalogue."""

    def __init__(self, directory, writer):
        self._journal, self._writer = Journal(directory.journal), writer
        self._bundle = event_model.compose_run(metadata={"plan_name": "count"})
        self.uid = self._bundle.start_doc["uid"]
        keys = {"level": {"source": "test", "dtype": "array", "shape": [1000]}}
        keys["level"]["dtype_numpy"] = "<f8"
        self._give("start", self._bundle.start_doc)
        self._stream = self._bundle.compose_descriptor(name="primary", data_keys=keys)
        self._give("descriptor", self._stream.descriptor_doc)

    def _give(self, name, doc):
        self._journal(name, doc)
        self._writer(name, doc)

    def go_on(self, events):
        for number in range(events):
            data = {"level": [float(number)] * 1000}
            self._give("event", self._stream.compose_event(data=data, timestamps={"level": 0.0}))

    def end(self):
        self._give("stop", self._bundle.compose_stop())


@pytest.fixture
def process(directory: DataDirectory):
    with directory.lock_for_writing() as lock:
        process = CatalogueProcess(directory, lock).start()
        yield process
        with contextlib.suppress(StorageError):  # what each test has looked at
            process.close(10.0)


def levels(run):
    return run["primary"]["level"].read()[:, 0].tolist()


def check_recovered(directory, *runs):
    report = recover(directory)
    assert not report.problems
    assert {run.uid for run in report.runs if run.catalogue != "whole"} == {r.uid for r in runs}
    assert not recover(directory).changed
    catalogue = open_catalogue(directory).v3
    for run in runs:
        assert levels(catalogue[run.uid]) == [float(number) for number in range(EVENTS)]


READS_DIRECTLY = pytest.mark.filterwarnings(
    "ignore:Using `httpx` with `starlette.testclient` is deprecated"
)


@READS_DIRECTLY
@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold a process")
def test_a_hung_catalogue_gets_no_more_than_the_bound(directory, process, monkeypatch, caplog):
    bound = 40_000  # four events
    monkeypatch.setattr(_catalogue_process, "MOST_WAITING_BYTES", bound)
    writer = process.writer()
    os.kill(process._worker._process.pid, signal.SIGSTOP)
    try:
        run = Protocol(directory, writer)
        with caplog.at_level(logging.ERROR):
            run.go_on(EVENTS)
        assert process._worker.untaken_bytes <= bound
        run.end()
        assert process._worker.untaken_bytes <= bound
    finally:
        os.kill(process._worker._process.pid, signal.SIGCONT)
    # Once, though it holds for every document after.
    (message,) = [record.message for record in caplog.records]
    assert f"gets no more of run {run.uid}" in message
    assert "blueslice recover" in message
    with pytest.raises(StorageError, match=f"gets no more of run {run.uid}"):
        writer.wait(60.0)
    writer.wait(60.0)  # told once
    # Having caught up, it takes the next run.
    after = Protocol(directory, writer)
    after.go_on(1)
    after.end()
    writer.wait(60.0)
    process.close()
    process._lock.release()
    check_recovered(directory, run)


@READS_DIRECTLY
@pytest.mark.long
def test_a_locked_database_and_a_killed_process_cost_nothing(directory, process):
    writer = process.writer()
    run = Protocol(directory, writer)
    run.go_on(2)
    writer.wait(60.0)
    blocker = sqlite3.connect(directory.catalogue / "catalogue.db")
    blocker.execute("BEGIN EXCLUSIVE")
    locked = Protocol(directory, writer)
    locked.go_on(EVENTS)
    locked.end()
    process._worker._process.kill()
    assert process._worker.ended.wait(60.0)
    blocker.close()
    waiting = process._worker._messages.qsize()
    for number in range(2, EVENTS):
        data = {"level": [float(number)] * 1000}
        run._give("event", run._stream.compose_event(data=data, timestamps={"level": 0.0}))
    run.end()
    # What has nobody to go to is not kept.
    assert process._worker._messages.qsize() == waiting
    with pytest.raises(StorageError, match="ended before its work was done"):
        process.close()
    process._lock.release()
    check_recovered(directory, run, locked)
