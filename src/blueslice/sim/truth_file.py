"""The truth of a simulated run, trial by trial, in a file of its own beside the run's others.

JSON lines, one a trial: a line is added whole, so a process that dies costs at most the trial
in hand, where it may leave an HDF5 file unreadable; releases differ in number from spine to
spine; and a student opens it with anything. It is written by the rig and read by tests and
people, never by the analysis.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ophyd_async.core import PathInfo, PathProvider

from blueslice.errors import StorageError

__all__ = ["TruthFile", "read_truth", "truth_path"]

logger = logging.getLogger(__name__)


def truth_path(raw_file: Path) -> Path:
    """Return where the truth of a run is whose camera wrote this file.

    Parameters
    ----------
    raw_file : pathlib.Path
        ``.../141503-1f3a9c2e-camera.h5``; its truth is ``.../141503-1f3a9c2e-truth.jsonl``.
    """
    return raw_file.with_name(f"{raw_file.stem.rpartition('-')[0]}-truth.jsonl")


def read_truth(path: Path) -> tuple[dict[str, Any], ...]:
    """Read what really happened in a simulated run.

    Parameters
    ----------
    path : pathlib.Path
        The file, see `truth_path`.

    Returns
    -------
    tuple of dict
        One for each trial in the order of their numbers: ``trial`` (1 for the first),
        ``started_s`` (of the experiment), ``faults`` that struck, and what
        `TrialTruth.to_document` says. Of a trial that was taken again, the last. A line that
        was cut off is left out.

    Raises
    ------
    StorageError
        When the file cannot be read, or is of another kind.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is not text in UTF-8"
        raise StorageError(
            f"the truth of a simulated run cannot be read from {path} ({reason}); it is the file "
            "...-truth.jsonl beside the run's ...-camera.h5"
        ) from None
    trials: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            document = json.loads(line)
            trials[document["trial"]] = document
        except (ValueError, TypeError, KeyError):
            if number == len(lines) and not line.endswith("\n"):
                break
            raise StorageError(
                f"{path}, line {number}: this is no trial of a simulated run; give the file "
                "...-truth.jsonl that the rig has written"
            ) from None
    return tuple(trials[number] for number in sorted(trials))


class TruthFile:
    """Writes the truth of the runs of one rig."""

    def __init__(self) -> None:
        self._path: Path | None = None

    def beside(self, paths: PathProvider) -> PathProvider:
        """Return these paths, and take what they give as the beginning of a run.

        Parameters
        ----------
        paths : ophyd_async.core.PathProvider
            Gives the camera's file of each run.
        """

        def give(datakey_name: str | None = None) -> PathInfo:
            info = paths(datakey_name)
            self._path = truth_path(Path(info.directory_path) / f"{info.filename}.h5")
            return info

        return give

    def add(self, trial: int, document: Mapping[str, Any]) -> None:
        """Add a trial, 1 for the first of the run; without a run there is nothing to do.

        A truth that cannot be kept costs no trial: it is only logged.
        """
        if self._path is None:
            return
        line = json.dumps({"trial": trial, **document}, separators=(",", ":"))
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            logger.warning(
                "the simulated truth of trial %d cannot be written (%s); the trial is not touched",
                trial,
                error.strerror or error,
            )
