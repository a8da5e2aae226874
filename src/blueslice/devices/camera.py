"""The camera: a frame at each tick of the trial clock, into one file per run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd_async.core import PathProvider, soft_signal_r_and_setter, soft_signal_rw

from blueslice.devices._recorded_detector import RecordedDetector
from blueslice.devices._trial_file import DatasetSpec
from blueslice.devices.backends import CameraBackend
from blueslice.devices.mock_backends import MockCamera

__all__ = ["Camera"]


class _CameraRecording:
    """The camera as the recorder sees it."""

    def __init__(self, backend: CameraBackend, exposure_s: float) -> None:
        self.backend = backend
        self.exposure_s = exposure_s
        self.prefix = ""

    @property
    def counter(self) -> str:
        return f"{self.prefix}-counter"

    def specs(self, frame_count: int) -> Sequence[DatasetSpec]:
        sensor = self.backend.sensor
        picture = (sensor.rows, sensor.columns)
        name = self.prefix
        return (
            DatasetSpec(name, picture, "<u2", dims=("frame", "y", "x"), units="counts"),
            DatasetSpec(self.counter, (), "<i8", dims=("frame",), fill=-1),
            DatasetSpec(f"{name}-dark", picture, "<f4", False, ("y", "x"), "counts"),
        )

    def attributes(self) -> Mapping[str, Any]:
        sensor = self.backend.sensor
        known = (
            {}
            if sensor.full_scale_counts is None
            else {"full_scale_counts": sensor.full_scale_counts}
        )
        return {"model": sensor.model, "exposure_s": self.exposure_s, **known}

    def arm(self, frame_count: int, trial: int) -> Mapping[str, NDArray[Any]]:
        return {f"{self.prefix}-dark": self.backend.arm(frame_count, self.exposure_s, trial)}

    def read(self, timeout_s: float) -> Mapping[str, NDArray[Any]] | None:
        block = self.backend.read_frames(timeout_s)
        if block is None:
            return None
        return {
            self.prefix: block.frames,
            self.counter: np.asarray(block.counter, np.int64),
        }

    def stop(self) -> None:
        self.backend.stop()


class Camera(RecordedDetector):
    """A camera that follows the trial clock.

    Prepared with ``TriggerInfo(trigger=EXTERNAL_EDGE, livetime=exposure_s,
    collections_per_event=frame_count)``, which arms it. Gives the data keys ``<name>``
    (frame, y, x) in counts, ``<name>-counter`` (frame), the camera's own frame numbers with -1
    where no frame came, and ``<name>-dark`` (y, x), the dark frame before the trial. Its
    configuration states ``<name>-full_scale_counts``, what a saturated pixel reads: 0 when that is
    not known.

    Parameters
    ----------
    backend : CameraBackend
        The instrument.
    path_provider : ophyd_async.core.PathProvider
        Where the file of a run goes.
    name : str
        The device's name.
    """

    _make_mock = MockCamera

    def __init__(self, backend: CameraBackend, path_provider: PathProvider, name: str = "") -> None:
        self.backend: CameraBackend = backend
        self._recording = _CameraRecording(backend, 0.0)
        self.exposure_s = soft_signal_rw(float, 0.0, units="s")
        self.full_scale_counts, self._set_full_scale = soft_signal_r_and_setter(int, units="counts")
        signals = [self.exposure_s, self.full_scale_counts]
        super().__init__(self._recording, path_provider, signals, name)

    async def _apply(self, livetime: float) -> None:
        self._recording.exposure_s = livetime
        await self.exposure_s.set(livetime)
        self._set_full_scale(self.backend.sensor.full_scale_counts or 0)
