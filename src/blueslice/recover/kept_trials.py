"""How many trials of a run are really there, without reading all of them."""

from pathlib import Path

import numpy as np

from blueslice._trial_checksum import FRAMES_RECORDED
from blueslice.errors import StorageError
from blueslice.recover._kept_run import read_run
from blueslice.recover._open_raw import open_raw
from blueslice.recover._verified_run import device_files

__all__ = ["kept_trials"]


def kept_trials(journal: Path) -> int:
    """Return how many trials of a run have ended in its raw files and are counted in its journal.

    Parameters
    ----------
    journal : Path
        The run's; 0 trials when it, or one of its raw files, is gone.
    """
    try:
        run = read_run(journal)
    except (StorageError, OSError):
        return 0
    if run is None:
        return 0
    counts = [run.trials]
    for path, trials in device_files(run).values():
        try:
            with open_raw(path) as file:
                ended = np.asarray(file[FRAMES_RECORDED][:trials])
        except (OSError, KeyError, RuntimeError):
            return 0
        counts.append(int(np.count_nonzero(ended)))
    return min(counts)
