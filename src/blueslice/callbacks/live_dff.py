"""dF/F of both ions while the trial still runs, and a derived run of it."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from blueslice._interruptible_wait import wait_interruptibly
from blueslice._precedence import take_precedence
from blueslice.analysis import (
    AnalysisParameters,
    Corner,
    Roi,
    check_rois,
    prepare_kernel,
    prepare_registration,
)
from blueslice.callbacks._derived_run import DerivedRun, Publish
from blueslice.callbacks._live_results import PartialTrial, TrialDFF
from blueslice.callbacks._live_run import LiveOptions, LiveRun
from blueslice.devices.taps import TapEvent, Tapped
from blueslice.errors import BadInputError

__all__ = ["LiveDFF", "PartialTrial", "TrialDFF"]

logger = logging.getLogger(__name__)

_WANTED = ("start", "descriptor", "stream_resource", "stream_datum", "stop")


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
    response_s : (float, float), optional
        The window in which the size of a response is read, of every trial alike; by default from
        4 to 30 ms after the last planned pulse.
    background : mapping of str to float, optional
        Counts per channel that do not come from the cell.
    follow_movement : bool
        Whether the ROIs move, by whole pixels, with the slice: each trial's mean baseline picture
        is registered to that of the trial that settled the parameters.
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
        response_s: tuple[float, float] | None = None,
        background: Mapping[str, float] | None = None,
        follow_movement: bool = True,
    ) -> None:
        self.options = LiveOptions(
            tuple(rois) if rois else None,
            corner,
            baseline_s,
            dict(background or {}),
            follow_movement,
            response_s,
        )
        self._publish = publish
        self._camera, self._amplifier = camera.name, amplifier.name
        self._partials: list[tuple[Callable[[PartialTrial], None], Callable[[], bool]]] = []
        self._asking: list[Callable[[PartialTrial], None]] = []
        self._results: list[Callable[[TrialDFF], None]] = []
        self._run: LiveRun | None = None
        self._derived: DerivedRun | None = None
        self._parameters: AnalysisParameters | None = None  # of the derived run that is open
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._unsubscribe = [
            device.tap.subscribe(self._listener(device.name)) for device in (camera, amplifier)
        ]
        self._thread = threading.Thread(target=self._work, name="blueslice-live-dff", daemon=True)
        self._thread.start()

    def __call__(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take a document of the RunEngine; returns at once."""
        if name in _WANTED:
            self._queue.put((name, dict(doc)))

    def _listener(self, device: str) -> Callable[[TapEvent], None]:
        return lambda event: self._queue.put(("tap", (device, event)))

    def subscribe(
        self,
        callback: Callable[[PartialTrial], None],
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Call `callback`, in the analysis thread, with each partial trial of later runs.

        A partial trial is computed only while `wanted`, asked before each, returns True for one
        of the subscribers.
        """
        self._partials.append((callback, wanted))

    def on_result(self, callback: Callable[[TrialDFF], None]) -> None:
        """Call `callback`, in the analysis thread, with each whole trial's result."""
        self._results.append(callback)

    def use_rois(self, rois: Sequence[Roi], *, drawn_in: int | None = None) -> None:
        """Use other ROIs from the next trial on; from any thread, also while a run is going on.

        The trial that is being taken keeps those it has. From the next one on the dF/F goes to a
        new derived run of the same raw run, so that each derived run has one set of parameters.

        Parameters
        ----------
        rois : sequence of Roi
            At least one.
        drawn_in : int, optional
            The trial of the present run in whose pictures they were drawn (1 for the first). The
            slice may have moved since the reference trial, and they move back by as much.

        Raises
        ------
        BadInputError
            When there is none, or two have the same name. Whether they lie within the camera's
            picture is for the caller to check.
        """
        if not rois:
            raise BadInputError("rois is empty; give at least one ROI")
        check_rois(rois, (2**63, 2**63))  # names only: the picture is not known here
        self._queue.put(("rois", (tuple(rois), drawn_in)))

    def wait(self, timeout_s: float = 60.0) -> bool:
        """Wait until all that has come is analysed; False when it takes longer."""
        done = threading.Event()
        self._queue.put(("mark", done))
        return wait_interruptibly(done, timeout_s)

    def close(self) -> None:
        """Analyse what has come, then end."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._queue.put(("close", None))
        self._thread.join(60.0)

    def _work(self) -> None:
        # Loading the compiled code takes a second or two: not in the first trial.
        prepare_kernel()
        prepare_registration()
        take_precedence()
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
                # What failed may be the publishing itself; this thread has to outlive it.
                with contextlib.suppress(Exception):
                    self._end("fail")

    def _handle(self, kind: str, item: Any) -> None:
        if kind == "rois":
            rois, drawn_in = item
            if self._run is not None:
                rois = self._run.use_rois(rois, drawn_in)
                if self._parameters is None:  # nothing is published yet of a run with found ROIs
                    self._derived = DerivedRun(self._publish, self._run.uid)
            self.options = replace(self.options, rois=rois)
        elif kind == "start":
            self._end("abort")
            if "trial" in item and "leds" in item:
                self._begin(item)
        elif self._run is None:
            return
        elif kind == "tap":
            self._run.take_event(*item)
        elif kind != "stop":
            self._run.take_document(kind, item)
        elif item["run_start"] == self._run.uid:
            self._run.finish(item["exit_status"])
            self._end(item["exit_status"])

    def _begin(self, start: dict[str, Any]) -> None:
        self._derived = DerivedRun(self._publish, start["uid"])
        self._run = LiveRun(
            start,
            self.options,
            self._camera,
            self._amplifier,
            self._tell_result,
            self._tell_partial,
            self._wanted_now,
        )

    def _end(self, exit_status: str) -> None:
        derived, self._run, self._derived, self._parameters = self._derived, None, None, None
        if derived is not None:
            derived.close(exit_status)

    def _wanted_now(self) -> bool:
        self._asking = [callback for callback, wanted in self._partials if wanted()]
        return bool(self._asking)

    def _tell_partial(self, partial: PartialTrial) -> None:
        for callback in self._asking:
            callback(partial)

    def _tell_result(self, trial: TrialDFF) -> None:
        if self._derived is not None:
            if self._parameters not in (None, trial.run_parameters):
                self._derived.close("success")
                self._derived = DerivedRun(self._publish, trial.run)
            self._parameters = trial.run_parameters
            reference = self._run.reference_trial if self._run else 0
            self._derived.add_trial(trial, reference)
        for callback in self._results:
            callback(trial)
