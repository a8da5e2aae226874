"""From an instrument to a file, trial by trial, in one thread of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from numpy.typing import NDArray
from ophyd_async.core import PathProvider, soft_signal_r_and_setter

from blueslice.devices._trial_file import DatasetSpec, TrialFile
from blueslice.devices.taps import BlockTap, TrialBlock
from blueslice.errors import InstrumentError

__all__ = ["RecordedInstrument", "TrialRecorder"]

# How long one read may wait; only bounds how soon an instrument that ignores stop() is noticed.
READ_TIMEOUT_S = 0.25


class RecordedInstrument(Protocol):
    """What the recorder needs of an instrument: the camera and the amplifier adapt to it."""

    def specs(self, frame_count: int) -> Sequence[DatasetSpec]:
        """Return the arrays that a trial has."""
        ...

    def attributes(self) -> Mapping[str, Any]:
        """Return what the file should say about the instrument."""
        ...

    def arm(self, frame_count: int, trial: int) -> Mapping[str, NDArray[Any]]:
        """Make ready for trial 0, 1, ... of the run; return the arrays that it has once."""
        ...

    def read(self, timeout_s: float) -> Mapping[str, NDArray[Any]] | None:
        """Return new frames' arrays, none yet (empty arrays), or None at the trial's end."""
        ...

    def stop(self) -> None:
        """End a blocked read and the trial; from any thread."""
        ...


@dataclass(frozen=True)
class _Recorded:
    frames: int
    torn: bool


class TrialRecorder:
    """Arms an instrument, moves its frames to a `TrialFile` and counts them.

    Everything that touches the instrument or the file runs in one worker thread; the loop is
    told with ``call_soon_threadsafe``.

    Parameters
    ----------
    instrument : RecordedInstrument
        Where the frames come from.
    path_provider : ophyd_async.core.PathProvider
        Where the file of a run goes.
    """

    def __init__(self, instrument: RecordedInstrument, path_provider: PathProvider) -> None:
        self.instrument = instrument
        self.tap = BlockTap()
        self.frame_count = 0
        self.frames_written, self._set_frames_written = soft_signal_r_and_setter(int)
        self.frames_recorded, self._set_frames_recorded = soft_signal_r_and_setter(int)
        self._path_provider = path_provider
        self._executor: ThreadPoolExecutor | None = None
        self._file: TrialFile | None = None
        self._whole_trials = 0
        self._accepted_trials = 0
        self._stopping = Event()
        self._task: asyncio.Future[_Recorded] | None = None

    def _thread(self) -> ThreadPoolExecutor:
        # Made late and ended with the file, so that an idle rig holds no thread.
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="blueslice-recorder")
        return self._executor

    async def _in_thread(self, function: Callable[..., Any], *args: object) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread(), function, *args)

    async def open(self, device_name: str) -> TrialFile:
        """Make the file of a run, for trials of `frame_count` frames."""
        await self.close()
        info = self._path_provider(device_name)
        path = Path(info.directory_path) / f"{info.filename}.h5"
        instrument = self.instrument
        file: TrialFile = await self._in_thread(
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
        await self._halt()
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
        await self._halt()
        self._stopping.clear()
        loop = asyncio.get_running_loop()
        trial, file = self._whole_trials, self._file
        whole = await self._in_thread(self.instrument.arm, self.frame_count, trial)
        await self._in_thread(file.begin_trial, trial, whole)
        self.tap.begin(trial, self.frame_count, whole)
        self._task = asyncio.ensure_future(
            loop.run_in_executor(self._thread(), self._record, loop, file, trial)
        )

    async def finished(self) -> None:
        """Wait for the trial's end.

        Raises
        ------
        InstrumentError
            When the instrument failed in the trial.
        """
        # Not forgotten here: who waits since before a pause must not take the news from who
        # waits since the trial was taken again.
        if self._task is not None:
            await asyncio.shield(self._task)

    def raise_failure(self) -> None:
        """Raise what the instrument failed with since it was armed, if it has."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def halt(self) -> None:
        """End the trial in hand, which is then torn; nothing to do when there is none."""
        await self._halt()

    async def close(self) -> None:
        """End the trial in hand and close the file, also when the instrument does not stop."""
        try:
            await self._halt()
        finally:
            if self._file is not None:
                file, self._file = self._file, None
                await self._in_thread(file.close)
            if self._executor is not None:
                self._executor.shutdown(wait=False)
                self._executor = None

    async def _halt(self) -> None:
        self._stopping.set()
        task, self._task = self._task, None
        try:
            # Always told, for a device that is armed by other means than this recorder.
            self.instrument.stop()
        finally:
            if task is not None:
                # Its failure was the plan's business while it ran; now the trial is given up.
                await asyncio.wait([task])
                task.exception()

    def _record(self, loop: asyncio.AbstractEventLoop, file: TrialFile, trial: int) -> _Recorded:
        """Move one trial's frames; runs in the worker thread."""
        received, failed = 0, True
        try:
            while received < self.frame_count:
                arrays = self.instrument.read(READ_TIMEOUT_S)
                if arrays is None or self._stopping.is_set():
                    break
                count = min(len(next(iter(arrays.values()))), self.frame_count - received)
                if count == 0:
                    continue
                arrays = {name: values[:count] for name, values in arrays.items()}
                file.write(trial, received, arrays)
                self.tap.publish(TrialBlock(trial, received, arrays))
                received += count
                if received < self.frame_count:
                    self._report(loop, trial * self.frame_count + received)
            failed = False
        finally:
            torn = failed or self._stopping.is_set()
            try:
                file.end_trial(trial, received)
            finally:
                if not torn:
                    self._whole_trials = trial + 1
                loop.call_soon_threadsafe(self._set_frames_recorded, received)
                # A torn trial is counted as well until the device is prepared again: whoever
                # waits for its frames has to wake up, and then sees the failure.
                self._report(loop, (trial + 1) * self.frame_count)
                self.tap.end(trial, received, torn=torn)
        return _Recorded(received, torn)

    def _report(self, loop: asyncio.AbstractEventLoop, frames: int) -> None:
        loop.call_soon_threadsafe(self._set_frames_written, frames)
