"""What the callbacks that keep documents share: streams left out, whose run it is, plain values."""

from collections.abc import Collection
from typing import Any

import numpy as np

from blueslice.errors import BadInputError

__all__ = ["RunIndex", "StreamFilter", "to_plain"]


class StreamFilter:
    """Drop the documents of named streams, for example those only live viewers want.

    Parameters
    ----------
    exclude_streams : collection of str
        Names of the streams to drop, in every run.
    """

    def __init__(self, exclude_streams: Collection[str]) -> None:
        if isinstance(exclude_streams, str):
            raise BadInputError(
                f"exclude_streams = {exclude_streams!r}: give a list of stream names, "
                f"for example [{exclude_streams!r}]"
            )
        self._excluded = frozenset(exclude_streams)
        self._dropped_descriptors: dict[str, str] = {}  # descriptor uid -> run uid

    def __call__(self, name: str, doc: dict[str, Any]) -> dict[str, Any] | None:
        """Return the document to keep, or None when it belongs to a stream left out.

        The stop document is returned without the event counts of those streams, so that what
        is kept agrees with itself.
        """
        if not self._excluded:
            return doc
        if name == "descriptor" and doc["name"] in self._excluded:
            self._dropped_descriptors[doc["uid"]] = doc["run_start"]
            return None
        if doc.get("descriptor") in self._dropped_descriptors:
            return None
        if name == "stop":
            run = doc["run_start"]
            self._dropped_descriptors = {
                uid: of_run for uid, of_run in self._dropped_descriptors.items() if of_run != run
            }
            counts = doc.get("num_events") or {}
            kept = {stream: n for stream, n in counts.items() if stream not in self._excluded}
            return {**doc, "num_events": kept}
        return doc


class RunIndex:
    """Tell which run a document belongs to, from the documents seen before it."""

    def __init__(self) -> None:
        self._run_of: dict[str, str] = {}  # uid of a descriptor or resource -> run uid

    def find(self, name: str, doc: dict[str, Any]) -> str | None:
        """Return the uid of the document's run, or None where nothing told it yet."""
        if name == "start":
            return doc["uid"]
        run = doc.get("run_start") or self._run_of.get(
            doc.get("descriptor") or doc.get("resource") or ""
        )
        if run and name in ("descriptor", "resource", "stream_resource"):
            self._run_of[doc["uid"]] = run
        return run

    def forget(self, run: str) -> None:
        """Drop what is known of a run that has stopped."""
        self._run_of = {uid: of_run for uid, of_run in self._run_of.items() if of_run != run}


def to_plain(value: Any) -> Any:
    """Copy a value into what JSON can hold, without changing a number.

    Parameters
    ----------
    value : object
        A document or part of one. NumPy arrays become nested lists and NumPy numbers the Python
        number of the same value (every float32 is exactly a Python float).

    Raises
    ------
    BadInputError
        For what JSON has no exact form for: bytes, complex numbers, times, long doubles.
    """
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    kind = type(value).__name__
    # Before the plain types: numpy.float64 is a float, numpy.str_ a str.
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "biuU" or value.dtype.str[1:] in ("f2", "f4", "f8"):
            return value.tolist()
        if value.dtype.kind == "O":
            return to_plain(value.tolist())
        kind = f"{kind} of {value.dtype}"
    elif value is None or isinstance(value, str | int | float):
        return value
    raise BadInputError(
        f"a document holds a {kind}, which JSON cannot keep exactly; "
        "give numbers, text, lists or arrays of real numbers"
    )
