"""``blueslice paper``: every experiment of the paper on the simulated rig, and a report of it."""

import argparse
import os
from collections import Counter

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from blueslice.commands._one_line_log import one_line_logs
from blueslice.errors import BadInputError

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Run it, with a progress bar.

    Raises
    ------
    BadInputError
        Before anything is done, when something is not allowed.
    """
    # These take a second to import: --help does not wait for them.
    from blueslice.paper import FIGURES, make_paper

    figures = tuple(dict.fromkeys(options.figure)) or FIGURES
    unknown = [figure for figure in figures if figure not in FIGURES]
    if unknown:
        raise BadInputError(f"--figure {unknown[0]}: choose one of {', '.join(FIGURES)}")
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}", justify="right"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
    )
    with one_line_logs(), progress:
        bar = progress.add_task("starting", total=None)
        made = make_paper(
            options.out,
            seed=options.seed,
            figures=figures,
            cells_factor=options.cells_factor,
            processes=options.processes or os.cpu_count() or 1,
            on_progress=lambda done, of, experiment: progress.update(
                bar, completed=done, total=of, description=experiment
            ),
            on_catalogue=lambda: progress.update(bar, description="report written, catalogue"),
        )
    counts = Counter(row.mark for row in made.rows)
    told = ", ".join(f"{counts[mark]} {mark}" for mark in counts)
    out = Console()
    out.print(f"{len(made.rows)} numbers of the paper: {told}", highlight=False)
    for name, path in (("report", made.report), ("table", made.table)):
        out.print(f"{name:>8}  {path}", soft_wrap=True, highlight=False)
