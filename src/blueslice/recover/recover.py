"""Completing a data directory whose session was killed, or whose catalogue was away."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from blueslice._replace_file import remove_file
from blueslice.broker import DataDirectory
from blueslice.callbacks.journal import Journal
from blueslice.callbacks.journal_files import (
    UNFINISHED,
    find_journals,
    read_damaged_journal,
    supplement_of,
    write_documents,
)
from blueslice.errors import BadInputError, BluesliceError, StorageError
from blueslice.recover._catalogue_side import CatalogueSide
from blueslice.recover._kept_run import KeptRun, cut_line_bytes, read_run
from blueslice.recover._missing_dff import can_have_dff, continued_dff, new_dff
from blueslice.recover._missing_documents import Document, missing_documents, without_entry
from blueslice.recover._raw_files import files_of, unnamed_files
from blueslice.recover._verified_before import VerifiedBefore
from blueslice.recover._verified_run import describe_damage, device_files, verified_files
from blueslice.recover.report import RecoverReport, RunRecovery, TornTrial

__all__ = ["recover"]


def recover(
    directory: DataDirectory,
    *,
    catalogue: bool = True,
    dry_run: bool = False,
    on_run: Callable[[RunRecovery], None] = lambda run: None,
) -> RecoverReport:
    """Complete journals, dF/F and catalogue from the journals and the raw files.

    Journals are never changed: what a run lacks is written beside its journal, whole or not at
    all, and `blueslice.callbacks.read_journal` reads both. Raw files are only read: those of runs
    that have ended too, to say how many of their trials are as they were recorded. A file that was
    read and found right is read again only when it has changed; `verify` reads everything. It may
    be killed at any moment and called again; where nothing is missing, it changes nothing.

    Parameters
    ----------
    directory : DataDirectory
        Where a session has kept its runs.
    catalogue : bool
        False to complete journals and dF/F only, where sessions keep no catalogue.
    dry_run : bool
        Only look.
    on_run : callable of (RunRecovery)
        Told of each run in the end.

    Returns
    -------
    RecoverReport
        What was found and done.

    Raises
    ------
    BadInputError
        When there is no such data directory.
    StorageError
        When a session has it open, or the catalogue cannot be opened.
    """
    if not directory.path.is_dir():
        raise BadInputError(
            f"there is no data directory {directory}; give the one that was acquired into"
        )
    with directory.lock_for_writing() as lock:
        recovery = _Recovery(directory, dry_run)
        recovery.complete_journals()
        if not catalogue:
            return recovery.report(on_run)
        with CatalogueSide(directory, lock, dry_run=dry_run) as side:
            recovery.fill(side)
            return recovery.report(on_run)


class _Recovery:
    """One call of `recover`: first the journals, then the catalogue."""

    def __init__(self, directory: DataDirectory, dry_run: bool) -> None:
        self._directory = directory
        self._dry_run = dry_run
        self._found: dict[Path, RunRecovery] = {}
        self._runs: dict[str, KeptRun] = {}
        if not dry_run:
            for left in directory.journal.rglob(f"*{UNFINISHED}"):
                remove_file(left)  # of a recover that was killed

    def complete_journals(self) -> None:
        """Give every run its missing documents and every raw run its dF/F."""
        for path in find_journals(self._directory.journal):
            self._look_at(path)
        resumed = {run.start.get("resumes") for run in self._runs.values()}
        for run in self._of_kind(lambda run: not run.raw_run and run.stop is None):
            self._try(run, lambda run=run: self._end(run, retaken=run.uid in resumed))
        for run in self._of_kind(
            lambda run: bool(run.damage) and run.stop is not None and not run.raw_run
        ):
            self._try(run, lambda run=run: self._complete(run, retaken=run.uid in resumed))
        derived: dict[str, list[KeptRun]] = {}
        for run in self._of_kind(lambda run: bool(run.raw_run)):
            derived.setdefault(run.raw_run, []).append(run)
        for run in self._of_kind(lambda run: bool(run.raw_run) and run.stop is None):
            self._try(run, lambda run=run: self._end_dff(run, derived[run.raw_run]))
        # Of one that has ended a power cut can have taken lines before the last.
        for run in self._of_kind(lambda run: bool(run.raw_run and run.damage)):
            self._try(run, lambda run=run: self._end_dff(run, derived[run.raw_run]))
        for run in self._of_kind(lambda run: run.uid not in derived and can_have_dff(run)):
            self._try(run, lambda run=run: self._add_dff(run))
        self._verify()

    def fill(self, catalogue: CatalogueSide) -> None:
        """Bring into the catalogue what it lacks."""
        for path, found in self._found.items():
            if not found.uid or found.problem:
                continue
            state, problem = catalogue.state_of(found.uid), ""
            if state != "whole" and not self._dry_run:
                try:
                    catalogue.bring_in(found.uid, path)
                except StorageError as error:
                    problem = str(error)
            self._found[path] = found.replace(catalogue=state, problem=problem)

    def report(self, on_run: Callable[[RunRecovery], None]) -> RecoverReport:
        """Return what was found and done, after telling of each run."""
        for found in self._found.values():
            on_run(found)
        named = [file for run in self._runs.values() for file in files_of(run).values()]
        return RecoverReport(
            runs=tuple(self._found.values()),
            unnamed_files=tuple(map(str, unnamed_files(self._directory.raw, named))),
            dry_run=self._dry_run,
        )

    def _of_kind(self, wanted: Callable[[KeptRun], bool]) -> Iterable[KeptRun]:
        return [run for run in self._runs.values() if wanted(run)]

    def _try(self, run: KeptRun, action: Callable[[], None]) -> None:
        """Do what one run needs; that it fails must not keep the others from theirs."""
        try:
            action()
        except BluesliceError as error:
            self._note(run, problem=str(error))
            if run.damage and not supplement_of(run.path).exists():
                # What is intact of its journal can be read all the same.
                self._add(run, [])

    def _look_at(self, path: Path) -> None:
        try:
            cut, run = cut_line_bytes(path), read_run(path)
        except (StorageError, OSError) as error:
            self._found[path] = RunRecovery(journal=str(path), problem=str(error))
            return
        if run is None:
            # Without damage it was killed as it began: nothing had moved, nothing was lit.
            problem = "; ".join(map(describe_damage, read_damaged_journal(path)[1]))
            self._found[path] = RunRecovery(journal=str(path), cut_line_bytes=cut, problem=problem)
            return
        recovered = (run.stop or {}).get("recovered") or {}
        torn = recovered.get("torn_trial")
        self._runs[run.uid] = run
        self._found[path] = RunRecovery(
            uid=run.uid,
            journal=str(path),
            what=run.what,
            trials=len(run.dff_trials) if run.raw_run else run.trials,
            without_entry=tuple(recovered.get("without_entry", ())),
            torn_trial=TornTrial.from_document(torn) if torn else None,
            cut_line_bytes=cut,
        )

    def _note(self, run: KeptRun, **changes: Any) -> None:
        self._found[run.path] = self._found[run.path].replace(**changes)

    def _verify(self) -> None:
        """Say how many trials of each run are as they were recorded."""
        before = VerifiedBefore(self._directory.path)
        for run in self._of_kind(lambda run: not run.raw_run):
            files = [path for path, _ in device_files(run).values()]
            if files and before.knows(files, run.trials):
                self._note(run, readable_trials=run.trials)
                continue
            found = verified_files(run)
            # Why it was not recovered says the same of its files.
            faults = () if self._found[run.path].problem else found.faults
            self._note(run, readable_trials=found.readable_trials, faults=faults)
            if files and found.has_checksums and not found.faults:
                before.note(files, run.trials)
        for run in self._of_kind(lambda run: bool(run.damage)):
            if not _cut_off_by_power(run):
                damage = tuple(map(describe_damage, run.damage))
                self._note(run, faults=(*damage, *self._found[run.path].faults))
        if not self._dry_run:
            before.save()

    def _end(self, run: KeptRun, *, retaken: bool) -> None:
        documents, added, torn = missing_documents(run, retaken=retaken)
        trials = run.trials + len(added)
        self._note(
            run,
            stopped=True,
            trials=trials,
            added_trials=added,
            torn_trial=torn,
            without_entry=without_entry(run, trials),
        )
        self._add(run, documents)

    def _end_dff(self, broken: KeptRun, beside: list[KeptRun]) -> None:
        raw = self._runs.get(broken.raw_run)
        missing: list[int] = []
        if raw is not None and raw.stop is not None and can_have_dff(raw):
            # An earlier derived run of the same trials ended when its ROIs were changed.
            has = {trial for run in beside for trial in run.dff_trials}
            missing = [trial for trial in range(1, raw.trials + 1) if trial not in has]
        documents, added = continued_dff(raw or broken, broken, missing)
        has_ended = broken.stop is not None
        if has_ended:
            if supplement_of(broken.path).exists():
                return
            documents = documents[:-1]
        self._note(
            broken,
            stopped=not has_ended,
            dff_trials=added,
            trials=broken.events["dff"] + len(added),
        )
        self._add(broken, documents)

    def _add_dff(self, raw: KeptRun) -> None:
        documents = new_dff(raw)
        if not documents:
            return
        start = documents[0][1]
        path = Journal(self._directory.journal).path_of(start)
        trials = tuple(doc["data"]["trial"] for name, doc in documents if name == "event")
        self._found[path] = RunRecovery(
            uid=start["uid"],
            journal=str(path),
            what=f"dF/F of {raw.uid[:8]}",
            trials=len(trials),
            dff_trials=trials,
            stopped=True,
        )
        if not self._dry_run:
            write_documents(path, documents)

    def _complete(self, run: KeptRun, *, retaken: bool) -> None:
        """Let a run that has ended be read as far as its journal is intact, with its trials.

        A power cut can keep the stop document and take what was written before it.
        """
        if supplement_of(run.path).exists():
            return
        documents, added, _ = missing_documents(run, retaken=retaken)
        trials = run.trials + len(added)
        self._note(run, trials=trials, added_trials=added, without_entry=without_entry(run, trials))
        self._add(run, documents[:-1])

    def _add(self, run: KeptRun, documents: list[Document]) -> None:
        if self._dry_run:
            return
        write_documents(supplement_of(run.path), documents)
        completed = read_run(run.path)
        if completed is not None:
            self._runs[run.uid] = completed


def _cut_off_by_power(run: KeptRun) -> bool:
    """Tell whether only lines are damaged that were on their way to the disk at a power cut."""
    ended_by_itself = run.stop is not None and "recovered" not in run.stop
    return not ended_by_itself and all(one.in_tail for one in run.damage)
