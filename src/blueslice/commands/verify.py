"""``blueslice verify``: hold everything that was kept against its checksums."""

import argparse
import json

from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._plain_console import plain_console
from blueslice.errors import StorageError
from blueslice.recover import RunVerification, VerifyReport, verify

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Verify the data directory and say what does not match.

    Raises
    ------
    StorageError
        When something does not match its checksum, or cannot be read.
    """
    console = plain_console(soft_wrap=True)

    def tell(found: RunVerification) -> None:
        if not options.json and found.faults:
            console.print(describe(found))

    report = verify(chosen_directory(options), on_run=tell)
    if options.json:
        print(json.dumps(report.to_document()))  # noqa: T201
    else:
        console.print(summary(report))
    if report.faults:
        raise StorageError(
            f"{len(report.faults)} faults, the first: {report.faults[0]}; restore those files from "
            "a copy; nothing was changed"
        )


def describe(found: RunVerification) -> str:
    """Return a run's line and those of its faults."""
    name = f"{found.uid[:8]} {found.what}".strip() or found.journal
    readable = "" if found.readable_trials is None else f"{found.readable_trials} of "
    trials = f", {readable}{found.trials} trials as recorded" if found.uid else ""
    return "\n".join([f"{name}{trials}", *(f"    {fault}" for fault in found.faults)])


def summary(report: VerifyReport) -> str:
    """Return the last line."""
    trials = sum(run.readable_trials or 0 for run in report.runs if run.has_checksums)
    old = sum(not run.has_checksums and run.readable_trials is not None for run in report.runs)
    faulty = sum(bool(run.faults) for run in report.runs)
    parts = [
        f"{len(report.runs)} runs: {trials} trials are as they were recorded",
        *([f"{faulty} runs have faults"] if faulty else []),
        *([f"{old} runs of an earlier version have no checksums"] if old else []),
    ]
    return "; ".join(parts)
