"""Reading everything that was kept, and holding it against its checksums."""

from collections.abc import Callable

from blueslice._data_directory import DataDirectory
from blueslice.callbacks.journal_files import find_journals
from blueslice.errors import BadInputError, StorageError
from blueslice.recover._kept_run import read_run
from blueslice.recover._verified_run import verified_files, verified_journal
from blueslice.recover.report import RunVerification, VerifyReport

__all__ = ["verify"]


def verify(
    directory: DataDirectory,
    *,
    on_run: Callable[[RunVerification], None] = lambda run: None,
) -> VerifyReport:
    """Compare journals, images and samples with the checksums that were stored with them.

    Nothing is changed. It reads all data, about 1 GB in a second or what the disk gives, and may
    be called while a session acquires.

    Parameters
    ----------
    directory : DataDirectory
        Whose data.
    on_run : callable of (RunVerification)
        Told of each run as soon as it is read.

    Returns
    -------
    VerifyReport
        Every run, and what does not match.

    Raises
    ------
    BadInputError
        When there is no such data directory.
    """
    if not directory.path.is_dir():
        raise BadInputError(
            f"there is no data directory {directory}; give the one that was acquired into"
        )
    found: list[RunVerification] = []
    acquiring = directory.is_being_written()
    for path in find_journals(directory.journal):
        try:
            run = read_run(path)
            growing = acquiring and run is not None and run.stop is None
            of_files = (
                RunVerification(journal=str(path))
                if run is None
                else verified_files(run, growing=growing)
            )
            faults = (*verified_journal(path, run), *of_files.faults)
        except (StorageError, OSError) as error:
            of_files, faults = RunVerification(journal=str(path)), (str(error),)
        found.append(of_files.replace(faults=faults))
        on_run(found[-1])
    return VerifyReport(runs=tuple(found))
