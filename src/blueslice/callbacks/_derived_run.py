"""The documents of a derived run: dF/F of a raw run's trials, with all that it takes to redo it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from event_model import compose_run

from blueslice._lab_time import UTC_OFFSET, utc_offset_s
from blueslice.analysis import IonTrace
from blueslice.callbacks._live_results import TrialDFF

__all__ = ["DerivedRun", "Publish"]

Publish = Callable[[str, dict[str, Any]], None]


class DerivedRun:
    """Publishes one event per trial in the stream ``dff``; the start goes out with the first.

    Parameters
    ----------
    publish : callable of (name, document)
        Gets the documents.
    raw_run : str
        uid of the run that the trials belong to.
    """

    def __init__(self, publish: Publish, raw_run: str) -> None:
        self._publish = publish
        self._raw_run = raw_run
        self._bundle: Any = None
        self._compose_event: Callable[..., Any] | None = None

    def add_trial(self, trial: TrialDFF, reference_trial: int) -> None:
        """Publish a trial's dF/F.

        Parameters
        ----------
        trial : TrialDFF
            The analysis.
        reference_trial : int
            The trial that the others are placed against, in which the ROIs were drawn.
        """
        result, parameters = trial.result, trial.run_parameters
        counts = parameters.sample_counts(result.frame_map.frame_count)
        traces = [t.fit_to(max(n, 1)) for t, n in zip(result.traces, counts, strict=True)]
        compose_event = self._compose_event or self._open(trial, traces, reference_trial)
        data: dict[str, Any] = {
            "trial": trial.trial,
            "shift": [trial.shift.y_px, trial.shift.x_px],
        }
        notes = list(result.reasons)
        for trace in traces:
            data[trace.ion] = trace.dff
            data[f"{trace.ion}_time"] = trace.time_s
            data[f"{trace.ion}_damaged"] = int(trace.damaged.any(axis=0).sum())
            data[f"{trace.ion}_saturated"] = trace.saturated.sum(axis=1)
            if trace.reason:
                notes.append(f"{trace.ion}: {trace.reason}")
        data["note"] = "; ".join(notes)
        event = compose_event(data=data, timestamps=dict.fromkeys(data, 0.0))
        event["timestamps"] = dict.fromkeys(data, event["time"])
        self._publish("event", event)

    def _open(
        self, trial: TrialDFF, traces: Sequence[IonTrace], reference_trial: int
    ) -> Callable[..., Any]:
        computed_at = datetime.now().astimezone()
        metadata = {
            "purpose": "dff",
            "raw_run": self._raw_run,
            "blueslice_version": version("blueslice"),
            "roi_found": trial.roi_found,
            "roi_found_on": trial.roi_found_on,
            "reference_trial": reference_trial,
            UTC_OFFSET: utc_offset_s(computed_at),
            **trial.run_parameters.to_document(),
        }
        self._bundle = compose_run(time=computed_at.timestamp(), metadata=metadata)
        self._publish("start", self._bundle.start_doc)
        source = f"blueslice analysis of {self._raw_run}"
        keys: dict[str, Any] = {"trial": {"source": source, "dtype": "integer", "shape": []}}
        keys["shift"] = {
            "source": source,
            "dtype": "array",
            "dtype_numpy": "<f8",
            "shape": [2],
            "dims": ["direction"],
            "units": "pixel",
        }
        for trace in traces:
            array = {"source": source, "dtype": "array", "dtype_numpy": "<f8"}
            keys[trace.ion] = {**array, "shape": list(trace.dff.shape), "dims": ["roi", "sample"]}
            shape = list(trace.time_s.shape)
            keys[f"{trace.ion}_time"] = {**array, "shape": shape, "units": "s"}
            keys[f"{trace.ion}_damaged"] = {"source": source, "dtype": "integer", "shape": []}
            rois = [len(trace.dff)]
            counts = {**array, "dtype_numpy": "<i8"}
            keys[f"{trace.ion}_saturated"] = {**counts, "shape": rois, "dims": ["roi"]}
        keys["note"] = {"source": source, "dtype": "string", "shape": []}
        descriptor = self._bundle.compose_descriptor(name="dff", data_keys=keys)
        self._publish("descriptor", descriptor.descriptor_doc)
        self._compose_event = descriptor.compose_event
        return descriptor.compose_event

    def close(self, exit_status: str) -> None:
        """Publish the stop, if anything was published."""
        if self._bundle is not None:
            self._publish("stop", self._bundle.compose_stop(exit_status=exit_status))
            self._bundle = None
