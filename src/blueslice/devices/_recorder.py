"""From an instrument to a file, trial by trial, in one thread of its own."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd_async.core import PathProvider, soft_signal_r_and_setter

from blueslice.devices._answer import (
    answer_limit_s,
    ask,
    await_answer,
    await_disk,
    disk_hangs,
    driver_failed,
    no_answer,
    see_through,
    stop_limit_s,
)
from blueslice.devices._calls import CallThread
from blueslice.devices._recording import RecordedInstrument, Recording
from blueslice.devices._trial_file import TrialFile
from blueslice.devices.taps import BlockTap, TrialBlock
from blueslice.errors import BluesliceError, InstrumentError, StorageError
from blueslice.trial import count_clock_frames

__all__ = ["TrialRecorder"]

# How long one read may wait; only bounds how soon an instrument that ignores stop() is noticed.
READ_TIMEOUT_S = 0.25


class TrialRecorder:
    """Arms an instrument, moves its frames to a `TrialFile` and counts them.

    Everything that touches the instrument or the file runs in one worker thread, but for stop; the
    loop is told with ``call_soon_threadsafe``. A thread that the instrument does not give back is
    left to itself, and the file is closed by another; neither is a disk waited for without end.

    Parameters
    ----------
    instrument : RecordedInstrument
        Where the frames come from.
    path_provider : ophyd_async.core.PathProvider
        Where the file of a run goes.

    Attributes
    ----------
    frames_recorded : SignalR of int
        Frames of the clock that the last trial has: one that came twice counts once.
    """

    def __init__(self, instrument: RecordedInstrument, path_provider: PathProvider) -> None:
        self.instrument = instrument
        self.tap = BlockTap()
        self.frame_count = 0
        self.device_name = ""
        self.frames_written, self._set_frames_written = soft_signal_r_and_setter(int)
        self.frames_recorded, self._set_frames_recorded = soft_signal_r_and_setter(int)
        self.trial_checksum, self._set_trial_checksum = soft_signal_r_and_setter(int)
        self._path_provider = path_provider
        self._worker: CallThread | None = None
        self._file: TrialFile | None = None
        self._whole_trials = 0
        self._accepted_trials = 0
        self._halting = asyncio.Lock()
        self._recording: Recording | None = None
        self._disk_failure: StorageError | None = None

    def _in_thread(self, function: Callable[..., Any], *args: object) -> asyncio.Future[Any]:
        # Made late and ended with the file, so that an idle rig holds no thread.
        if self._worker is None:
            self._worker = CallThread("blueslice-recorder")
        return self._worker.begin(function, *args)

    def _leave_thread(self) -> None:
        """Let the thread end when it can; the next call gets another."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    async def _store(
        self, path: Path, function: Callable[..., Any], *args: object, limit_s: float | None = None
    ) -> Any:
        """Do something to a file in the thread, which is left to itself when it does not return."""
        storing = self._in_thread(function, *args)
        try:
            return await await_disk(storing, path, limit_s)
        except StorageError as error:
            # What hangs after it does so because of it, and is told as the same.
            self._disk_failure = self._disk_failure or error
            raise self._disk_failure from error
        finally:
            if not storing.done():
                self._leave_thread()

    async def open(self, device_name: str) -> TrialFile:
        """Make the file of a run, for trials of `frame_count` frames."""
        self.device_name = device_name
        await self.close()
        self._disk_failure = None
        info = self._path_provider(device_name)
        path = Path(info.directory_path) / f"{info.filename}.h5"
        instrument = self.instrument
        file: TrialFile = await self._store(
            path,
            TrialFile,
            path,
            instrument.specs(self.frame_count),
            self.frame_count,
            {"device": device_name, **instrument.attributes()},
        )
        self._file, self._whole_trials, self._accepted_trials = file, 0, 0
        self._set_frames_written(0)
        return file

    async def settle(self) -> None:
        """End what still runs; afterwards `frames_written` counts accepted trials only.

        A hard pause leaves a torn trial behind, or a whole one that was not yet collected. The
        plan takes it again, and the new one is written into the same place.
        """
        await self.halt()
        self._whole_trials = self._accepted_trials
        self._set_frames_written(self._whole_trials * self.frame_count)

    @property
    def unaccepted_trials(self) -> int:
        """How many whole trials are in the file, but not yet in the run's documents."""
        return self._whole_trials - self._accepted_trials

    def accept(self, trials: int) -> None:
        """Note that so many trials are in the run's documents: they stay."""
        self._accepted_trials = max(self._accepted_trials, min(trials, self._whole_trials))

    async def start(self) -> None:
        """Arm the instrument for the next trial and record it in the background."""
        if self._file is None:
            raise InstrumentError(
                "the recorder was started without a file; prepare the device before kickoff"
            )
        if self._recording is not None:
            await self.halt()
        loop = asyncio.get_running_loop()
        trial, file = self._whole_trials, self._file
        arming = self._in_thread(self.instrument.arm, self.frame_count, trial)
        try:
            asked = f"to be ready for trial {trial + 1}"
            whole = await await_answer(arming, self.device_name, asked)
        finally:
            if not arming.done():
                self._leave_thread()
        await self._store(file.path, file.begin_trial, trial, whole)
        self.tap.begin(trial, self.frame_count, whole)
        recording = self._recording = Recording(trial, file.path)
        self._in_thread(self._record, loop, file, recording).add_done_callback(recording.end_with)

    def expect_end(self, trial_s: float) -> None:
        """Give the trial in hand so long, in s, beside what any answer may take.

        An instrument that has not ended it then counts as failed, for all who wait for it.
        """
        recording = self._recording
        if recording is not None and recording.overdue is None:
            # Longer than the clock gets: a clock that stands is to be told as that.
            limit_s = answer_limit_s(trial_s) + stop_limit_s()
            loop = asyncio.get_running_loop()
            recording.overdue = loop.call_later(limit_s, self._give_up, recording, limit_s)

    def _give_up(self, recording: Recording, limit_s: float) -> None:
        if not recording.done.done():
            self._abandon(recording, f"for the frames of trial {recording.trial + 1}", limit_s)

    def _abandon(self, recording: Recording, asked: str, waited_s: float) -> None:
        error: BluesliceError = no_answer(self.device_name, asked, waited_s)
        if recording.storing:
            error = self._disk_failure = disk_hangs(recording.path, waited_s, recording.trial)
        recording.fail(error)
        recording.stopping.set()
        recording.abandoned.set()
        self._leave_thread()
        self._set_frames_recorded(recording.received)
        # As when it had ended torn: whoever waits for its frames wakes up and sees the failure.
        self._set_frames_written((recording.trial + 1) * self.frame_count)
        self.tap.end(recording.trial, recording.received, torn=True)

    async def finished(self) -> None:
        """Wait for the trial's end.

        Raises
        ------
        InstrumentError
            When the instrument failed in the trial.
        """
        # Not forgotten here: who waits since before a pause must not take the news from who
        # waits since the trial was taken again.
        if self._recording is not None:
            await asyncio.shield(self._recording.done)

    def raise_failure(self) -> None:
        """Raise what the instrument failed with since it was armed, if it has."""
        if self._recording is not None and self._recording.done.done():
            self._recording.done.result()

    async def halt(self) -> None:
        """End the trial in hand, which is then torn; nothing to do when there is none.

        Raises
        ------
        InstrumentError
            When the instrument does not answer in time.
        """
        # One after the other: a late stop must not end the trial that is armed next.
        async with self._halting:
            await see_through(self._halt())

    async def close(self) -> None:
        """End the trial in hand and close the file, also when the instrument does not stop."""
        try:
            await self.halt()
        finally:
            if self._file is not None:
                file, self._file = self._file, None
                await self._store(file.path, file.close, limit_s=stop_limit_s())
            self._leave_thread()

    async def _halt(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.stopping.set()
            if recording.overdue is not None:
                recording.overdue.cancel()
        limit_s = stop_limit_s()
        try:
            # Always told, for a device that is armed by other means than this recorder.
            await ask(self.device_name, "to stop", self.instrument.stop, limit_s=limit_s)
        finally:
            if recording is not None:
                # Its failure was the plan's business while it ran; now the trial is given up.
                done, _ = await asyncio.wait([recording.done], timeout=limit_s)
                if not done:
                    self._abandon(recording, "to end a trial", limit_s)

    def _record(
        self, loop: asyncio.AbstractEventLoop, file: TrialFile, recording: Recording
    ) -> None:
        """Move one trial's frames; runs in the worker thread."""
        trial, received, failed = recording.trial, 0, True
        numbers: list[NDArray[Any]] = []
        try:
            while received < self.frame_count:
                arrays = self._read(trial)
                if arrays is None or recording.stopping.is_set():
                    break
                count = min(len(next(iter(arrays.values()))), self.frame_count - received)
                if count == 0:
                    continue
                arrays = {name: values[:count] for name, values in arrays.items()}
                recording.storing = True
                file.write(trial, received, arrays)
                recording.storing = False
                self.tap.publish(TrialBlock(trial, received, arrays))
                received += count
                recording.received = recording.clock_frames = received
                if self.instrument.counter:
                    numbers.append(arrays[self.instrument.counter])
                if received < self.frame_count:
                    self._report(loop, trial * self.frame_count + received)
            failed = False
        finally:
            if numbers:
                counter = np.concatenate(numbers)
                recording.clock_frames = count_clock_frames(counter, self.frame_count)
            if not recording.abandoned.is_set():
                self._end_trial(loop, file, recording, failed or recording.stopping.is_set())

    def _read(self, trial: int) -> Mapping[str, NDArray[Any]] | None:
        try:
            return self.instrument.read(READ_TIMEOUT_S)
        except BluesliceError:
            raise
        except Exception as error:
            raise driver_failed(
                self.device_name, f"for the frames of trial {trial + 1}", error
            ) from error

    def _end_trial(
        self, loop: asyncio.AbstractEventLoop, file: TrialFile, recording: Recording, torn: bool
    ) -> None:
        trial, received = recording.trial, recording.received
        try:
            recording.storing = True
            checksum = file.end_trial(trial, received)
            loop.call_soon_threadsafe(self._set_trial_checksum, checksum)
        finally:
            recording.storing = False
            if not torn:
                self._whole_trials = trial + 1
            loop.call_soon_threadsafe(self._set_frames_recorded, recording.clock_frames)
            # A torn trial is counted as well until the device is prepared again: whoever
            # waits for its frames has to wake up, and then sees the failure.
            self._report(loop, (trial + 1) * self.frame_count)
            self.tap.end(trial, received, torn=torn)

    def _report(self, loop: asyncio.AbstractEventLoop, frames: int) -> None:
        loop.call_soon_threadsafe(self._set_frames_written, frames)
