"""dF/F of both ions while the trial still runs, and a derived run of it."""

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from event_model import compose_run

from blueslice.analysis import AnalysisParameters, Corner, IonTrace, Roi, TrialResult, check_rois
from blueslice.callbacks._live_trial import LiveTrial, RunFacts
from blueslice.devices.taps import TapEvent, Tapped, TrialBegin, TrialBlock, TrialEnd
from blueslice.trial import Trial

__all__ = ["LiveDFF", "PartialTrial"]

logger = logging.getLogger(__name__)

Publish = Callable[[str, dict[str, Any]], None]
# Trials without a stimulus wait for the ROI to be found on one with; no more than so many.
MAX_WAITING_TRIALS = 20


@dataclass(frozen=True)
class PartialTrial:
    """What is known of a trial that still runs.

    Attributes
    ----------
    run : str
        uid of the raw run.
    trial : int
        1 for the first.
    traces : tuple of IonTrace
        dF/F of the frames so far.
    rois : tuple of Roi
        Of the traces.
    """

    run: str
    trial: int
    traces: tuple[IonTrace, ...]
    rois: tuple[Roi, ...]


class LiveDFF:
    """A callback that listens to the frames and gives dF/F, trial by trial.

    The excitation of each frame is proved from the recorded LED lines. Whole trials are
    published as a derived run with the stream ``dff``, whose start document (``raw_run`` and all
    parameters) is enough to compute it again; partial trials go to subscribers only. All work is
    done in a thread of its own.

    Parameters
    ----------
    camera, amplifier : Tapped
        The devices whose frames and lines are listened to.
    publish : callable of (name, document)
        Gets the documents of the derived run, in that thread.
    rois : sequence of Roi, optional
        Without, one is found on the largest sodium response of the first stimulated trial.
    corner : Corner, optional
        Where the LEDs' brightness is read; by default the darkest of the four corners.
    baseline_s : (float, float), optional
        By default from 0 to the first recorded stimulus.
    background : mapping of str to float, optional
        Counts per channel that do not come from the cell.
    """

    def __init__(
        self,
        camera: Tapped,
        amplifier: Tapped,
        publish: Publish,
        *,
        rois: Sequence[Roi] | None = None,
        corner: Corner | None = None,
        baseline_s: tuple[float, float] | None = None,
        background: Mapping[str, float] | None = None,
    ) -> None:
        self.rois = tuple(rois) if rois else None
        self.corner = corner
        self.baseline_s = baseline_s
        self.background = dict(background or {})
        self._publish = publish
        self._camera, self._amplifier = camera.name, amplifier.name
        self._subscribers: list[Callable[[PartialTrial], None]] = []
        self._results: list[Callable[[int, TrialResult, AnalysisParameters], None]] = []
        self._run: _Run | None = None
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._unsubscribe = [
            device.tap.subscribe(self._listener(device.name)) for device in (camera, amplifier)
        ]
        self._thread = threading.Thread(target=self._work, name="blueslice-live-dff", daemon=True)
        self._thread.start()

    def __call__(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take a document of the RunEngine; returns at once."""
        if name in ("start", "descriptor", "stop"):
            self._idle.clear()
            self._queue.put((name, dict(doc)))

    def _listener(self, device: str) -> Callable[[TapEvent], None]:
        def listen(event: TapEvent) -> None:
            self._idle.clear()
            self._queue.put(("tap", (device, event)))

        return listen

    def subscribe(self, callback: Callable[[PartialTrial], None]) -> None:
        """Call `callback`, in the analysis thread, with each partial trial."""
        self._subscribers.append(callback)

    def on_result(self, callback: Callable[[int, TrialResult, AnalysisParameters], None]) -> None:
        """Call `callback`, in the analysis thread, with each whole trial's result."""
        self._results.append(callback)

    def wait(self, timeout_s: float = 60.0) -> bool:
        """Wait until all that has come is analysed; False when it takes longer."""
        done = threading.Event()
        self._queue.put(("mark", done))
        return done.wait(timeout_s)

    def close(self) -> None:
        """Analyse what has come, then end."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._queue.put(("close", None))
        self._thread.join(60.0)

    def _work(self) -> None:
        while True:
            kind, item = self._queue.get()
            if kind == "close":
                return
            if kind == "mark":
                item.set()
                continue
            try:
                self._handle(kind, item)
            except Exception:
                # The raw data are safe in their files; an analysis that fails is computed again.
                logger.exception(
                    "the live analysis of this run failed; the raw data are not touched"
                )
                self._run = None

    def _handle(self, kind: str, item: Any) -> None:
        if kind == "start":
            self._run = _Run(self, item) if "trial" in item and "leds" in item else None
        elif self._run is None:
            return
        elif kind == "descriptor":
            self._run.take_descriptor(item)
        elif kind == "tap":
            self._run.take_event(*item)
        elif item["run_start"] == self._run.uid:
            self._run.finish(item)
            self._run = None


class _Run:
    """The live analysis of one run; lives in the analysis thread."""

    def __init__(self, owner: LiveDFF, start: dict[str, Any]) -> None:
        self.owner = owner
        self.start = start
        self.uid: str = start["uid"]
        self.facts: RunFacts | None = None
        self.parameters: AnalysisParameters | None = None
        self.found = owner.rois is None
        self.trial: LiveTrial | None = None
        self.waiting: list[LiveTrial] = []
        self.bundle: Any = None
        self.compose_event: Any = None

    def take_descriptor(self, doc: dict[str, Any]) -> None:
        camera, amplifier = self.owner._camera, self.owner._amplifier
        if doc["name"] != "primary" or amplifier not in doc["configuration"]:
            return
        rows, columns = doc["data_keys"][camera]["shape"][-2:]
        if self.owner.rois:
            check_rois(self.owner.rois, (rows, columns))
        configured = doc["configuration"][amplifier]["data"]
        leds = [self.start["leds"][f"led_{n}"] for n in (1, 2)]
        self.facts = RunFacts(
            trial=Trial.from_document(self.start["trial"]),
            channels=tuple(led["channel"] for led in leds),
            sign={led["channel"]: led["sign"] for led in leds},
            sample_rate_Hz=configured[f"{amplifier}-sample_rate_Hz"],
            led_threshold_V=configured[f"{amplifier}-led_threshold_V"],
            stimulus_threshold_V=configured[f"{amplifier}-stimulus_threshold_V"],
        )

    def take_event(self, device: str, event: TapEvent) -> None:
        is_camera = device == self.owner._camera
        if isinstance(event, TrialBegin):
            if self.trial is None or self.trial.number != event.trial + 1 or self.trial.ended:
                self.trial = LiveTrial(event.trial + 1, event.frame_count)
            if is_camera:
                self.trial.dark = event.whole.get(f"{device}-dark")
        elif self.trial is None:
            return
        elif isinstance(event, TrialBlock):
            self._take_block(self.trial, device, event, is_camera=is_camera)
        else:
            self._take_end(self.trial, device, event)

    def _take_block(
        self, trial: LiveTrial, device: str, block: TrialBlock, *, is_camera: bool
    ) -> None:
        arrays = block.arrays
        if is_camera:
            trial.add_frames(arrays[device], arrays[f"{device}-counter"])
        else:
            stimulus = arrays[f"{device}-stimulus"]
            lines = [arrays.get(f"{device}-led_{n}", np.zeros_like(stimulus)) for n in (1, 2)]
            trial.add_lines(np.stack(lines), stimulus)
        self._settle(trial)
        if trial.analysis is not None and self.owner._subscribers and self.parameters:
            traces = trial.analysis.traces()
            if all(trace.baseline_complete for trace in traces):
                partial = PartialTrial(self.uid, trial.number, traces, self.parameters.rois)
                for callback in self.owner._subscribers:
                    callback(partial)

    def _settle(self, trial: LiveTrial) -> None:
        if self.facts is None or trial.analysis is not None:
            return
        if self.parameters is None:
            owner = self.owner
            self.parameters = trial.settle(
                self.facts,
                rois=owner.rois,
                corner=owner.corner,
                baseline_s=owner.baseline_s,
                background=owner.background,
                dark_key=f"{owner._camera}-dark",
            )
        if self.parameters is not None and trial.frames:
            trial.begin_analysis(self.parameters)

    def _take_end(self, trial: LiveTrial, device: str, end: TrialEnd) -> None:
        trial.ended.add(device)
        trial.torn = trial.torn or end.torn
        if len(trial.ended) < 2:
            return
        self.trial = None
        if trial.torn:
            return
        self._settle(trial)
        self.waiting.append(trial)
        if self.parameters is None:
            del self.waiting[:-MAX_WAITING_TRIALS]
            return
        self._publish_waiting()

    def _publish_waiting(self) -> None:
        waiting, self.waiting = self.waiting, []
        for trial in waiting:
            self._settle(trial)
            if trial.analysis is not None:
                trial.analysis.finish()
                self._publish_trial(trial.number, trial.analysis.result())

    def _publish_trial(self, number: int, result: TrialResult) -> None:
        parameters = self.parameters
        if parameters is None:
            return
        frame_count = result.frame_map.frame_count
        counts = parameters.sample_counts(frame_count)
        traces = [t.fit_to(max(n, 1)) for t, n in zip(result.traces, counts, strict=True)]
        compose_event = self.compose_event or self._open(parameters, traces)
        data: dict[str, Any] = {"trial": number}
        notes = []
        for trace in traces:
            data[trace.ion] = trace.dff
            data[f"{trace.ion}_time"] = trace.time_s
            data[f"{trace.ion}_damaged"] = int(np.sum(~trace.valid))
            if trace.reason:
                notes.append(f"{trace.ion}: {trace.reason}")
        data["note"] = "; ".join(notes)
        event = compose_event(data=data, timestamps=dict.fromkeys(data, 0.0))
        event["timestamps"] = dict.fromkeys(data, event["time"])
        self.owner._publish("event", event)
        for callback in self.owner._results:
            callback(number, result, parameters)

    def _open(
        self, parameters: AnalysisParameters, traces: Sequence[IonTrace]
    ) -> Callable[..., Any]:
        metadata = {
            "purpose": "dff",
            "raw_run": self.uid,
            "blueslice_version": version("blueslice"),
            "roi_found": "on the largest sodium response" if self.found else "",
            **parameters.to_document(),
        }
        self.bundle = compose_run(metadata=metadata)
        self.owner._publish("start", self.bundle.start_doc)
        source = f"blueslice analysis of {self.uid}"
        keys: dict[str, Any] = {"trial": {"source": source, "dtype": "integer", "shape": []}}
        for trace in traces:
            array = {"source": source, "dtype": "array", "dtype_numpy": "<f8"}
            keys[trace.ion] = {**array, "shape": list(trace.dff.shape), "dims": ["roi", "sample"]}
            shape = list(trace.time_s.shape)
            keys[f"{trace.ion}_time"] = {**array, "shape": shape, "units": "s"}
            keys[f"{trace.ion}_damaged"] = {"source": source, "dtype": "integer", "shape": []}
        keys["note"] = {"source": source, "dtype": "string", "shape": []}
        descriptor = self.bundle.compose_descriptor(name="dff", data_keys=keys)
        self.compose_event = descriptor.compose_event
        self.owner._publish("descriptor", descriptor.descriptor_doc)
        return descriptor.compose_event

    def finish(self, stop: dict[str, Any]) -> None:
        if self.parameters is None and self.waiting:
            logger.warning("no stimulated trial in the run, so no ROI was found; name one")
        if self.bundle is not None:
            self.owner._publish(
                "stop", self.bundle.compose_stop(exit_status=stop.get("exit_status", "success"))
            )
