"""What a feed knows of the run in hand: enough to bring a late viewer up to the present."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import find_pulses
from blueslice.callbacks._feed_messages import reduced_image
from blueslice.callbacks._live_results import PartialTrial, TrialDFF
from blueslice.devices.taps import TapEvent, TrialBegin, TrialBlock, TrialEnd
from blueslice.errors import BadInputError

__all__ = ["FeedRun", "partial_message", "result_message", "run_message"]

# Points of the voltage for each frame: a spike of a millisecond keeps its height.
POINTS_PER_FRAME = 8
_START_KEYS = ("uid", "time", "plan_name", "phase", "cell", "slice", "animal", "operator", "rig")


class FeedRun:
    """Collects one run, in the feed's thread.

    Parameters
    ----------
    start : mapping
        Its start document.
    amplifier : str
        Name of the device.
    """

    def __init__(self, start: Mapping[str, Any], amplifier: str) -> None:
        self.uid: str = start["uid"]
        self.head = run_message(start)
        self.events: list[dict[str, Any]] = []
        self.results: dict[int, dict[str, Any]] = {}
        self.stop: dict[str, Any] | None = None
        self.trial = 0
        self.sweep = False
        self._camera_at: int | None = None  # the trial that the camera is armed for
        self._amplifier_at: int | None = None  # that of the amplifier
        self._undecided = False  # whether what the amplifier records may be a test of the cell
        self.partial: dict[str, Any] | None = None
        self.images: dict[str, Any] | None = None
        self.voltages: dict[int, dict[str, Any]] = {}
        self._amplifier = amplifier
        self._sample_rate_Hz = 0.0
        self._threshold_V: float | None = None
        self._voltage: list[NDArray[np.float32]] = []
        self._stimulus: list[NDArray[np.float32]] = []
        self._trials_descriptor = ""

    def take_document(self, name: str, doc: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Take a document of the run; return what a viewer is to be told."""
        if name == "descriptor":
            if doc["name"] == "trials":
                self._trials_descriptor = doc["uid"]
            configured = doc.get("configuration", {}).get(self._amplifier, {}).get("data", {})
            rate_Hz = configured.get(f"{self._amplifier}-sample_rate_Hz")
            if rate_Hz:
                self._sample_rate_Hz = float(rate_Hz)
                self._threshold_V = configured.get(f"{self._amplifier}-stimulus_threshold_V")
        elif name == "event" and doc["descriptor"] == self._trials_descriptor:
            row = {key: _plain(value) for key, value in doc["data"].items()}
            message = {"kind": "event", "run": self.uid, "data": row, "time": doc["time"]}
            self.events.append(message)
            return [message]
        elif name == "stop":
            self.stop = {
                "kind": "stop",
                "run": self.uid,
                "exit_status": doc["exit_status"],
                "reason": str(doc.get("reason", "")),
                "time": doc["time"],
            }
            return [self.stop]
        return []

    def take_camera(self, event: TapEvent) -> list[dict[str, Any]]:
        """Take what the camera's tap tells; return what a viewer is to be told."""
        if isinstance(event, TrialBegin):
            self._camera_at = event.trial
            if self._undecided and self._amplifier_at == event.trial:
                return [self._begin()]
        elif isinstance(event, TrialEnd):
            self._camera_at = None
        return []

    def take_amplifier(self, event: TapEvent) -> list[dict[str, Any]]:
        """Take what the amplifier's tap tells; return what a viewer is to be told.

        Both are armed for a trial before its clock starts. What comes of the amplifier alone is a
        test of the cell, which is no trial: it takes the place of the next one in the file.
        """
        if isinstance(event, TrialBegin):
            self._amplifier_at, self._undecided = event.trial, True
            self._voltage, self._stimulus, self.partial = [], [], None
            return [self._begin()] if self._camera_at == event.trial else []
        if not isinstance(event, TrialBlock) or event.trial != self._amplifier_at:
            return []
        told: list[dict[str, Any]] = []
        if self._undecided:
            self._undecided, self.sweep = False, True
            told.append({"kind": "sweep", "run": self.uid})
        return [*told, *self._take_voltage(event)]

    def _begin(self) -> dict[str, Any]:
        self.trial, self._undecided, self.sweep = (self._amplifier_at or 0) + 1, False, False
        return {"kind": "begin", "run": self.uid, "trial": self.trial}

    def _take_voltage(self, event: TrialBlock) -> list[dict[str, Any]]:
        name = self._amplifier
        stimulus = event.arrays.get(f"{name}-stimulus")
        voltage = event.arrays.get(f"{name}-voltage")
        if voltage is None or not voltage.size:
            return []
        self._voltage.append(thinned(voltage))
        if stimulus is not None:
            self._stimulus.append(stimulus)
        return [self.voltage_message()]

    def stimulated(self, event: TapEvent) -> bool:
        """Tell whether the stimulus line was high in these samples."""
        if self._threshold_V is None or not isinstance(event, TrialBlock):
            return False
        stimulus = event.arrays.get(f"{self._amplifier}-stimulus")
        return stimulus is not None and bool((stimulus > self._threshold_V).any())

    def voltage_message(self) -> dict[str, Any]:
        """Tell the voltage of the trial in hand so far, and when the stimulus came."""
        rate_Hz = self.head["frame_rate_Hz"] * (self._voltage[0].shape[1] if self._voltage else 1)
        voltage = np.concatenate(self._voltage).ravel() if self._voltage else np.zeros(0)
        number = 0 if self.sweep else self.trial
        message = {
            "kind": "voltage",
            "run": self.uid,
            "trial": number,
            "voltage_mV": voltage,
            "rate_Hz": rate_Hz,
            "pulses_s": self._pulses_s(),
        }
        # The last one is what a viewer sees of the trial; the others are in the file.
        self.voltages = {number: message}
        return message

    def _pulses_s(self) -> NDArray[np.float64]:
        if not self._stimulus or self._threshold_V is None or not self._sample_rate_Hz:
            return np.zeros(0)
        try:
            return find_pulses(
                np.concatenate(self._stimulus).ravel(),
                sample_rate_Hz=self._sample_rate_Hz,
                threshold_V=self._threshold_V,
            )
        except BadInputError:
            return np.zeros(0)

    def take_partial(self, partial: PartialTrial) -> dict[str, Any]:
        """Take a partial trial; return what a viewer is to be told."""
        self.partial = partial_message(partial)
        return self.partial

    def take_result(self, trial: TrialDFF) -> dict[str, Any]:
        """Take a whole trial; return what a viewer is to be told."""
        message = result_message(trial)
        # Pictures are large: those of the last trial are kept, the traces of all.
        self.results[trial.trial] = {**message, "images": []}
        self.images = message
        if self.partial is not None and self.partial["trial"] == trial.trial:
            self.partial = None
        return message

    def snapshot(self) -> list[dict[str, Any]]:
        """Return the messages that bring a viewer up to the present."""
        messages = [self.head, *self.events, *self.results.values()]
        if self.images is not None:
            messages.append(self.images)
        if self.trial and self.trial not in self.results:
            messages.append({"kind": "begin", "run": self.uid, "trial": self.trial})
        if self.sweep:
            messages.append({"kind": "sweep", "run": self.uid})
        messages.extend(self.voltages.values())
        if self.partial is not None:
            messages.append(self.partial)
        if self.stop is not None:
            messages.append(self.stop)
        return messages


def run_message(start: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a viewer has to know of a run, from its start document."""
    trial = start.get("trial", {})
    return {
        "kind": "run",
        **{key: start.get(key, "") for key in _START_KEYS},
        "trials": start.get("trials", 0),
        "trial_table": {k: list(v) for k, v in start.get("trial_table", {}).items()},
        "blanks": list(start.get("blanks", [])),
        "frame_rate_Hz": float(trial.get("frame_rate_Hz", 1.0)),
        "frame_count": int(trial.get("frame_count", 0)),
        "exposure_s": float(trial.get("exposure_s", 0.0)),
        "pulses": [
            {"onset_s": pulse["onset_s"], "target": pulse.get("target", "")}
            for pulse in trial.get("pulses", [])
        ],
        "leds": {name: dict(led) for name, led in start.get("leds", {}).items()},
    }


def partial_message(partial: PartialTrial) -> dict[str, Any]:
    """Return a partial trial as a viewer gets it."""
    return {
        "kind": "partial",
        "run": partial.run,
        "trial": partial.trial,
        "rois": [roi.to_document() for roi in partial.rois],
        "traces": [_trace(trace) for trace in partial.traces],
    }


def result_message(trial: TrialDFF) -> dict[str, Any]:
    """Return a whole trial as a viewer gets it."""
    images = []
    for image in trial.result.difference_images:
        baseline, step = reduced_image(image.baseline)
        response, _ = reduced_image(image.delta * trial.parameters.sign[image.ion])
        images.append({"ion": image.ion, "mean": baseline, "rise": response, "step": step})
    return {
        "kind": "result",
        "run": trial.run,
        "trial": trial.trial,
        "rois": [roi.to_document() for roi in trial.parameters.rois],
        "run_rois": [roi.to_document() for roi in trial.run_parameters.rois],
        "traces": [_trace(trace) for trace in trial.result.traces],
        "images": images,
        "shift": [trial.shift.y_px, trial.shift.x_px],
        "baseline_s": list(trial.parameters.baseline_s),
        "response_s": list(trial.parameters.response_s or ()),
        "reasons": [*trial.result.reasons, *(t.reason for t in trial.result.traces if t.reason)],
    }


def _trace(trace: Any) -> dict[str, Any]:
    return {
        "ion": trace.ion,
        "time_s": trace.time_s,
        "dff": trace.dff,
        "valid": trace.valid,
        "frames": trace.clock_frames,
    }


def thinned(voltage: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average neighbouring samples: (frames, samples) to (frames, at most 8)."""
    samples = voltage.shape[1]
    step = -(-samples // POINTS_PER_FRAME)
    if samples % step:
        return voltage[:, ::step]
    return voltage.reshape(len(voltage), samples // step, step).mean(axis=2)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
