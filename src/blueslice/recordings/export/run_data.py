"""One run of the catalogue as plain data, for whoever writes it into another format."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.clamp import UNKNOWN_CLAMP
from blueslice.errors import BadInputError, StorageError
from blueslice.recordings.export._catalogue_arrays import LazyArray, read_columns, stream_arrays
from blueslice.recordings.export._noted_bath import note_bath
from blueslice.recordings.export._noted_trials import note_all_trials
from blueslice.trial import Trial

__all__ = ["Derived", "LazyArray", "Progress", "RunData", "no_progress", "open_run_data"]

Progress = Callable[[int, int], None]
"""Is told how many steps of how many are done."""


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Derived:
    """The dF/F of a run.

    Attributes
    ----------
    start : mapping
        The derived run's start document, with all parameters of the analysis.
    columns : mapping of str to ndarray
        Of stream ``dff``, first axis event.
    """

    start: Mapping[str, Any]
    columns: Mapping[str, npt.NDArray[Any]] = field(repr=False)

    def event_of_trial(self, number: int) -> int | None:
        """Return the place of a trial (1 for the first) among the events; None without one."""
        found = np.flatnonzero(self.columns["trial"] == number)
        return int(found[-1]) if len(found) else None


@dataclass(frozen=True, eq=False)
class RunData:
    """A run as plain data; its arrays can be read as long as `open_run_data` is open.

    Attributes
    ----------
    start, stop : mapping
        Documents; `stop` is empty for a run that is open.
    arrays : mapping of str to LazyArray
        Of stream ``primary``, by data key, first axis trial.
    original : mapping of str to LazyArray
        Of stream ``original``: what an imported file held, exactly. Else empty.
    trials : mapping of str to ndarray
        Columns of stream ``trials``, such as ``trial-phase``, and ``time`` in s since 1970, of
        all recorded trials (`note_all_trials`).
    configuration : mapping
        Of the devices, by data key.
    derived : Derived or None
        The newest dF/F of the run.
    annotations : mapping of str to ndarray
        Columns of stream ``annotations``: what was noted during an imported recording, and when,
        as ``annotation-time_s`` after the run's start; else empty.
    """

    start: Mapping[str, Any]
    stop: Mapping[str, Any]
    arrays: Mapping[str, LazyArray] = field(repr=False)
    original: Mapping[str, LazyArray] = field(repr=False)
    trials: Mapping[str, npt.NDArray[Any]] = field(repr=False)
    configuration: Mapping[str, Any] = field(repr=False)
    derived: Derived | None = field(repr=False)
    annotations: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict, repr=False)

    @property
    def uid(self) -> str:
        """The run's uid."""
        return self.start["uid"]

    @property
    def trial(self) -> Trial:
        """What the trials were planned to be."""
        return Trial.from_document(self.start["trial"])

    @property
    def trial_count(self) -> int:
        """Trials that are recorded; those broken off do not count."""
        return _recorded(self.arrays)

    @property
    def sample_rate_Hz(self) -> float:
        """Samples per second of the electrical lines."""
        return float(self.configuration["amplifier-sample_rate_Hz"])

    @property
    def leds(self) -> dict[int, Mapping[str, Any]]:
        """By LED number what it excites: indicator, ion, channel, wavelength; empty for none."""
        return {int(name[-1]): led for name, led in self.start.get("leds", {}).items()}

    @property
    def has_frames(self) -> bool:
        """Whether there are pictures."""
        return "camera" in self.arrays

    def clamp(self, k: int) -> str:
        """Return what the amplifier held in a trial: ``current``, ``voltage`` or ``unknown``."""
        of_run = str(self.configuration.get("amplifier-clamp", UNKNOWN_CLAMP))
        # Empty in a trial that no event tells of.
        return str(self.column("amplifier-clamp", of_run)[k]) or of_run

    def samples_of(self, k: int) -> int | None:
        """Return how many samples of a trial were recorded, where that differs among them.

        Sweeps of an imported file may be of unequal length; NaN follows those that are shorter.
        """
        counts = self.start.get("recording", {}).get("sample_counts", ())
        return int(counts[k]) if len(set(counts)) > 1 else None

    def trial_starts_s(self) -> npt.NDArray[np.float64]:
        """Return the start of each trial after the run's, in s: float64 (trials,).

        The distances between trials are those of the experiment's clock, read after each trial;
        where there is none, those of the events. Either is as exact as the time that the
        instruments take to say that they are done; times within a trial are exact.
        """
        count, duration_s = self.trial_count, self.trial.duration_s
        ended_s = self.trials["time"][:count] - float(self.start["time"])
        experiment_s = self.trials.get("rest-experiment_time_s")
        if experiment_s is not None and count:
            # An imported run begins with the recording's clock; of a time since 1970 the last
            # digits of a sweep's start would be lost.
            first_s = experiment_s[0] if "recording" in self.start else ended_s[0]
            ended_s = first_s + (experiment_s[:count] - experiment_s[0])
        starts_s = ended_s - duration_s
        # A simulated trial may be over sooner than it is long.
        return np.asarray(starts_s - min(0.0, *starts_s.tolist()) if count else starts_s)

    def column(self, name: str, default: Any) -> npt.NDArray[Any]:
        """Return a column of the trials, as long as there are trials."""
        values = self.trials.get(name)
        count = self.trial_count
        return np.full(count, default) if values is None else values[:count]


def _recorded(arrays: Mapping[str, LazyArray]) -> int:
    """Return how many trials every recording has."""
    return min((array.shape[0] for array in arrays.values()), default=0)


@contextmanager
def open_run_data(catalogue: Any, uid: str) -> Iterator[RunData]:
    """Open a run of a catalogue.

    Parameters
    ----------
    catalogue : CatalogOfBlueskyRuns
        The ``v3`` interface of a catalogue.
    uid : str
        The run's.

    Yields
    ------
    RunData
        Arrays whose files are on this computer are read from them, others from the server.

    Raises
    ------
    BadInputError
        When the run holds no trials, such as a derived run, or is still being recorded.
    StorageError
        When the catalogue does not have the whole run.
    """
    run = catalogue[uid]
    start = dict(run.metadata["start"])
    if "raw_run" in start:
        raw = start["raw_run"][:8]
        raise BadInputError(
            f"run {uid[:8]} is the dF/F of {raw}: export that, which takes it along"
        )
    streams = set(run)
    if "primary" not in streams or "trial" not in start:
        raise BadInputError(f"run {uid[:8]} holds no trials; choose another run")
    with ExitStack() as closing:
        primary = run["primary"]
        arrays = stream_arrays(primary, closing)
        stop = dict(run.metadata.get("stop") or {})
        described = f"run {uid[:8]}"
        _refuse_unended(described, stop)
        _refuse_incomplete(described, stop, primary, {k: v.shape[0] for k, v in arrays.items()})
        if not _recorded(arrays):
            raise BadInputError(f"{described} has no trial that was recorded; choose another run")
        tables = {
            name: _complete_columns(described, stop, run[name])
            for name in ("trials", "annotations")
            if name in streams
        }
        noted = tables.get("trials", {})
        yield RunData(
            start=start,
            stop=stop,
            arrays=arrays,
            original=stream_arrays(run["original"], closing) if "original" in streams else {},
            trials=note_bath(note_all_trials(noted, start, arrays, _recorded(arrays))),
            configuration={
                name: value
                for device in primary.metadata["configuration"].values()
                for name, value in device["data"].items()
            },
            derived=_newest_derived(catalogue, start["uid"]),
            annotations=tables.get("annotations", {}),
        )


def _refuse_unended(described: str, stop: Mapping[str, Any]) -> None:
    if not stop:
        raise BadInputError(
            f"{described} has no end in the catalogue: it is being recorded, or its session was "
            "killed; wait until it has ended, or run 'blueslice recover', then try again"
        )


def _refuse_incomplete(
    described: str, stop: Mapping[str, Any], stream: Any, lengths: Mapping[str, int]
) -> None:
    """Refuse a stream of which the catalogue has not all that was recorded."""
    name = stream.item["id"]
    recorded = min(lengths.values(), default=0)
    counted = int((stop.get("num_events") or {}).get(name, recorded))
    absent = [key for key in stream.metadata["data_keys"] if key not in lengths]
    if counted and (absent or recorded < counted):
        events = "trials" if name == "primary" else f"events of stream {name}"
        lacks = f"lacks {', '.join(absent)}" if absent else f"has {recorded} of {counted} {events}"
        raise StorageError(
            f"{described} is incomplete, the catalogue {lacks}; run 'blueslice recover', then try "
            "again"
        )


def _complete_columns(
    described: str, stop: Mapping[str, Any], stream: Any
) -> dict[str, npt.NDArray[Any]]:
    columns = read_columns(stream)
    _refuse_incomplete(described, stop, stream, {k: len(v) for k, v in columns.items()})
    return columns


def _newest_derived(catalogue: Any, uid: str) -> Derived | None:
    from tiled.queries import Key

    found = [run for run in catalogue.search(Key("start.raw_run") == uid).values() if "dff" in run]
    if not found:
        return None
    newest = max(found, key=lambda run: run.metadata["start"]["time"])
    start, stop = dict(newest.metadata["start"]), dict(newest.metadata.get("stop") or {})
    described = f"the dF/F of run {uid[:8]} (run {start['uid'][:8]})"
    _refuse_unended(described, stop)
    columns = _complete_columns(described, stop, newest["dff"])
    return Derived(start, columns) if columns else None
