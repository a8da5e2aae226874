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
_VERSION = 2
_TABLE = """CREATE TABLE journals (
    path TEXT PRIMARY KEY, state TEXT NOT NULL, run TEXT, cell TEXT, exposure TEXT,
    problem TEXT NOT NULL)"""
_BUSY_S = 10.0


@dataclass(frozen=True)
class IndexedRun:
    """What the index has of a journal.

    Attributes
    ----------
    folder : Path
        That of the journals.
    name : str
        The journal in it.
    exposure : mapping or None
        What was read of it; None of one that could not be read.
    problem : str
        Why it could not be read; empty when it could.
    """

    folder: Path
    name: str
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

    def runs(self, cell: str | None = None) -> tuple[list[IndexedRun], dict[str, str]]:
        """Return what is known of the runs that lit a cell, the oldest first.

        Parameters
        ----------
        cell : str, optional
            Only of this one; by default of all.

        Returns
        -------
        runs : list of IndexedRun
            Those, and the journals that could not be read, which may be of any cell.
        cell_of : dict of str to str
            Of all runs: uid and cell.
        """
        states = dict(sorted(_states(str(self._journals))))
        if not states:
            return [], {}
        for place in (str(self._file), str(self._file), ":memory:"):
            try:
                with contextlib.closing(sqlite3.connect(place, timeout=_BUSY_S)) as connection:
                    self._refresh(connection, states)
                    return self._chosen(connection, cell)
            except sqlite3.DatabaseError as error:
                # Damaged: made anew. Not writable, or in use for too long: made in memory.
                if not isinstance(error, sqlite3.OperationalError):
                    self._file.unlink(missing_ok=True)
        return [], {}  # not reached: in memory one can always be made

    def _refresh(self, connection: sqlite3.Connection, states: Mapping[str, str]) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            with connection:
                connection.execute("DROP TABLE IF EXISTS journals")
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        known = dict(connection.execute("SELECT path, state FROM journals"))
        rows = []
        for name, state in states.items():
            if known.get(name) != state:
                exposure, problem = self._read(self._journals / name)
                told = exposure or {}
                text = None if exposure is None else json.dumps(exposure)
                rows.append((name, state, told.get("run"), told.get("cell"), text, problem))
        gone = known.keys() - states.keys()
        if rows or gone:
            with connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO journals VALUES (?, ?, ?, ?, ?, ?)", rows
                )
                connection.executemany(
                    "DELETE FROM journals WHERE path = ?", [(name,) for name in gone]
                )

    def _chosen(
        self, connection: sqlite3.Connection, cell: str | None
    ) -> tuple[list[IndexedRun], dict[str, str]]:
        which = "cell IS NOT NULL" if cell is None else "cell = ?"
        found = connection.execute(
            "SELECT path, exposure, problem FROM journals "  # noqa: S608
            f"WHERE ({which}) OR problem != '' ORDER BY path",
            () if cell is None else (cell,),
        )
        runs = [
            IndexedRun(self._journals, name, None if text is None else json.loads(text), problem)
            for name, text, problem in found
        ]
        cell_of = connection.execute("SELECT run, cell FROM journals WHERE cell IS NOT NULL")
        return runs, dict(cell_of.fetchall())


def _states(journals: str) -> Iterator[tuple[str, str]]:
    """Yield each journal's name and what changes when it does, or when recover adds to it."""
    for year in _folders(journals, ""):
        for month in _folders(journals, year):
            for day in _folders(journals, month):
                yield from _of_day(journals, day)


def _folders(journals: str, inside: str) -> list[str]:
    with contextlib.suppress(OSError), os.scandir(os.path.join(journals, inside)) as entries:  # noqa: PTH118
        return [f"{inside}{entry.name}/" for entry in entries if entry.is_dir()]
    return []


def _of_day(journals: str, day: str) -> Iterator[tuple[str, str]]:
    with contextlib.suppress(OSError), os.scandir(os.path.join(journals, day)) as entries:  # noqa: PTH118
        found = {entry.name: entry.stat() for entry in entries if ".jsonl" in entry.name}
        for name, status in found.items():
            if name.endswith(".jsonl"):
                state = f"{status.st_size} {status.st_mtime_ns}"
                if (added := found.get(f"{name}.recovered")) is not None:
                    state += f" {added.st_size} {added.st_mtime_ns}"
                yield day + name, state
