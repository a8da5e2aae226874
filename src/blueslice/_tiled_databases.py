"""The SQLite files of the embedded catalogue: made, and checked before they are opened."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blueslice._replace_file import FileInUseError, remove_file, replace_file
from blueslice.errors import StorageError

__all__ = ["ARRAYS", "check_databases", "create_databases", "runs_with_escaped_files"]

ARRAYS = "arrays"
"""In the catalogue's folder: arrays of runs that are in no raw file, a folder for each run."""


def create_databases(catalogue: Path) -> None:
    """Make the databases and folders of the catalogue that do not exist yet.

    Parameters
    ----------
    catalogue : Path
        The catalogue folder; it exists.

    Raises
    ------
    StorageError
        When a file cannot be written, or an existing one is not of this Tiled's making.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        (catalogue / ARRAYS).mkdir(mode=0o700, exist_ok=True)
        # Made beside and renamed: a process killed meanwhile leaves no half-made database.
        for name, make in (("catalogue.db", _make_catalogue), ("tables.db", _make_tables)):
            if not (catalogue / name).exists():
                unfinished = catalogue / f"{name}.new"
                remove_file(unfinished)
                make(unfinished)
                replace_file(unfinished, catalogue / name)
    except FileInUseError:
        raise
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise StorageError(
            f"catalogue {catalogue} cannot be made ({error}); "
            "free disk space or choose another data directory"
        ) from error
    check_databases(catalogue)


def check_databases(catalogue: Path) -> None:
    """Make sure that the installed Tiled can open the catalogue.

    Raises
    ------
    StorageError
        When there is none, it is not a database, or another version of Tiled made it.
    """
    from tiled.catalog.core import ALL_REVISIONS, REQUIRED_REVISION

    database = catalogue / "catalogue.db"
    if not database.is_file():
        raise StorageError(
            f"there is no catalogue in {catalogue}; acquire a run into this data directory first, "
            "or give the one that the rig writes into"
        )
    try:
        connection = sqlite3.connect(database)
        try:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StorageError(
            f"catalogue {database} is damaged ({error}); move it away and bring its runs back "
            "with: blueslice recover"
        ) from error
    revision = rows[0][0] if rows else "none"
    if revision == REQUIRED_REVISION:
        return
    if revision in ALL_REVISIONS:
        raise StorageError(
            f"catalogue {database} was made by an older Tiled (revision {revision}); copy it, then "
            f"run: tiled catalog upgrade-database sqlite:///{database.as_posix()}"
        )
    raise StorageError(
        f"catalogue {database} has revision {revision}, which the installed Tiled does not know; "
        "update Tiled (pip install --upgrade tiled)"
    )


# Tiled takes a path in an address literally; earlier versions of blueslice escaped it.
_RUNS_WITH_ESCAPED_FILES = """
WITH RECURSIVE above(id, parent, key) AS (
    SELECT nodes.id, nodes.parent, nodes.key FROM nodes
    JOIN data_sources ON data_sources.node_id = nodes.id
    JOIN data_source_asset_association AS link ON link.data_source_id = data_sources.id
    JOIN assets ON assets.id = link.asset_id
    WHERE instr(assets.data_uri, '%') > 0
    UNION
    SELECT nodes.id, nodes.parent, nodes.key FROM nodes JOIN above ON nodes.id = above.parent
)
SELECT DISTINCT key FROM above
"""


def runs_with_escaped_files(catalogue: Path) -> frozenset[str]:
    """Return the keys of runs whose raw files Tiled cannot find, as their addresses are escaped.

    No path of a data directory has a percent sign itself.

    Parameters
    ----------
    catalogue : Path
        The catalogue folder.

    Returns
    -------
    frozenset of str
        Uids of runs, among keys of other nodes; empty where there is no catalogue that can be
        read.
    """
    database = catalogue / "catalogue.db"
    if not database.is_file():
        return frozenset()
    connection = sqlite3.connect(database)
    try:
        return frozenset(key for (key,) in connection.execute(_RUNS_WITH_ESCAPED_FILES))
    except sqlite3.Error:
        return frozenset()  # what it is, opening it tells
    finally:
        connection.close()


def _make_tables(database: Path) -> None:
    connection = sqlite3.connect(database)
    try:
        # Write-ahead log: otherwise a reader in another process makes a commit here fail at once
        # with "database is locked" (the ADBC driver does not wait).
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _make_catalogue(database: Path) -> None:
    # In a thread of its own: the caller's may have a running event loop already.
    with ThreadPoolExecutor(max_workers=1) as worker:
        worker.submit(asyncio.run, _initialise(database)).result()


async def _initialise(database: Path) -> None:
    # What `tiled catalog init` does, without the 3 s that starting a process for it costs.
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy.ext.asyncio import create_async_engine
    from tiled.catalog.alembic_constants import ALEMBIC_DIR
    from tiled.catalog.core import initialize_database

    engine = create_async_engine(f"sqlite+aiosqlite:///{database.as_posix()}")
    script = ScriptDirectory(ALEMBIC_DIR)
    try:
        await initialize_database(engine)
        async with engine.begin() as connection:
            await connection.run_sync(
                lambda synchronous: MigrationContext.configure(synchronous).stamp(script, "head")
            )
    finally:
        # Windows renames no database that a connection has open.
        await engine.dispose()
