"""``blueslice recover``: complete what a killed session or a lost catalogue left behind."""

import argparse
import json

from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._plain_console import plain_console
from blueslice.errors import StorageError
from blueslice.recover import RecoverReport, RunRecovery, recover

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Recover the data directory and say what was done.

    Raises
    ------
    StorageError
        When a run could not be recovered; the others are.
    """
    console = plain_console(soft_wrap=True)

    def tell(found: RunRecovery) -> None:
        if not options.json and (text := describe(found, dry_run=options.dry_run)):
            console.print(text)

    report = recover(chosen_directory(options), dry_run=options.dry_run, on_run=tell)
    if options.json:
        print(json.dumps(report.to_document() | {"changed": report.changed}))  # noqa: T201
    else:
        for file in report.unnamed_files:
            console.print(f"{file}: no journal names this raw file; it stays where it is")
        console.print(summary(report))
    if problems := report.problems:
        raise StorageError(
            f"{len(problems)} faults in {len(report.runs)} runs: {'; '.join(problems)}"
        )


def describe(found: RunRecovery, *, dry_run: bool) -> str:
    """Return one line on a run, empty when there is nothing to say."""
    if found.problem:
        return ""  # told at the end, as an error
    parts: list[str] = []
    if found.cut_line_bytes:
        parts.append(f"the journal's last line was cut off after {found.cut_line_bytes} bytes")
    if not found.uid:
        parts.append("the journal has no start document: nothing was acquired")
        return f"{found.journal}: {'; '.join(parts)}"
    damaged = found.readable_trials is not None and found.readable_trials < found.trials
    if damaged:
        parts.append(
            f"only {found.readable_trials} of its trials can be read as they were recorded"
        )
    if not found.changed and not damaged:
        return ""
    if found.stopped and not found.dff_trials:
        parts.append("got its stop document")
    if found.added_trials:
        parts.append(f"trial {_numbers(found.added_trials)} added from the files")
    if found.without_entry:
        parts.append(f"trial {_numbers(found.without_entry)} without an entry in stream trials")
    if (torn := found.torn_trial) is not None:
        lengths = ", ".join(f"{device} {count}" for device, count in torn.frames.items())
        parts.append(f"trial {torn.number} torn, frames of {torn.frame_count}: {lengths}")
    if found.dff_trials:
        parts.append(f"dF/F computed of trial {_numbers(found.dff_trials)}")
    if found.catalogue != "whole":
        would = "to be brought" if dry_run else "brought"
        parts.append(f"{would} into the catalogue, where it was {found.catalogue}")
    return f"{found.uid[:8]} {found.what}, {found.trials} trials: {'; '.join(parts)}"


def summary(report: RecoverReport) -> str:
    """Return the last line."""
    changed = sum(run.changed for run in report.runs)
    if not changed:
        return f"{len(report.runs)} runs: nothing to recover"
    return f"{changed} of {len(report.runs)} runs {'to recover' if report.dry_run else 'recovered'}"


def _numbers(trials: tuple[int, ...]) -> str:
    """Return ``3``, or ``3 to 7`` of numbers that follow each other."""
    if len(trials) > 1 and trials[-1] - trials[0] == len(trials) - 1:
        return f"{trials[0]} to {trials[-1]}"
    return ", ".join(map(str, trials))
