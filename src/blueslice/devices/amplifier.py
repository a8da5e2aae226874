"""The patch amplifier: voltage, current and the rig's monitor lines, on the trial clock."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray
from ophyd_async.core import PathProvider, soft_signal_rw

from blueslice.clamp import CLAMPS, UNKNOWN_CLAMP
from blueslice.devices._answer import ask, one_line
from blueslice.devices._asked_signals import AskedSignals
from blueslice.devices._recorded_detector import RecordedDetector
from blueslice.devices._trial_file import DatasetSpec
from blueslice.devices.backends import AmplifierBackend
from blueslice.devices.mock_backends import MockAmplifier
from blueslice.errors import BadInputError

__all__ = ["PatchAmplifier", "samples_per_frame"]

logger = logging.getLogger(__name__)


def samples_per_frame(sample_rate_Hz: float, frame_interval_s: float) -> int:
    """Return how many samples fall into one frame.

    Raises
    ------
    BadInputError
        When it is not a whole number, for then frames and samples would drift apart.
    """
    exact = sample_rate_Hz * frame_interval_s
    count = round(exact)
    if count < 1 or abs(exact - count) > 1e-6 * exact:
        raise BadInputError(
            f"the amplifier samples at {sample_rate_Hz:g} Hz, which is {exact:g} samples per frame "
            f"of {frame_interval_s * 1e3:g} ms; a whole number of at least 1 is needed: choose a "
            "frame rate that divides the sample rate"
        )
    return count


class _AmplifierRecording:
    """The amplifier as the recorder sees it."""

    counter = ""

    def __init__(self, backend: AmplifierBackend) -> None:
        self.backend = backend
        self.samples_per_frame = 1
        self.prefix = ""

    def specs(self, frame_count: int) -> Sequence[DatasetSpec]:
        return tuple(
            DatasetSpec(
                f"{self.prefix}-{channel}",
                (self.samples_per_frame,),
                "<f4",
                dims=("frame", "sample"),
                units=units,
                fill=float("nan"),
            )
            for channel, units in self.backend.channels.items()
        )

    def attributes(self) -> Mapping[str, Any]:
        return {"sample_rate_Hz": self.backend.sample_rate_Hz}

    def arm(self, frame_count: int, trial: int) -> Mapping[str, NDArray[Any]]:
        self.backend.arm(frame_count, self.samples_per_frame, trial)
        return {}

    def read(self, timeout_s: float) -> Mapping[str, NDArray[Any]] | None:
        block = self.backend.read_samples(timeout_s)
        if block is None:
            return None
        return {f"{self.prefix}-{name}": values for name, values in block.channels.items()}

    def stop(self) -> None:
        self.backend.stop()


class PatchAmplifier(RecordedDetector):
    """A patch amplifier whose digitiser samples on the trial clock.

    Prepared with ``TriggerInfo(trigger=EXTERNAL_EDGE, livetime=frame_interval_s,
    collections_per_event=frame_count)``. Gives ``<name>-voltage`` (mV), ``<name>-current`` (pA)
    and the monitor lines ``<name>-stimulus``, ``<name>-led_1``, ``<name>-led_2`` (V), each
    (frame, sample), as far as the rig records them.

    `clamp` reads as ``current``, ``voltage`` or ``unknown``: which of both the amplifier holds. It
    goes into the configuration of each run and, by the trial log, into the entry of each trial.

    Parameters
    ----------
    backend : AmplifierBackend
        The instrument.
    path_provider : ophyd_async.core.PathProvider
        Where the file of a run goes.
    led_threshold_V, stimulus_threshold_V : float
        Above which the monitor line of an LED or of the stimulator means "on".
    name : str
        The device's name.
    """

    _make_mock = MockAmplifier

    def __init__(
        self,
        backend: AmplifierBackend,
        path_provider: PathProvider,
        *,
        led_threshold_V: float = 2.5,
        stimulus_threshold_V: float = 2.5,
        name: str = "",
    ) -> None:
        self.backend: AmplifierBackend = backend
        self._recording = _AmplifierRecording(backend)
        self.sample_rate_Hz = soft_signal_rw(float, 0.0, units="Hz")
        self.led_threshold_V = soft_signal_rw(float, led_threshold_V, units="V")
        self.stimulus_threshold_V = soft_signal_rw(float, stimulus_threshold_V, units="V")
        asked = AskedSignals(self._ask_clamp)
        self.clamp, self._set_clamp = asked.signal(str, UNKNOWN_CLAMP)
        signals = [self.sample_rate_Hz, self.led_threshold_V, self.stimulus_threshold_V, self.clamp]
        super().__init__(self._recording, path_provider, signals, name)

    async def _ask_clamp(self) -> None:
        if self.is_mock:
            return
        try:
            told = await ask(
                self.name, "in which clamp it is", getattr, self.backend, "clamp", None
            )
        except Exception as error:
            # A trial must not be lost for it.
            logger.warning("the clamp is noted as unknown: %s", one_line(error))
            told = None
        self._set_clamp(told if told in CLAMPS else UNKNOWN_CLAMP)

    async def _apply(self, livetime: float) -> None:
        rate = self.backend.sample_rate_Hz
        self._recording.samples_per_frame = samples_per_frame(rate, livetime)
        await self.sample_rate_Hz.set(rate)
