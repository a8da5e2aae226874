"""The catalogue's databases are closed before they are renamed, and can be moved away."""

import sqlite3

import numpy as np
import pytest
import tiled.catalog.core

from blueslice._tiled_databases import create_databases
from blueslice.broker import CatalogueServer, DataDirectory, open_catalogue
from blueslice.errors import StorageError
from blueslice.plans import blank
from blueslice.rig import make_sim_rig
from blueslice.session import Session


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_they_are_closed_when_they_get_their_names(windows_files, tmp_path):
    create_databases(tmp_path)
    assert windows_files.refused == []
    assert not windows_files.is_open(tmp_path)
    assert names(tmp_path) == ["arrays", "catalogue.db", "tables.db"]


def test_one_that_could_not_be_made_does_not_stand_in_the_way(windows_files, tmp_path, monkeypatch):
    initialize = tiled.catalog.core.initialize_database

    async def fill_up(engine):
        await initialize(engine)
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tiled.catalog.core, "initialize_database", fill_up)
        with pytest.raises(StorageError, match=r"cannot be made \(No space left"):
            create_databases(tmp_path)
    assert names(tmp_path) == ["arrays", "catalogue.db.new"]
    create_databases(tmp_path)
    assert windows_files.refused == []
    assert names(tmp_path) == ["arrays", "catalogue.db", "tables.db"]


def test_an_unfinished_one_that_a_program_has_open_is_told(windows_files, tmp_path):
    connection = sqlite3.connect(tmp_path / "catalogue.db.new")
    connection.execute("CREATE TABLE a (b)")
    with pytest.raises(StorageError, match=r"catalogue.db.new cannot be removed, because another"):
        create_databases(tmp_path)
    connection.close()
    create_databases(tmp_path)


def test_a_damaged_catalogue_can_be_moved_away(windows_files, tmp_path):
    directory = DataDirectory(tmp_path / "data").create()
    (directory.catalogue / "catalogue.db").write_bytes(b"no database" * 1000)
    for open_it in (lambda: open_catalogue(directory), CatalogueServer(directory).start):
        with pytest.raises(StorageError, match="move it away"):
            open_it()
        assert not windows_files.is_open(directory.path)
    directory.catalogue.rename(tmp_path / "damaged")
    assert windows_files.refused == []


@pytest.mark.long
def test_a_closed_catalogue_can_be_moved_away(windows_files, tmp_path):
    directory = DataDirectory(tmp_path / "data")
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    with Session(rig, directory) as session:
        session.RE(blank(rig))
    uid = session.start["uid"]
    with CatalogueServer(directory) as server:
        served = np.asarray(server.client.v3[uid]["trials"].read()["trial-ok"])
    assert not windows_files.is_open(directory.path)
    catalogue = open_catalogue(directory)
    with catalogue.context:
        read = np.asarray(catalogue.v3[uid]["trials"].read()["trial-ok"])
    assert served.tolist() == read.tolist() == [True]
    assert not windows_files.is_open(directory.path)
    directory.catalogue.rename(tmp_path / "moved")
