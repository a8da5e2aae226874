"""Bringing the report's runs into its catalogue, from their journals."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from blueslice.broker import CatalogueProcess, DataDirectory
from blueslice.callbacks._coalesce import coalesce
from blueslice.callbacks.journal_files import find_journals, read_journal
from blueslice.errors import StorageError
from blueslice.paper.measures import CellRecord

__all__ = ["ReportCatalogue"]


class ReportCatalogue:
    """Writes runs into the catalogue of a data directory while others are acquired.

    The processes that acquire keep journals only: one writer at a time is what a catalogue bears.

    Parameters
    ----------
    directory : DataDirectory
        Of the report; locked as long as this is open.
    """

    def __init__(self, directory: DataDirectory) -> None:
        self.directory = directory.create()
        with ExitStack() as closing:
            lock = directory.lock_for_writing()
            closing.callback(lock.release)
            self._process = CatalogueProcess(directory, lock, whole_runs=True)
            closing.callback(self._process.close)
            self._process.start()
            self._writer = self._process.writer()
            self._closing = closing.pop_all()
        self._known = set(self._process.client)

    def add(self, record: CellRecord) -> None:
        """Hand over the runs of one cell that the catalogue does not have; returns at once.

        Raises
        ------
        StorageError
            When a run has no journal.
        """
        for uid in record.runs:
            if uid in self._known:
                continue
            self._known.add(uid)
            for name, doc in coalesce(read_journal(self._journal(uid))):
                self._writer(name, doc)

    def _journal(self, uid: str) -> Path:
        found = list(self.directory.journal.glob(f"*/*/*/*-{uid[:8]}*.jsonl"))
        if not found:
            known = len(find_journals(self.directory.journal))
            raise StorageError(
                f"run {uid} has no journal among the {known} in {self.directory.journal}; remove "
                "its file in measures and run the command again"
            )
        return found[0]

    def wait(self, timeout_s: float) -> None:
        """Wait until everything handed over is in the catalogue."""
        self._writer.wait(timeout_s)

    def close(self) -> None:
        """Let everything arrive, then let go of the data directory."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
