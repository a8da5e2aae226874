"""What `recover` found and did."""

from typing import Literal

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Whole

__all__ = ["RecoverReport", "RunRecovery", "RunVerification", "TornTrial", "VerifyReport"]


class TornTrial(Data):
    """A trial that was begun and is not among the run's.

    Attributes
    ----------
    number : int
        Its place in the run, 1 for the first.
    frame_count : int
        Frames that it should have.
    frames : dict of str to int
        Frames of it that can be read, by device: its true length.
    files : dict of str to str
        Where they are, at index ``number - 1`` of each dataset, by device.
    """

    number: Whole = Field(ge=1)
    frame_count: Whole
    frames: dict[str, int]
    files: dict[str, str]


class RunRecovery(Data):
    """One run: how it was found, and what was done about it.

    Attributes
    ----------
    uid : str
        The run's; empty for a journal that has no start document.
    journal : str
        Its file.
    what : str
        Name of its plan, or ``dF/F``.
    trials : int
        Trials that it has, afterwards.
    added_trials : tuple of int
        Those of them that were whole in the files and that no document counted.
    without_entry : tuple of int
        Those of them that have no event in the stream ``trials``.
    torn_trial : TornTrial or None
        The trial in hand when the process ended.
    cut_line_bytes : int
        Length of the journal's last line, which was being written; 0 when it is whole.
    stopped : bool
        Whether the run got its stop document now.
    dff_trials : tuple of int
        Of a derived run: trials whose dF/F was computed now.
    catalogue : str
        ``whole``, ``absent`` or ``partial``, as it was found.
    problem : str
        Why it is not recovered; empty when it is.
    readable_trials : int or None
        Of `trials`, those that can be read from the raw files as they were recorded; None where
        there is no such file: derived data, a journal alone.
    faults : tuple of str
        What does not match its checksum, or cannot be read. It stays as it is.
    """

    uid: str = ""
    journal: str
    what: str = ""
    trials: Whole = 0
    added_trials: tuple[int, ...] = ()
    without_entry: tuple[int, ...] = ()
    torn_trial: TornTrial | None = None
    cut_line_bytes: Whole = 0
    stopped: bool = False
    dff_trials: tuple[int, ...] = ()
    catalogue: Literal["whole", "absent", "partial"] = "whole"
    problem: str = ""
    readable_trials: Whole | None = None
    faults: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether something was done, or would be."""
        return self.stopped or bool(self.dff_trials) or self.catalogue != "whole"


class RecoverReport(Data):
    """All runs of a data directory, and the raw files that belong to none.

    Attributes
    ----------
    runs : tuple of RunRecovery
        In the order of their journals, the oldest first.
    unnamed_files : tuple of str
        Raw files that no journal names. They are left where they are.
    dry_run : bool
        Whether nothing was done, only looked.
    """

    runs: tuple[RunRecovery, ...] = ()
    unnamed_files: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def changed(self) -> bool:
        """Whether something was done, or would be."""
        return any(run.changed for run in self.runs)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why runs are not recovered, or not as they were recorded."""
        return tuple(text for run in self.runs for text in (run.problem, *run.faults) if text)


class RunVerification(Data):
    """One run, held against its checksums.

    Attributes
    ----------
    uid : str
        The run's; empty where its journal cannot be read.
    journal : str
        Its file.
    what : str
        Name of its plan, or ``dF/F``.
    trials : int
        Trials that its documents count.
    readable_trials : int or None
        Of these, those that are in the raw files as they were recorded; None without raw files.
    has_checksums : bool
        Whether its raw files have checksums. Those of earlier versions have none: of them it is
        known only which trials are there.
    faults : tuple of str
        What does not match, or cannot be read.
    """

    uid: str = ""
    journal: str
    what: str = ""
    trials: Whole = 0
    readable_trials: Whole | None = None
    has_checksums: bool = False
    faults: tuple[str, ...] = ()


class VerifyReport(Data):
    """All runs of a data directory, held against their checksums.

    Attributes
    ----------
    runs : tuple of RunVerification
        In the order of their journals, the oldest first.
    """

    runs: tuple[RunVerification, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """What does not match, or cannot be read."""
        return tuple(fault for run in self.runs for fault in run.faults)
