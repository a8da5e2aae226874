"""The files of the journals: found, read, and completed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from blueslice._on_disk import make_folder, sync_folder, sync_open_file
from blueslice._replace_file import replace_file
from blueslice.callbacks._journal_lines import Document, JournalDamage, read_lines, to_line
from blueslice.errors import StorageError

__all__ = [
    "UNFINISHED",
    "JournalDamage",
    "find_journals",
    "read_damaged_journal",
    "read_journal",
    "supplement_of",
    "unwritable",
    "write_documents",
]

UNFINISHED = ".unfinished"
"""What the name of a file ends with that `write_documents` was about to rename when it ended."""


def read_journal(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the documents of a journal, in the order they were written.

    Those that ``blueslice recover`` has added beside it (see `supplement_of`) follow.

    Parameters
    ----------
    path : Path
        A file written by `Journal`, or a backup written by the catalogue writer.

    Yields
    ------
    name : str
        ``start``, ``descriptor``, ``event`` and so on.
    doc : dict
        The document.

    Raises
    ------
    StorageError
        When the file cannot be read, or a line before the last is not as it was written. A last
        line without its end, as a kill leaves it, is passed over. Where ``blueslice recover`` has
        dealt with the damage, the intact lines are given, without those whose descriptor is lost.
    """
    path = Path(path)
    if supplement_of(path).exists():
        yield from read_damaged_journal(path)[0]
        return
    for one in _lines_of(path):
        if isinstance(one, JournalDamage):
            raise StorageError(
                f"journal {one.path}: line {one.line} is damaged: {one.reason}; restore the file "
                "from a copy, or run 'blueslice recover', which uses what is intact"
            )
        yield one


def read_damaged_journal(path: Path) -> tuple[list[Document], list[JournalDamage]]:
    """Return what is intact of a journal, with what was added to it, and what is not.

    Raises
    ------
    StorageError
        When a file cannot be read.
    """
    documents: list[Document] = []
    damage: list[JournalDamage] = []
    supplement = supplement_of(path)
    for file in [path, supplement] if supplement.exists() else [path]:
        for one in _lines_of(file):
            if isinstance(one, JournalDamage):
                damage.append(one)
            else:
                documents.append(one)
    # What was added belongs to the run, which ends with its stop document.
    documents.sort(key=lambda document: document[0] == "stop")
    return (_explained(documents) if damage else documents), damage


def _lines_of(path: Path) -> Iterator[Document | JournalDamage]:
    try:
        yield from read_lines(path)
    except OSError as error:
        raise StorageError(
            f"journal {path} cannot be read ({error.strerror or error}); check the path"
        ) from error


def _explained(documents: list[Document]) -> list[Document]:
    """Leave out what refers to a document that is lost."""
    known: set[str] = set()
    kept: list[Document] = []
    for name, doc in documents:
        refers_to = {doc[key] for key in ("descriptor", "stream_resource") if key in doc}
        if name != "start":
            refers_to |= {doc["run_start"]} if "run_start" in doc else set()
        if refers_to <= known:
            known.add(doc.get("uid", ""))
            kept.append((name, doc))
    return kept


def find_journals(directory: Path) -> list[Path]:
    """Return the journals below a folder, oldest first.

    Parameters
    ----------
    directory : Path
        The folder given to `Journal`; one that does not exist holds no journal.
    """
    return sorted(Path(directory).glob("*/*/*/*.jsonl"))


def supplement_of(path: Path) -> Path:
    """Return where the documents are that ``blueslice recover`` adds to a journal.

    Parameters
    ----------
    path : Path
        The journal, ``HHMMSS-<uid8>.jsonl``; beside it is ``HHMMSS-<uid8>.jsonl.recovered``.
    """
    return Path(path).with_name(f"{Path(path).name}.recovered")


def write_documents(path: Path, documents: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write a journal, or the supplement of one, as a whole: afterwards it is there, or not at all.

    Parameters
    ----------
    path : Path
        A new file; its folder is made.
    documents : iterable of (name, document)
        What it holds.

    Raises
    ------
    StorageError
        When it cannot be written.
    BadInputError
        When a document holds a value that JSON cannot keep exactly.
    """
    lines = "".join(to_line(name, doc) for name, doc in documents)
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        make_folder(path.parent)
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(lines)
            file.flush()
            sync_open_file(file.fileno())
        replace_file(unfinished, path)
        sync_folder(path.parent)
    except StorageError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StorageError:
    """Make the error of a journal that the disk does not take."""
    return StorageError(
        f"journal {path} cannot be written ({error.strerror or error}); "
        "free disk space or choose another data directory, then start the run anew"
    )
