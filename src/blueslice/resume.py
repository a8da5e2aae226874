"""Finding what a drug wash that was broken off has done, by the uid of its run."""

from pathlib import Path

from blueslice._data_directory import DataDirectory
from blueslice.callbacks import find_journals, read_journal
from blueslice.errors import BadInputError
from blueslice.plans import WashRecord, wash_record

__all__ = ["wash_record_of"]

_SHORTEST_UID = 6


def wash_record_of(data_directory: DataDirectory, uid: str) -> WashRecord:
    """Read from the journal what a run of `drug_wash` has done.

    The journal is written first and needs no server; it has all documents also of a run whose
    process was killed.

    Parameters
    ----------
    data_directory : DataDirectory
        Where the run was kept.
    uid : str
        The run's, or its first 6 characters or more.

    Raises
    ------
    BadInputError
        When there is no such run, more than one, or it was no drug wash.
    StorageError
        When its journal cannot be read.

    Examples
    --------
    ::

        record = wash_record_of(session.data_directory, "3f0c2a71")
        session.RE(drug_wash(session.rig, resume=record))
    """
    if not isinstance(uid, str) or len(uid) < _SHORTEST_UID:
        raise BadInputError(f"uid = {uid!r}: give {_SHORTEST_UID} characters of it or more")
    journals = find_journals(data_directory.journal)
    # A journal's name ends with the first 8 characters of its run's uid.
    named = [path for path in journals if path.stem.rpartition("-")[2].startswith(uid[:8])]
    found = [path for path in named if _uid_of(path).startswith(uid)]
    if len(found) != 1:
        raise BadInputError(
            f"uid = {uid!r}: there are {len(found)} such runs in {data_directory.journal}; "
            "list them with: blueslice runs"
        )
    return wash_record(read_journal(found[0]))


def _uid_of(path: Path) -> str:
    for name, document in read_journal(path):
        if name == "start":
            return document["uid"]
    return ""
