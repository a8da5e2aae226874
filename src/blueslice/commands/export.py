"""``blueslice export RUN --format ...``: runs in the formats of others."""

import argparse
import json
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.progress import Progress

from blueslice.broker import open_catalogue
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._named_run import named_run
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._plain_console import plain_console
from blueslice.errors import BadInputError
from blueslice.recordings.export import NwbMetadata, export_run
from blueslice.recordings.import_description import load_toml

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Export the runs that are named or found.

    Raises
    ------
    BadInputError
        When no run is, or one cannot be written in this format.
    """
    if options.metadata is not None and options.format != "nwb":
        raise BadInputError(f"--metadata is for nwb, not for {options.format}; leave it out")
    metadata = NwbMetadata(**load_toml(options.metadata)) if options.metadata else NwbMetadata()
    searched = any((options.cell, options.since, options.plan))
    if bool(options.uid) == searched:
        raise BadInputError("name runs by their uid, or search by --cell, --since or --plan")
    with warnings.catch_warnings(), one_line_logs():
        # Of what Tiled imports; a person who exports can do nothing about it.
        warnings.simplefilter("ignore")
        catalogue = open_catalogue(chosen_directory(options)).v3
        starts = _search(catalogue, options) if searched else _named(catalogue, options.uid)
        console = plain_console(stderr=options.json)
        written: list[tuple[dict[str, Any], Path]] = []
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            every = progress.add_task(f"{len(starts)} runs", total=len(starts))
            for start in starts:
                one = progress.add_task(start["uid"][:8], total=None)

                def told(done: int, total: int, task: Any = one) -> None:
                    progress.update(task, completed=done, total=total)

                path = export_run(
                    catalogue, start["uid"], options.format, options.out, told, metadata
                )
                written.append((start, path))
                if not options.json:
                    # At once: a list of the last hour's files at its end is no progress.
                    console.print(str(path), soft_wrap=True)
                progress.remove_task(one)
                progress.advance(every)
    if options.json:
        rows = [{"run": start["uid"], "file": str(path.absolute())} for start, path in written]
        print(json.dumps(rows))  # noqa: T201
    if options.format == "nwb":
        _tell_unknown(metadata, [start for start, _ in written])


def _tell_unknown(metadata: NwbMetadata, starts: list[dict[str, Any]]) -> None:
    missing = {name for start in starts for name in metadata.of_run(start).unknown()}
    if missing:
        plain_console(stderr=True).print(
            f"blueslice: written as unknown: {', '.join(sorted(missing))}; "
            "tell them with --metadata FILE",
            soft_wrap=True,
        )


def _named(catalogue: Any, uids: list[str]) -> list[dict[str, Any]]:
    """Return the start documents of the runs that are meant, each once."""
    starts = [named_run(catalogue, uid) for uid in uids]
    return list({start["uid"]: start for start in starts}.values())


def _raw_starts(catalogue: Any) -> list[dict[str, Any]]:
    starts = [dict(run.metadata["start"]) for run in catalogue.values()]
    return sorted((s for s in starts if "raw_run" not in s), key=lambda start: start["time"])


def _search(catalogue: Any, options: argparse.Namespace) -> list[dict[str, Any]]:
    from tiled.queries import Key

    told: list[str] = []
    for name, value in (("cell", options.cell), ("plan_name", options.plan)):
        if value:
            catalogue = catalogue.search(Key(f"start.{name}") == value)
            told.append(f"{name} {value!r}")
    if options.since:
        try:
            since = datetime.fromisoformat(options.since)
        except ValueError:
            raise BadInputError(
                f"--since {options.since}: give a date as 2026-11-23, or 2026-11-23T14:00"
            ) from None
        catalogue = catalogue.search(Key("start.time") >= since.timestamp())
        told.append(f"since {since}")
    starts = _raw_starts(catalogue)
    if not starts:
        raise BadInputError(f"no run has {' and '.join(told)}; 'blueslice runs' lists them")
    return starts
