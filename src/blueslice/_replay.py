"""Runs that the catalogue missed, brought in from their journal or backup."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blueslice.callbacks._coalesce import coalesce
from blueslice.callbacks._documents import StreamFilter
from blueslice.callbacks._tiled_documents import TiledDocuments
from blueslice.callbacks.journal_files import read_journal
from blueslice.errors import BadInputError, StorageError

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = ["replay", "write_run"]


def replay(
    documents_file: Path,
    catalogue: "CatalogOfBlueskyRuns",
    *,
    exclude_streams: Collection[str] = (),
) -> str:
    """Bring a run into the catalogue from its journal or backup.

    What the catalogue has of an unfinished run of that uid is deleted first; raw files stay.

    Parameters
    ----------
    documents_file : Path
        A journal (``journal/YYYY/MM/DD/*.jsonl``) or a backup (``catalogue/backup/*.jsonl``).
    catalogue : CatalogOfBlueskyRuns
        A catalogue that may be written, such as `CatalogueServer.client`.
    exclude_streams : collection of str, optional
        Names of streams to leave out.

    Returns
    -------
    str
        The uid of the run.

    Raises
    ------
    BadInputError
        When the catalogue has the whole run already, or the file holds no run.
    StorageError
        When the file cannot be read or the catalogue does not take it.
    """
    documents = read_journal(documents_file)
    name, start = next(documents, ("nothing", {}))
    if name != "start":
        raise BadInputError(
            f"{documents_file} begins with {name}, not with the start of a run; "
            "give a journal or a backup"
        )
    uid = start["uid"]
    if uid in catalogue:
        run: Any = catalogue.v3[uid]
        if run.metadata.get("stop"):
            raise BadInputError(f"run {uid} is whole in the catalogue; there is nothing to replay")
        catalogue.delete_contents(uid, recursive=True, external_only=False)
    keep = StreamFilter(exclude_streams)

    def kept() -> Iterator[tuple[str, dict[str, Any]]]:
        yield "start", start
        for name, doc in documents:
            if (wanted := keep(name, doc)) is not None:
                yield name, wanted

    write_run(kept(), catalogue, uid, documents_file)
    return uid


def write_run(
    documents: Iterable[tuple[str, dict[str, Any]]],
    catalogue: "CatalogOfBlueskyRuns",
    uid: str,
    documents_file: Path,
) -> None:
    """Feed a run that a catalogue does not have.

    Parameters
    ----------
    documents : iterable of (name, document)
        All of the run's.
    catalogue : CatalogOfBlueskyRuns
        A catalogue that may be written.
    uid : str
        The run's.
    documents_file : Path
        Where they are from, for messages.

    Raises
    ------
    StorageError
        When the file cannot be read or the catalogue does not take it.
    """
    from bluesky_tiled_plugins import TiledWriter

    writer, for_tiled = TiledWriter(catalogue, max_array_size=0), TiledDocuments()
    try:
        # A catalogue takes as long for one trial's range as for all together.
        for name, doc in coalesce(documents):
            writer(name, for_tiled(name, doc))
    except StorageError:
        raise
    except Exception as error:
        raise StorageError(
            f"the catalogue did not take run {uid} from {documents_file} ({error}); "
            "make sure that its server runs and that the raw files are where they were"
        ) from error
