"""An ophyd-async detector that records trials: its three logics and what they share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bluesky.protocols import StreamAsset
from event_model import DataKey
from ophyd_async.core import (
    DEFAULT_TIMEOUT,
    AsyncStatus,
    DetectorAcquireLogic,
    DetectorDataLogic,
    DetectorTriggerLogic,
    PathProvider,
    SignalR,
    StandardDetector,
    StreamableDataProvider,
    StreamResourceDataProvider,
    StreamResourceInfo,
    TriggerInfo,
    WatchableAsyncStatus,
)

from blueslice.devices._answer import stop_limit_s
from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices._recorder import TrialRecorder
from blueslice.devices._recording import RecordedInstrument
from blueslice.devices._trial_file import DatasetSpec
from blueslice.devices.taps import BlockTap

__all__ = ["NamedInstrument", "RecordedDetector"]


class NamedInstrument(RecordedInstrument, Protocol):
    """A recorded instrument whose data keys begin with the device's name."""

    prefix: str
    backend: Any


class _TrialDataProvider(StreamResourceDataProvider):
    """Datasets of which some have one entry per frame and some one per trial."""

    specs: Sequence[DatasetSpec] = ()

    async def make_datakeys(self, collections_per_event: int) -> dict[str, DataKey]:
        """Describe one trial's part of each dataset."""
        keys = await super().make_datakeys(collections_per_event)
        for spec in self.specs:
            key = keys[spec.name]
            shape = (collections_per_event, *spec.shape) if spec.per_frame else spec.shape
            key["shape"] = list(shape)
            key["dtype"] = "array"
            key["dims"] = list(spec.dims)
            if spec.units:
                key["units"] = spec.units
        return keys


@dataclass
class _FollowClock(DetectorTriggerLogic):
    recorder: TrialRecorder
    apply: Callable[[float], Awaitable[None]]

    async def prepare_edge(self, num: int, livetime: float) -> None:
        """Take over a trial's frame count and, from `livetime`, its exposure in s."""
        await self.recorder.settle()
        # The data logic is not told how many frames a trial has, so it is kept here; one
        # prepare is one trial.
        self.recorder.frame_count = num
        await self.apply(livetime)


@dataclass
class _Record(DetectorAcquireLogic):
    recorder: TrialRecorder

    async def start_acquiring(self) -> None:
        await self.recorder.start()

    async def wait_for_idle(self) -> None:
        await self.recorder.finished()

    async def ensure_stopped(self) -> None:
        await self.recorder.halt()


@dataclass
class _TrialData(DetectorDataLogic):
    recorder: TrialRecorder

    async def prepare_unbounded(self, datakey_name: str) -> StreamableDataProvider:
        file = await self.recorder.open(datakey_name)
        specs = self.recorder.instrument.specs(self.recorder.frame_count)
        provider = _TrialDataProvider(
            uri=file.path.absolute().as_uri().replace("file:///", "file://localhost/", 1),
            resources=[
                StreamResourceInfo(
                    data_key=spec.name,
                    shape=spec.shape,
                    chunk_shape=file.chunk_shape(spec.name),
                    dtype_numpy=spec.dtype,
                    parameters={"dataset": spec.name, "swmr": True},
                )
                for spec in specs
            ],
            mimetype="application/x-hdf5",
            collections_written_signal=self.recorder.frames_written,
        )
        provider.specs = specs
        return provider

    def get_hinted_fields(self, datakey_name: str) -> Sequence[str]:
        """Hint nothing: a trial's arrays are not for a table of numbers."""
        return []

    async def stop(self) -> None:
        await self.recorder.close()


class RecordedDetector(ConnectsBackend, StandardDetector):
    """A detector whose instrument is recorded trial by trial by a `TrialRecorder`.

    `trial_checksum` is the checksum of the last trial, see `blueslice._trial_checksum`; plans
    read it into the trial's event, so that a damaged or exchanged file is found later.
    """

    def __init__(
        self,
        instrument: NamedInstrument,
        path_provider: PathProvider,
        config_signals: Sequence[SignalR],
        name: str,
    ) -> None:
        self._instrument = instrument
        self._recorder = TrialRecorder(instrument, path_provider)
        self._turns = Turns(self)
        self._trial_s = 0.0
        self.frames_written = self._recorder.frames_written
        self.frames_recorded = self._recorder.frames_recorded
        self.trial_checksum = self._recorder.trial_checksum
        self.add_detector_logics(
            _FollowClock(self._recorder, self._apply),
            _Record(self._recorder),
            _TrialData(self._recorder),
        )
        self.add_config_signals(*config_signals)
        super().__init__(name=name)

    async def connect(
        self,
        mock: Any = False,
        timeout: float = DEFAULT_TIMEOUT,
        force_reconnect: bool = False,
    ) -> None:
        """Connect; what is recorded from now on is that of the instrument, or of mock mode's."""
        await super().connect(mock=mock, timeout=timeout, force_reconnect=force_reconnect)
        self._instrument.backend = self.backend

    async def _apply(self, livetime: float) -> None:
        """Take over ``TriggerInfo.livetime`` before a trial."""
        raise NotImplementedError

    @property
    def tap(self) -> BlockTap:
        """What is recorded, as it comes, for live analysis in this process."""
        return self._recorder.tap

    def set_name(self, name: str, *, child_name_separator: str | None = None) -> None:
        """Name the device; its data keys begin with the name."""
        super().set_name(name, child_name_separator=child_name_separator)
        self._instrument.prefix = self._recorder.device_name = self.name

    @AsyncStatus.wrap
    async def prepare(self, value: TriggerInfo) -> None:
        """Be ready for a trial; see `ophyd_async.core.StandardDetector.prepare`."""
        async with self._turns.lock:
            interval_s = value.livetime + value.deadtime
            self._trial_s = value.number_of_collections * interval_s
            await super().prepare(value)

    async def collect_asset_docs(self, index: int | None = None) -> AsyncIterator[StreamAsset]:
        """Give the documents of the trials so far, which are then kept: none is overwritten."""
        trials = await self.get_index() if index is None else index
        async for document in super().collect_asset_docs(trials):
            yield document
        self._recorder.accept(trials)

    @property
    def uncollected_trials(self) -> int:
        """How many whole trials are in the file, but not yet in the run's documents."""
        return self._recorder.unaccepted_trials

    @AsyncStatus.wrap
    async def kickoff(self) -> None:
        """Expect the trial; an instrument that failed since it was armed is reported now."""
        self._recorder.raise_failure()
        try:
            await super().kickoff()
        except RuntimeError:
            # A failure since then has ended the trial, which is what ophyd-async complains of.
            self._recorder.raise_failure()
            raise

    def complete(self) -> WatchableAsyncStatus[int]:
        """Wait for the trial's end; see `ophyd_async.core.StandardDetector.complete`.

        It fails when the instrument has not ended the trial in time.
        """
        self._recorder.expect_end(self._trial_s)
        return super().complete()

    @AsyncStatus.wrap
    async def unstage(self) -> None:
        """End the run: the file is closed once a prepare that is under way has ended."""
        try:
            async with asyncio.timeout(stop_limit_s()):
                await self._turns.lock.acquire()
        except TimeoutError:
            # Whatever hangs in there, the file has to be closed.
            await super().unstage()
            return
        try:
            await super().unstage()
        finally:
            self._turns.lock.release()

    async def pause(self) -> None:
        """Give up the trial in hand; the plan takes it again when it goes on."""
        # A prepare that is under way would arm the instrument after the pause.
        async with self._turns.lock:
            await self._recorder.halt()

    async def resume(self) -> None:
        """Do nothing: the plan prepares the device again."""
