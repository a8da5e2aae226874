"""An index of the light of all journals, so that none has to be read twice."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["IndexedRun", "JournalIndex"]

# A change of what is stored, or of how a journal is read, makes a new index.
_VERSION = 1
_TABLE = """CREATE TABLE journals (
    path TEXT PRIMARY KEY, state TEXT NOT NULL, exposure TEXT, problem TEXT NOT NULL)"""
_BUSY_S = 10.0


@dataclass(frozen=True)
class IndexedRun:
    """What the index has of a journal.

    Attributes
    ----------
    path : Path
        The journal.
    exposure : mapping or None
        What was read of it; None of a run that lit no cell.
    problem : str
        Why it could not be read; empty when it could.
    """

    path: Path
    exposure: Mapping[str, Any] | None
    problem: str


class JournalIndex:
    """Reads each journal once, and again when its size or time has changed.

    It is kept in ``index.db`` beside the folder of the journals. It can be deleted at any time and
    is then made anew; where it cannot be written, it is made in memory.

    Parameters
    ----------
    journals : Path
        The folder of the journals.
    read : callable of (Path)
        Reads a journal: returns what is to be kept of it, and why it could not be read.
    """

    def __init__(
        self,
        journals: Path,
        read: Callable[[Path], tuple[Mapping[str, Any] | None, str]],
    ) -> None:
        self._journals = journals
        self._read = read
        self._file = journals.parent / "index.db"

    def runs(self) -> list[IndexedRun]:
        """Return what is known of every journal, the oldest first."""
        states = dict(sorted(_states(self._journals)))
        if not states:
            return []
        for place in (str(self._file), str(self._file), ":memory:"):
            try:
                with contextlib.closing(sqlite3.connect(place, timeout=_BUSY_S)) as connection:
                    return self._refreshed(connection, states)
            except sqlite3.DatabaseError as error:
                # Damaged: made anew. Not writable, or in use for too long: made in memory.
                if not isinstance(error, sqlite3.OperationalError):
                    self._file.unlink(missing_ok=True)
        return []  # not reached: in memory one can always be made

    def _refreshed(
        self, connection: sqlite3.Connection, states: Mapping[str, str]
    ) -> list[IndexedRun]:
        if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            with connection:
                connection.execute("DROP TABLE IF EXISTS journals")
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        known: dict[str, tuple[str, str | None, str]] = {
            path: (state, exposure, problem)
            for path, state, exposure, problem in connection.execute("SELECT * FROM journals")
        }
        changed: dict[str, tuple[str, str | None, str]] = {}
        for name, state in states.items():
            if name not in known or known[name][0] != state:
                exposure, problem = self._read(self._journals / name)
                text = None if exposure is None else json.dumps(exposure)
                changed[name] = (state, text, problem)
        gone = known.keys() - states.keys()
        if changed or gone:
            with connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO journals VALUES (?, ?, ?, ?)",
                    [(name, *row) for name, row in changed.items()],
                )
                connection.executemany(
                    "DELETE FROM journals WHERE path = ?", [(name,) for name in gone]
                )
        rows = {name: (known | changed)[name] for name in states}
        return [
            IndexedRun(self._journals / name, None if text is None else json.loads(text), problem)
            for name, (_, text, problem) in rows.items()
        ]


def _states(journals: Path) -> Iterator[tuple[str, str]]:
    """Yield each journal's name and what changes when it does, or when recover adds to it."""
    for day in journals.glob("*/*/*"):
        with contextlib.suppress(OSError), os.scandir(day) as entries:
            found = {entry.name: entry.stat() for entry in entries if ".jsonl" in entry.name}
            for name, status in found.items():
                if not name.endswith(".jsonl"):
                    continue
                added = found.get(f"{name}.recovered")
                parts = [status] if added is None else [status, added]
                state = " ".join(f"{part.st_size} {part.st_mtime_ns}" for part in parts)
                yield (day / name).relative_to(journals).as_posix(), state
