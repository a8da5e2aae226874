"""What the catalogue has of the runs, and how it gets the rest."""

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from blueslice._addresses import file_at
from blueslice._catalogue_on_disk import CatalogueOnDisk
from blueslice._replay import write_run
from blueslice._tiled_databases import ARRAYS, runs_with_escaped_files
from blueslice.broker import CatalogueServer, DataDirectory, WriteLock, open_catalogue
from blueslice.callbacks.journal_files import read_journal
from blueslice.errors import StorageError
from blueslice.recover._missing_documents import Document
from blueslice.recover._raw_files import relocated

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = ["CatalogueSide"]

State = Literal["whole", "absent", "partial"]


class CatalogueSide:
    """The catalogue of a data directory, while it is completed.

    Parameters
    ----------
    directory : DataDirectory
        Whose.
    lock : WriteLock
        The right to write there.
    dry_run : bool
        Whether only to look; then a catalogue that does not exist is not made.
    """

    def __init__(self, directory: DataDirectory, lock: WriteLock, *, dry_run: bool) -> None:
        self._directory = directory
        self._dry_run = dry_run
        if not dry_run and directory.moved_from is not None:
            self._make_anew()
        self._server = None if dry_run else CatalogueServer(directory, lock=lock)
        self._client: CatalogOfBlueskyRuns | None = None
        self._stop_of: dict[str, str] = {}
        self._on_disk = CatalogueOnDisk(directory.catalogue).read()
        self._escaped: frozenset[str] = frozenset()

    def _make_anew(self) -> None:
        """Move the catalogue away that names files where they are no more."""
        place = self._directory.catalogue
        number = 1
        while (aside := place.with_name(f"{place.name}-before-move-{number}")).exists():
            number += 1
        try:
            if place.exists():
                place.rename(aside)
        except OSError as error:
            raise StorageError(
                f"catalogue {place} cannot be moved to {aside} ({error.strerror or error}); close "
                "what has it open, then recover again"
            ) from error
        self._directory.note_place()
        self._directory.create()

    def __enter__(self) -> Self:
        self._escaped = runs_with_escaped_files(self._directory.catalogue)
        if self._server is not None:
            self._client = self._server.start().client
        elif (
            self._directory.moved_from is None
            and (self._directory.catalogue / "catalogue.db").is_file()
        ):
            self._client = open_catalogue(self._directory)
        if self._client is not None:
            runs: Iterable[Any] = self._client.v3.values()
            # A page of runs at a time: one by one each would cost a request.
            for run in runs:
                metadata: Mapping[str, Any] = run.metadata
                stop = metadata.get("stop") or {}
                start = metadata["start"]
                since_s, on_disk = self._on_disk
                if start.get("time", 0.0) >= since_s and start["uid"] not in on_disk:
                    stop = {}  # its arrays may be lost
                if start["uid"] in self._escaped:
                    stop = {}  # its files cannot be read
                self._stop_of[start["uid"]] = stop.get("uid", "")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()

    def state_of(self, uid: str) -> State:
        """Tell what there is of a run.

        One without a stop document is partial, and one whose arrays a power cut may have taken, or
        whose files an earlier version named so that Tiled does not find them.
        """
        if uid not in self._stop_of:
            return "absent"
        return "whole" if self._stop_of[uid] else "partial"

    def bring_in(self, uid: str, journal: Path) -> None:
        """Feed a run's documents, after deleting what there is of it, in its files too.

        Raises
        ------
        StorageError
            When the catalogue does not take them.
        """
        if self._client is None:
            return
        if self.state_of(uid) == "partial":
            self._delete(self._client, uid)
        self._remove_arrays(uid)
        write_run(map(self._at_its_place, read_journal(journal)), self._client, uid, journal)
        if self._server is not None:
            self._server.on_disk.note(uid)

    def _delete(self, client: Any, uid: str) -> None:
        try:
            client.delete_contents(uid, recursive=True, external_only=False)
        except Exception as error:
            # Of whatever kind: what a power cut has left of a database can be at odds with itself.
            raise StorageError(
                f"catalogue {self._directory.catalogue} cannot delete what it has of run {uid} "
                f"({error}); it is damaged: move it away, then run 'blueslice recover' again"
            ) from error

    def _at_its_place(self, document: Document) -> Document:
        """Let a document name its file where it is, if the data directory was moved."""
        name, doc = document
        if name != "stream_resource" or (path := file_at(doc["uri"])) is None:
            return document
        moved = relocated(path, self._directory.raw)
        if moved == path:
            return document
        uri = moved.as_uri().replace("file:///", "file://localhost/", 1)
        return name, {**doc, "uri": uri}

    def _remove_arrays(self, uid: str) -> None:
        """Remove arrays that the catalogue's database does not know, and would not make again.

        Tiled makes an array's folder before it notes the array: killed in between, it refuses the
        same array from then on.
        """
        folder = self._directory.catalogue / ARRAYS / uid
        # The uid is what a file says: it must name no other folder.
        if not re.fullmatch(r"[A-Za-z0-9_-]+", uid) or not folder.is_dir():
            return
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise StorageError(
                f"the folder {folder} of a run that is not in the catalogue cannot be removed "
                f"({error.strerror or error}); remove it, then recover again"
            ) from error
