"""The recorder: an instrument's frames into a file, whatever the instrument does."""

import asyncio
import threading
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from blueslice.devices import RawPathProvider
from blueslice.devices._recorder import TrialRecorder
from blueslice.devices._trial_file import DatasetSpec, TrialFile
from blueslice.devices.taps import TrialBegin, TrialBlock, TrialEnd
from blueslice.errors import InstrumentError, StorageError

FRAMES = 6
END, HANG, DEAF = "end", "hang", "deaf"


class Script:
    """An instrument that gives blocks of so many frames, fails, ends early or hangs."""

    counter = ""

    def __init__(self, *trials):
        self.trials = deque(deque(trial) for trial in trials)
        self.steps, self.given = deque(), 0
        self.armed, self.stopped = [], threading.Event()
        self.hanging = threading.Event()
        self.comes_back = threading.Event()

    def specs(self, frame_count):
        return (
            DatasetSpec("cam", (), "<u2"),
            DatasetSpec("cam-dark", (2,), "<f4", per_frame=False),
        )

    def attributes(self):
        return {"model": "script"}

    def arm(self, frame_count, trial):
        self.armed.append((frame_count, trial))
        self.stopped.clear()
        self.hanging.clear()
        self.steps, self.given = self.trials.popleft(), 0
        if self.steps and isinstance(self.steps[0], Exception):
            raise self.steps.popleft()
        return {"cam-dark": np.full(2, len(self.armed), np.float32)}

    def read(self, timeout_s):
        step = self.steps.popleft()
        if isinstance(step, Exception):
            raise step
        if step == HANG:
            self.hanging.set()
            assert self.stopped.wait(10), "nobody has called stop()"
            return None
        if step == DEAF:
            self.hanging.set()
            assert self.comes_back.wait(30)
            return {"cam": np.full(FRAMES, 9, np.uint16)}
        if step == END:
            return None
        first, self.given = self.given, self.given + step
        return {"cam": np.arange(first, first + step, dtype=np.uint16) + 100}

    def stop(self):
        self.stopped.set()


class Rig:
    def __init__(self, folder, *trials):
        self.instrument = Script(*trials)
        paths = RawPathProvider(folder, lambda: datetime(2026, 11, 23, 14, 15, 3), lambda: "0" * 8)
        self.recorder = TrialRecorder(self.instrument, paths)
        self.recorder.frame_count = FRAMES
        self.events = []
        self.recorder.tap.subscribe(self.events.append)

    async def open(self):
        await self.recorder.frames_written.connect()
        await self.recorder.frames_recorded.connect()
        self.path = (await self.recorder.open("cam")).path
        return self

    async def end(self):
        self.instrument.comes_back.set()
        await self.recorder.close()

    async def take(self):
        await self.recorder.start()
        await self.recorder.finished()
        # What the worker told the loop has arrived once the loop has gone round.
        await asyncio.sleep(0)

    async def hang(self):
        await self.recorder.start()
        assert await asyncio.to_thread(self.instrument.hanging.wait, 10)

    async def counts(self):
        """Return how many frames are written in the run and recorded in the last trial."""
        signals = (self.recorder.frames_written, self.recorder.frames_recorded)
        return tuple([await signal.get_value() for signal in signals])

    def told(self):
        return [
            (type(e).__name__, e.trial, getattr(e, "first", None), getattr(e, "torn", None))
            for e in self.events
        ]

    def read(self):
        file: Any
        with h5py.File(self.path) as file:
            return {name: file[name][:] for name in ("cam", "cam-dark", "frames_recorded")}


@pytest.fixture
async def make(tmp_path):
    rigs = []

    async def make_rig(*trials):
        rigs.append(Rig(tmp_path, *trials))
        return await rigs[-1].open()

    yield make_rig
    for rig in rigs:
        await rig.end()


async def test_trials_follow_each_other_into_the_file(make):
    rig = await make([2, 0, 4], [6])
    for trial in range(2):
        await rig.take()
        assert await rig.counts() == ((trial + 1) * FRAMES, FRAMES)
        assert rig.recorder.unaccepted_trials == 1
        rig.recorder.accept(trial + 1)
        assert rig.recorder.unaccepted_trials == 0
    await rig.recorder.close()
    assert rig.path.name == "141503-00000000-cam.h5"
    assert rig.instrument.armed == [(FRAMES, 0), (FRAMES, 1)]
    data = rig.read()
    assert data["cam"].tolist() == [[*range(100, 106)]] * 2
    assert data["cam-dark"].tolist() == [[1, 1], [2, 2]]


async def test_taps_hear_begin_blocks_and_end_in_order(make):
    rig = await make([2, 0, 4])
    await rig.take()
    assert rig.told() == [
        ("TrialBegin", 0, None, None),
        ("TrialBlock", 0, 0, None),
        ("TrialBlock", 0, 2, None),
        ("TrialEnd", 0, None, False),
    ]
    begin, block, _, end = rig.events
    assert isinstance(begin, TrialBegin)
    assert begin.frame_count == FRAMES
    assert begin.whole["cam-dark"].tolist() == [1, 1]
    assert isinstance(block, TrialBlock)
    assert block.arrays["cam"].tolist() == [100, 101]
    assert end == TrialEnd(0, FRAMES, torn=False)


async def test_a_listener_that_fails_is_cut_off_and_the_recording_goes_on(make, caplog):
    rig = await make([2, 4], [6])
    heard = []

    def fail(event):
        heard.append(event)
        raise ValueError("a listener's own fault")

    rig.recorder.tap.subscribe(fail)
    forget = rig.recorder.tap.subscribe(heard.append)
    forget()
    forget()
    await rig.take()
    assert len(heard) == 1
    assert "it is cut off" in caplog.text
    assert len(rig.events) == 4
    assert (await rig.counts())[1] == FRAMES


async def test_more_frames_than_asked_for_are_left_out(make):
    rig = await make([4, 4])
    await rig.take()
    assert await rig.counts() == (FRAMES, FRAMES)
    await rig.recorder.close()
    assert rig.read()["cam"].shape == (1, FRAMES)


async def test_a_trial_short_of_frames_is_whole_but_says_so(make):
    rig = await make([4, END], [6])
    await rig.take()
    assert await rig.counts() == (FRAMES, 4)
    assert rig.events[-1] == TrialEnd(0, 4, torn=False)
    rig.recorder.accept(1)
    await rig.take()
    await rig.recorder.close()
    data = rig.read()
    assert data["frames_recorded"].tolist() == [4, 6]
    assert data["cam"][0].tolist() == [100, 101, 102, 103, 0, 0]


async def test_an_instrument_that_cannot_be_armed_fails_the_start(make):
    rig = await make([InstrumentError("the camera is off")], [6])
    with pytest.raises(InstrumentError, match="the camera is off"):
        await rig.recorder.start()
    assert rig.events == []
    await rig.recorder.settle()
    await rig.take()
    assert await rig.counts() == (FRAMES, FRAMES)


async def test_an_instrument_that_fails_in_the_trial_tears_it(make):
    rig = await make([2, InstrumentError("the cable was pulled")], [6])
    await rig.recorder.start()
    with pytest.raises(InstrumentError, match="the cable was pulled"):
        await rig.recorder.finished()
    await asyncio.sleep(0)
    # Counted, so that whoever waits for the frames wakes up and then sees the failure.
    assert await rig.counts() == (FRAMES, 2)
    assert rig.events[-1] == TrialEnd(0, 2, torn=True)
    await rig.recorder.settle()
    assert (await rig.counts())[0] == 0
    await rig.take()
    await rig.recorder.close()
    assert rig.read()["frames_recorded"].tolist() == [6]


async def test_a_failure_is_told_to_whoever_asks_before_the_end(make):
    rig = await make([0, InstrumentError("lost")])
    rig.recorder.raise_failure()
    await rig.recorder.start()
    await asyncio.wait([rig.recorder._recording.done])
    with pytest.raises(InstrumentError, match="lost"):
        rig.recorder.raise_failure()


async def test_a_halted_trial_is_torn_and_retaken_in_its_place(make):
    rig = await make([6], [2, HANG], [6])
    await rig.take()
    rig.recorder.accept(1)
    await rig.hang()
    await rig.recorder.halt()
    await asyncio.sleep(0)
    assert rig.events[-1] == TrialEnd(1, 2, torn=True)
    await rig.recorder.settle()
    assert (await rig.counts())[0] == FRAMES
    await rig.take()
    assert (await rig.counts())[0] == 2 * FRAMES
    assert rig.instrument.armed[1:] == [(FRAMES, 1), (FRAMES, 1)]
    await rig.recorder.close()
    data = rig.read()
    assert data["frames_recorded"].tolist() == [6, 6]
    assert data["cam-dark"].tolist() == [[1, 1], [3, 3]]


async def test_a_trial_that_the_clock_cut_short_is_retaken_unless_it_was_collected(make):
    # The RunEngine stops the clock before it pauses the detectors: the instrument then ends the
    # trial itself, before the recorder is told.
    rig = await make([3, END], [6])
    await rig.take()
    await rig.recorder.settle()
    assert (await rig.counts())[0] == 0
    await rig.take()
    await rig.recorder.close()
    assert rig.read()["frames_recorded"].tolist() == [6]


async def test_only_trials_that_are_there_can_be_accepted_and_for_good(make):
    rig = await make([6], [6])
    await rig.take()
    rig.recorder.accept(5)
    rig.recorder.accept(0)
    await rig.recorder.settle()
    assert (await rig.counts())[0] == FRAMES


async def test_closing_ends_the_trial_and_may_be_repeated(make):
    rig = await make([2, HANG])
    await rig.hang()
    for _ in range(3):
        await rig.recorder.close()
    assert rig.instrument.stopped.is_set()
    assert rig.events[-1] == TrialEnd(0, 2, torn=True)
    assert rig.read()["frames_recorded"].tolist() == [2]


async def test_a_recorder_without_a_file_is_not_started(tmp_path):
    recorder = TrialRecorder(Script([6]), RawPathProvider(tmp_path))
    with pytest.raises(InstrumentError, match="prepare the device before kickoff"):
        await recorder.start()
    await recorder.close()


async def test_each_run_gets_a_file_of_its_own(make, tmp_path):
    rig = await make([6], [6])
    await rig.take()
    rig.recorder._path_provider = RawPathProvider(tmp_path, make_id=lambda: "1" * 8)
    first = rig.path
    rig.path = (await rig.recorder.open("cam")).path
    assert (await rig.counts())[0] == 0
    await rig.take()
    await rig.recorder.close()
    assert rig.path != first
    assert rig.read()["frames_recorded"].tolist() == [6]
    assert Path(first).exists()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("blueslice.devices._answer.ANSWER_MARGIN_S", 0.1)
    monkeypatch.setattr("blueslice.devices._answer.STOP_MARGIN_S", 0.2)


async def test_a_read_that_never_returns_fails_the_trial_and_keeps_the_file(make, impatient):
    rig = await make([6], [2, DEAF], [6])
    await rig.take()
    rig.recorder.accept(1)
    await rig.hang()
    rig.recorder.expect_end(0.2)
    with pytest.raises(InstrumentError) as error:
        await rig.recorder.finished()
    line = "cam was asked for the frames of trial 2 and has not answered for 0.5 s"
    assert line in str(error.value)
    with pytest.raises(InstrumentError, match="asked for the frames"):
        rig.recorder.raise_failure()
    assert await rig.counts() == (2 * FRAMES, 2)
    assert rig.events[-1] == TrialEnd(1, 2, torn=True)
    assert rig.recorder.unaccepted_trials == 0
    await rig.recorder.close()
    told = rig.told()
    # What comes in later goes nowhere.
    rig.instrument.comes_back.set()
    for _ in range(50):
        await asyncio.sleep(0.002)
    assert rig.told() == told
    data = rig.read()
    assert data["frames_recorded"].tolist() == [6, 0]
    assert data["cam"][0].tolist() == [100, 101, 102, 103, 104, 105]
    assert 9 not in data["cam"]


class Disk:
    """Holds HDF5 from a call on, as a share does that has gone: nothing else gets through it."""

    def __init__(self, monkeypatch, name, count):
        self.back, self._count = threading.Event(), count
        original = getattr(TrialFile, name)

        def held(*arguments):
            self._count -= 1
            if self._count == 0:
                with h5py._objects.phil:
                    assert self.back.wait(30)
            original(*arguments)

        monkeypatch.setattr(TrialFile, name, held)


async def test_a_disk_that_hangs_costs_the_trial_in_hand_alone(make, impatient, monkeypatch):
    disk = Disk(monkeypatch, "write", 3)
    rig = await make([6], [2, 4])
    await rig.take()
    rig.recorder.accept(1)
    await rig.recorder.start()
    rig.recorder.expect_end(0.2)
    lost = "trial 2 is lost, those before are kept: the raw data file .* taken nothing for 0.5 s"
    with pytest.raises(StorageError, match=lost):
        await rig.recorder.finished()
    assert rig.events[-1] == TrialEnd(1, 2, torn=True)
    # What fails because of it is told as the same.
    with pytest.raises(StorageError, match=lost):
        await rig.recorder.close()
    disk.back.set()
    data = rig.read()
    assert data["frames_recorded"][0] == 6
    assert data["cam"][0].tolist() == [100, 101, 102, 103, 104, 105]


async def test_a_disk_that_hangs_between_trials_is_told(make, impatient, monkeypatch):
    disk = Disk(monkeypatch, "begin_trial", 2)
    rig = await make([6], [6])
    await rig.take()
    with pytest.raises(StorageError, match=r"has taken nothing for 0\.1 s, its disk hangs; check"):
        await rig.recorder.start()
    disk.back.set()
    await rig.recorder.close()
    assert rig.read()["cam"][0].tolist() == [100, 101, 102, 103, 104, 105]


async def test_a_trial_that_ends_in_time_is_not_given_up(make, impatient):
    rig = await make([2, HANG], [6])
    await rig.hang()
    rig.recorder.expect_end(0.0)
    await rig.recorder.settle()
    await rig.recorder.start()
    rig.recorder.expect_end(0.0)
    await rig.recorder.finished()
    await asyncio.sleep(0.2)
    rig.recorder.raise_failure()
    assert rig.recorder.unaccepted_trials == 1


async def test_an_instrument_that_ignores_stop_holds_nobody_up(make, impatient):
    rig = await make([2, DEAF], [6])
    await rig.hang()
    await rig.recorder.settle()
    assert rig.events[-1] == TrialEnd(0, 2, torn=True)
    await rig.take()
    assert rig.recorder.unaccepted_trials == 1


async def test_arming_that_never_returns_is_told_and_leaves_a_file(make, impatient):
    rig = await make([6], [6])
    await rig.take()
    arm, rig.instrument.arm = rig.instrument.arm, lambda *_: rig.instrument.comes_back.wait(30)
    with pytest.raises(InstrumentError, match=r"cam was asked to be ready for trial 2 .* 0\.1 s"):
        await rig.recorder.start()
    rig.instrument.arm = arm
    await rig.recorder.close()
    assert rig.read()["frames_recorded"].tolist() == [6]


async def test_a_stop_that_never_returns_is_told_and_the_file_is_closed(make, impatient):
    rig = await make([6])
    await rig.take()
    stop, rig.instrument.stop = rig.instrument.stop, lambda: rig.instrument.comes_back.wait(30)
    with pytest.raises(InstrumentError, match=r"cam was asked to stop .* 0\.2 s"):
        await rig.recorder.close()
    rig.instrument.stop = stop
    assert rig.read()["frames_recorded"].tolist() == [6]
