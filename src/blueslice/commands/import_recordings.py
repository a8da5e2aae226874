"""``blueslice import FILE...``: recorded files as runs of the catalogue."""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from blueslice._exact_metadata import check_text, refuse_inexact_start
from blueslice.broker import CatalogueProcess, DataDirectory, WriteLock, install_profile
from blueslice.callbacks import Journal
from blueslice.commands._import_analysis import derived_documents
from blueslice.commands._import_files import read_file
from blueslice.commands._imported_run import Document, kept_or_removed
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._protocol_run import chosen_directory
from blueslice.commands._recorded_file import RecordedFile
from blueslice.errors import BadInputError
from blueslice.recordings.import_description import ImportDescription, load_toml

__all__ = ["run"]

logger = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> None:
    """Import the files, each as a run; all are read before the first is written.

    Raises
    ------
    BadInputError
        When a file or the description cannot be used, or a file is imported already.
    """
    description = ImportDescription()
    if options.description is not None:
        description = ImportDescription(**load_toml(options.description))
    directory = chosen_directory(options)
    console = Console(stderr=options.json)
    for path in options.files:
        # It stands in the run's start document.
        check_text("the name of the file", str(path))
    with one_line_logs():
        files = [read_file(path, description) for path in options.files]
        for file in files:
            refuse_inexact_start(file.start)
        with directory.lock_for_writing() as lock:
            journal = Journal(directory.journal)
            _refuse_known(files, journal)
            with Progress(
                console=console, transient=True, disable=not console.is_terminal
            ) as progress:
                task = progress.add_task("importing", total=len(files) + 1)
                runs: list[list[Document]] = []
                for file in files:
                    runs += _import(file, description, directory, journal)
                    progress.advance(task)
                _into_catalogue(directory, lock, runs)
    rows = [_row(file, runs) for file in files]
    if options.json:
        print(json.dumps(rows))  # noqa: T201
        return
    for row in rows:
        told = f"{row['run'][:8]}  {row['taken_at']}  {row['file']}"
        console.print(told, highlight=False, soft_wrap=True)


def _refuse_known(files: Sequence[RecordedFile], journal: Journal) -> None:
    seen: dict[str, Path] = {}
    for file in files:
        if journal.path_of(file.start).exists():
            raise BadInputError(
                f"{file.path}: is in {journal.directory.parent} already, as run {file.uid[:8]}; "
                "leave it out, or give another --description"
            )
        if file.uid in seen:
            raise BadInputError(f"{file.path}: is the same file as {seen[file.uid]}; name it once")
        seen[file.uid] = file.path


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
