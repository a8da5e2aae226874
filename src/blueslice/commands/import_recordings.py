"""``blueslice import FILE...``: recorded files as runs of the catalogue."""

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from blueslice._exact_metadata import check_text, refuse_inexact_start
from blueslice.broker import CatalogueProcess, DataDirectory, WriteLock, install_profile
from blueslice.callbacks import Journal
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._import_analysis import derived_documents
from blueslice.commands._import_files import read_file
from blueslice.commands._imported_before import imported_before
from blueslice.commands._imported_run import Document, kept_or_removed
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._plain_console import plain_console
from blueslice.commands._recorded_file import RecordedFile
from blueslice.errors import BadInputError
from blueslice.recordings.import_description import ImportDescription, load_toml

__all__ = ["run"]

logger = logging.getLogger(__name__)

_MOST_NAMED = 5


def run(options: argparse.Namespace) -> None:
    """Import the files, each as a run; a file that cannot be imported does not stop the others.

    Raises
    ------
    BadInputError
        When a file cannot be used, or is imported already; of several files, after the others
        are imported and each that is not is named. When the description cannot be used.
    """
    description = ImportDescription()
    if options.description is not None:
        description = ImportDescription(**load_toml(options.description))
    directory = chosen_directory(options)
    console = plain_console(stderr=options.json)
    with one_line_logs():
        outcome = _import_all(options.files, description, directory, console)
    if outcome.refused and len(options.files) == 1:
        raise outcome.refused[0][1]
    if options.json:
        print(json.dumps(outcome.rows))  # noqa: T201
    else:
        for row in outcome.rows:
            told = f"{row['run'][:8]}  {row['taken_at']}  {row['file']}"
            console.print(told, soft_wrap=True)
    if outcome.refused:
        for _, error in outcome.refused:
            print(f"blueslice: {error}", file=sys.stderr)  # noqa: T201
        names = ", ".join(str(path) for path, _ in outcome.refused[:_MOST_NAMED])
        left_out = len(outcome.refused) - _MOST_NAMED
        more = f" and {left_out} more" if left_out > 0 else ""
        raise BadInputError(
            f"{len(outcome.refused)} of {len(options.files)} files could not be imported ({names}"
            f"{more}), for the reasons above; {len(outcome.rows)} are in the catalogue"
        )


@dataclass
class _Outcome:
    """What was imported, and what was not and why."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[tuple[Path, BadInputError]] = field(default_factory=list)


def _import_all(
    paths: Sequence[Path],
    description: ImportDescription,
    directory: DataDirectory,
    console: Console,
) -> _Outcome:
    outcome = _Outcome()
    # A file alone is read before the data directory is touched.
    only = _read(paths[0], description) if len(paths) == 1 else None
    with directory.lock_for_writing() as lock:
        journal = Journal(directory.journal)
        known = imported_before(directory.journal)
        seen: dict[str, Path] = {}
        runs: list[list[Document]] = []
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("importing", total=len(paths) + 1)
            try:
                for path in paths:
                    try:
                        file = only or _read(path, description)
                        _refuse_known(file, known, seen, directory)
                        of_file = _import(file, description, directory, journal)
                    except BadInputError as error:
                        outcome.refused.append((path, error))
                    else:
                        runs += of_file
                        outcome.rows.append(_row(file, of_file))
                    progress.advance(task)
            finally:
                # Also of a batch that a full disk ends: what was imported by then is whole.
                if runs:
                    _into_catalogue(directory, lock, runs)
    return outcome


def _read(path: Path, description: ImportDescription) -> RecordedFile:
    """Read a file and refuse one whose start document the catalogue would change."""
    # It stands in the run's start document.
    check_text("the name of the file", str(path))
    file = read_file(path, description)
    refuse_inexact_start(file.start)
    return file


def _refuse_known(
    file: RecordedFile, known: Mapping[str, str], seen: dict[str, Path], directory: DataDirectory
) -> None:
    """Refuse a file that is imported already, under whatever description.

    Raises
    ------
    BadInputError
        When it is, or comes twice in one command.
    """
    if file.content in seen:
        raise BadInputError(f"{file.path}: is the same file as {seen[file.content]}; name it once")
    if file.content in known:
        raise BadInputError(
            f"{file.path}: is in {directory} already, as run {known[file.content][:8]}, and "
            "would count twice there; leave it out, or import it into another --data-dir"
        )
    seen[file.content] = file.path


def _import(
    file: RecordedFile, description: ImportDescription, directory: DataDirectory, journal: Journal
) -> list[list[Document]]:
    """Write raw files and journals of one file; return the documents of its runs."""
    written: list[Path] = []
    with kept_or_removed(written):
        raw = file.documents(directory.raw, written)
        runs = [raw, _analysed(file, raw, description)]
        written.append(journal.path_of(file.start))
        try:
            for documents in runs:
                for name, doc in documents:
                    journal(name, doc)
        finally:
            journal.close()
    return [documents for documents in runs if documents]


def _analysed(
    file: RecordedFile, documents: Sequence[Document], description: ImportDescription
) -> list[Document]:
    try:
        return derived_documents(file, documents, description)
    except BadInputError as error:
        # As of a live run: the raw data are what counts, and dF/F can be computed again.
        logger.warning("%s: has no dF/F (%s); it is imported all the same", file.path, error)
        return []


def _into_catalogue(
    directory: DataDirectory, lock: WriteLock, runs: Sequence[Sequence[Document]]
) -> None:
    process = CatalogueProcess(directory, lock).start()
    try:
        if directory.is_default:
            install_profile(directory)
        writer = process.writer()
        for documents in runs:
            for name, doc in documents:
                writer(name, doc)
        writer.wait(60.0 + 5.0 * len(runs))
    finally:
        process.close()


def _row(file: RecordedFile, runs: Sequence[Sequence[Document]]) -> dict[str, Any]:
    starts = [documents[0][1] for documents in runs]
    derived = [start["uid"] for start in starts if start.get("raw_run") == file.uid]
    return {
        "file": str(file.path),
        "run": file.uid,
        "taken_at": file.taken_at.isoformat(" ", "seconds"),
        "derived_run": derived[0] if derived else None,
    }
