"""``blueslice runs``: what is in the catalogue."""

import argparse
import json
import warnings
from typing import Any

from rich.table import Table

from blueslice._lab_time import UTC_OFFSET, lab_time
from blueslice.broker import open_catalogue
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._plain_console import plain_console
from blueslice.errors import BadInputError

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """List the newest runs, the newest last.

    Raises
    ------
    BadInputError
        When less than one run is asked for.
    """
    if options.n < 1:
        raise BadInputError(f"-n = {options.n}: give how many runs to list, at least 1")
    with warnings.catch_warnings():
        # Of what Tiled imports; a person who lists runs can do nothing about it.
        warnings.simplefilter("ignore")
        catalogue = open_catalogue(chosen_directory(options)).v3
    first = max(0, len(catalogue) - options.n)
    rows = [_row(run) for run in catalogue.values()[first:]]
    if options.json:
        print(json.dumps(rows))  # noqa: T201
        return
    table = Table()
    for heading in ("uid", "time", "what", "rig", "trials", "ended"):
        table.add_column(heading)
    for row in rows:
        began = lab_time(row)
        taken_at = f"{began:%Y-%m-%d %H:%M:%S}" if began else f"no date ({row['time']})"
        table.add_row(row["uid"][:8], taken_at, row["what"], row["rig"], _trials(row), _ended(row))
    plain_console().print(table)


def _trials(row: dict[str, Any]) -> str:
    """Say how many trials a run has, and of how many when that is fewer than planned."""
    done, planned = row["completed_trials"], row["trials"]
    if done is None:
        return "" if planned is None else f"of {planned}"
    return str(done) if planned in (None, done) else f"{done} of {planned}"


def _ended(row: dict[str, Any]) -> str:
    """Say how a run ended; bluesky calls one that was stopped a success, and so would nobody."""
    if row["reason"].startswith("stopped"):
        return "stopped"
    return row["exit_status"] or "still open"


def _row(run: Any) -> dict[str, Any]:
    start, stop = run.metadata["start"], run.metadata.get("stop") or {}
    raw, counts = start.get("raw_run", ""), stop.get("num_events") or {}
    return {
        "uid": start["uid"],
        "time": start["time"],
        UTC_OFFSET: start.get(UTC_OFFSET),
        "what": f"dF/F of {raw[:8]}" if raw else start.get("plan_name", ""),
        "rig": start.get("rig", ""),
        "trials": start.get("trials"),
        "completed_trials": counts.get("dff" if raw else "primary"),
        "exit_status": stop.get("exit_status"),
        "reason": stop.get("reason") or "",
    }
