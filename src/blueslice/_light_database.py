"""The light that devices have given, entry by entry, in a database of the data directory."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from blueslice._on_disk import make_folder
from blueslice.errors import StorageError

__all__ = ["GivenLight", "LightDatabase", "light_database_of"]

_TABLE = """CREATE TABLE IF NOT EXISTS light (
    id INTEGER PRIMARY KEY, cell TEXT NOT NULL, run TEXT NOT NULL, time REAL NOT NULL,
    planned TEXT NOT NULL, given TEXT)"""
_INDEX = "CREATE INDEX IF NOT EXISTS light_of_cell ON light (cell)"
# Another session of this computer may be writing.
_BUSY_S = 10.0


def light_database_of(folder: Path) -> Path:
    """Return the file of a data directory's database."""
    return folder / "light.db"


@dataclass(frozen=True)
class GivenLight:
    """Light of one trial, or of one time that the LEDs were made ready.

    Attributes
    ----------
    cell, run : str
        What was lit, and in which run; the run is empty outside of one.
    time : float
        When it was approved, in s since 1970.
    light_s : dict of float to float
        Wavelength in nm: s of light; the planned light where the given is not known.
    is_measured : bool
        Whether the light source has told it.
    """

    cell: str
    run: str
    time: float
    light_s: dict[float, float]
    is_measured: bool


class LightDatabase:
    """Enters light before it is given; may be used from any thread, and by several processes.

    An entry is on the disk when `add` returns. Corrections wait for the next entry or `flush`:
    when they are lost, the planned light counts.

    Parameters
    ----------
    path : Path
        The file; it is made with the first entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._corrections: dict[int, str] = {}

    def add(self, cell: str, run: str, time: float, planned_s: Mapping[float, float]) -> int:
        """Enter light that is about to be given; return the entry's number.

        Raises
        ------
        StorageError
            When it cannot be entered.
        """
        with self._writing() as connection:
            found = connection.execute(
                "INSERT INTO light (cell, run, time, planned) VALUES (?, ?, ?, ?)",
                (cell, run, time, _to_text(planned_s)),
            )
            return int(found.lastrowid or 0)

    def correct(self, entry: int, given_s: Mapping[float, float]) -> None:
        """Note what was really given, to be written with the next entry or by `flush`; at once."""
        # Without the lock, which is held while another thread writes.
        self._corrections[entry] = _to_text(given_s)

    def flush(self) -> None:
        """Write the corrections.

        Raises
        ------
        StorageError
            When they cannot be written.
        """
        if self._corrections:
            with self._writing():
                pass

    def read(self, cell: str | None = None, runs: Collection[str] = ()) -> list[GivenLight]:
        """Return the entries, the oldest first: of one cell and of certain runs, or all.

        Raises
        ------
        StorageError
            When the file is damaged.
        """
        if self._connection is not None:
            self.flush()
        if not self.path.is_file():
            return []
        chosen = "WHERE cell = ? OR run IN (SELECT value FROM json_each(?))"
        values = (cell, json.dumps(list(runs)))
        if cell is None:
            chosen, values = "", ()
        query = f"SELECT cell, run, time, planned, given FROM light {chosen} ORDER BY id"  # noqa: S608
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection:
                # A power cut leaves an empty file where the first entry was on its way: no light
                # had been given.
                made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'light'")
                rows = connection.execute(query, values).fetchall() if made.fetchone() else []
        except sqlite3.Error as error:
            raise self._damaged(error) from error
        return [
            GivenLight(of, run, time, _to_light(given or planned), given is not None)
            for of, run, time, planned, given in rows
        ]

    def close(self) -> None:
        """Write the corrections and close the file; it is opened again when it is needed."""
        try:
            self.flush()
        finally:
            with self._lock:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                connection = self._connection = self._connection or self._open()
                with connection:
                    corrections = list(self._corrections.copy().items())
                    connection.executemany(
                        "UPDATE light SET given = ? WHERE id = ?",
                        [(given, entry) for entry, given in corrections],
                    )
                    yield connection
                for entry, given in corrections:
                    # Unless it was corrected again meanwhile.
                    if self._corrections.get(entry) == given:
                        self._corrections.pop(entry)
            except (sqlite3.Error, OSError) as error:
                raise self._damaged(error) from error

    def _open(self) -> sqlite3.Connection:
        make_folder(self.path.parent)
        if not self.path.exists():
            self.path.touch(mode=0o600)
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, check_same_thread=False)
        # With these a committed entry is on the disk, for one flush of a small file.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        return connection

    def _damaged(self, error: Exception) -> StorageError:
        return StorageError(
            f"the light ledger {self.path} cannot be used ({error}); give yourself write "
            "permission and free disk space, or move it away: the light of recorded runs is then "
            "read from their journals"
        )


def _to_text(light_s: Mapping[float, float]) -> str:
    return json.dumps({f"{float(nm)!r}": float(seconds) for nm, seconds in light_s.items()})


def _to_light(text: str) -> dict[float, float]:
    return {float(nm): seconds for nm, seconds in json.loads(text).items()}
