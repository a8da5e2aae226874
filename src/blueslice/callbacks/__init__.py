"""Documents in, documents out: the journal, the catalogue, and live dF/F."""

from blueslice.callbacks._catalogue_writer import CatalogueWriter
from blueslice.callbacks._live_results import AT_BRIGHTEST, ON_RESPONSE
from blueslice.callbacks.journal import Journal
from blueslice.callbacks.journal_files import find_journals, read_journal
from blueslice.callbacks.live_dff import LiveDFF, PartialTrial, TrialDFF
from blueslice.callbacks.live_feed import LiveFeed

__all__ = [
    "AT_BRIGHTEST",
    "ON_RESPONSE",
    "CatalogueWriter",
    "Journal",
    "LiveDFF",
    "LiveFeed",
    "PartialTrial",
    "TrialDFF",
    "find_journals",
    "read_journal",
]
