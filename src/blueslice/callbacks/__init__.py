"""Documents in, documents out: the journal, the catalogue, and live dF/F."""

from blueslice.callbacks._catalogue_writer import CatalogueWriter
from blueslice.callbacks.journal import Journal
from blueslice.callbacks.journal_files import find_journals, read_journal
from blueslice.callbacks.live_dff import LiveDFF, PartialTrial, TrialDFF
from blueslice.callbacks.live_feed import LiveFeed

__all__ = [
    "CatalogueWriter",
    "Journal",
    "LiveDFF",
    "LiveFeed",
    "PartialTrial",
    "TrialDFF",
    "find_journals",
    "read_journal",
]
