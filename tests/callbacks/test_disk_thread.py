"""What the journal says is on the disk is there before anybody else hears of it."""

import errno
import threading

import pytest
from tests.callbacks.test_journal import Run

from blueslice.callbacks import _disk_thread
from blueslice.callbacks._disk_thread import DiskThread
from blueslice.callbacks.journal import Journal
from blueslice.errors import StorageError


@pytest.fixture
def disk(monkeypatch):
    """A disk that takes what it is given when the test lets it."""

    class Disk:
        def __init__(self):
            self.free, self.synced, self.error = threading.Event(), [], None
            self.free.set()

        def sync(self, descriptor):
            assert self.free.wait(10)
            if self.error is not None:
                raise self.error
            self.synced.append(descriptor)

    made = Disk()
    monkeypatch.setattr(_disk_thread, "sync_open_file", made.sync)
    monkeypatch.setattr(_disk_thread, "is_removed", lambda descriptor: False)
    return made


def test_a_document_is_handed_on_when_its_line_is_on_the_disk(tmp_path, disk):
    run, heard = Run(), []
    journal = Journal(tmp_path)
    catalogue = journal.after_disk(lambda name, doc: heard.append(name))

    def emit(name, doc):
        journal(name, doc)
        catalogue(name, doc)

    emit("start", run.start)
    emit(*run.descriptor())
    emit(*run.event(1))
    journal.wait(10)
    assert heard == ["start", "descriptor", "event"]
    disk.free.clear()
    emit(*run.event(2))
    # The RunEngine goes on, and the catalogue knows of nothing that a power cut could take.
    assert heard == ["start", "descriptor", "event"]
    disk.free.set()
    journal.wait(10)
    assert heard == ["start", "descriptor", "event", "event"]
    journal.close()


def test_no_event_is_written_before_its_descriptor_is_on_the_disk(tmp_path, disk):
    run = Run()
    journal = Journal(tmp_path)
    journal("start", run.start)
    disk.free.clear()
    journal(*run.descriptor())
    writing = threading.Thread(target=lambda: journal(*run.event(1)), daemon=True)
    writing.start()
    path = journal.path_of(run.start)
    writing.join(0.2)
    assert writing.is_alive()
    assert path.read_bytes().count(b"\n") == 2
    disk.free.set()
    writing.join(10)
    assert path.read_bytes().count(b"\n") == 3
    journal.close()


def test_an_error_of_the_disk_ends_the_run_and_hands_nothing_on(tmp_path, disk):
    run, heard = Run(), []
    journal = Journal(tmp_path)
    catalogue = journal.after_disk(lambda name, doc: heard.append(name))
    journal("start", run.start)
    disk.error = OSError(errno.EIO, "Input/output error")
    name, doc = run.descriptor()
    journal(name, doc)
    catalogue(name, doc)
    with pytest.raises(StorageError, match=r"cannot be written .Input/output error.; free disk"):
        journal.wait(10)
    assert heard == []
    with pytest.raises(StorageError, match="Input/output error"):
        journal(*run.event(1))
    journal.close()


def test_a_disk_that_hangs_is_told(tmp_path, disk, monkeypatch):
    monkeypatch.setattr("blueslice.callbacks.journal.DISK_LIMIT_S", 0.05)
    disk.free.clear()
    journal = Journal(tmp_path)
    with pytest.raises(StorageError, match=r"has not come to the disk within 0\.05 s"):
        journal("start", Run().start)
    disk.free.set()
    journal.close()


def test_what_waits_is_brought_to_the_disk_together(disk):
    thread = DiskThread("test")
    disk.free.clear()
    thread.sync(1)
    for descriptor in (3, 4, 3, 4):
        thread.sync(descriptor)
    disk.free.set()
    assert thread.wait(10)
    # The first alone, as it was taken up at once, or all of them in one go.
    assert disk.synced in ([1, 3, 4], [1, 3, 4, 3, 4][:3])
    assert thread.end(10)


def test_a_callback_that_fails_keeps_nobody_else_from_its_documents(disk, caplog):
    heard = []
    thread = DiskThread("test")

    def broken(name, doc):
        raise ValueError("not mine")

    for callback in (broken, lambda name, doc: heard.append(doc)):
        thread.hand_on(callback, "event", {"data": {"x": 1}})
    assert thread.end(10)
    assert heard == [{"data": {"x": 1}}]
    assert "a event document could not be handed on" in caplog.text
