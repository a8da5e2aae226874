"""Whether a lost trial is reported: by `recover`, or in the stop document of its run."""

import json
from collections.abc import Mapping
from typing import Any

from benchmarks._power_readers import FoundRun

__all__ = ["is_reported"]

# What is there for intact runs, too. Any other text or list, such as a problem, reports a loss.
_QUIET = {
    "uid", "journal", "what", "added_trials", "without_entry", "torn_trial", "dff_trials",
    "catalogue", "blueslice_version", "light_s",
}  # fmt: skip
_QUIET_REPORT = {"runs", "unnamed_files", "dry_run"}


def is_reported(report: Any, runs: Mapping[str, FoundRun], told: Mapping[str, Any]) -> bool:
    """Return whether a report or a stop document says that a trial is lost, or its run damaged."""
    name = told["run"][:8]
    document = report.to_document()
    of_run = [one for one in document["runs"] if one["uid"] == told["run"]]
    of_run += [one for one in document["runs"] if not one["uid"] and name in one["journal"]]
    mark = runs[told["run"]].stop.get("recovered") if told["run"] in runs else None
    for one in (*of_run, mark or {}):
        torn = one.get("torn_trial")
        if torn and torn["number"] == told["number"]:
            return True
        said = [value for key, value in one.items() if key not in _QUIET]
        if any(value for value in said if isinstance(value, str | list | dict)):
            return True
        readable = one.get("readable_trials")
        if readable is not None and readable < one["trials"]:
            return True
    if not of_run and document["unnamed_files"]:
        return True
    return any(name in json.dumps(document[key]) for key in set(document) - _QUIET_REPORT)
