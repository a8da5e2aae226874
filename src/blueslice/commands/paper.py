"""``blueslice paper``: every experiment of the paper on the simulated rig, and a report of it."""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext

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
from blueslice.commands._plain_console import plain_console
from blueslice.errors import BadInputError
from blueslice.progress import time_text

__all__ = ["PlainProgress", "run"]

# A line for each cell would bury what else a log says.
_LINE_INTERVAL_S = 5.0


class PlainProgress:
    """How far the paper is, in lines: for a file, where a bar shows nothing before its end.

    Parameters
    ----------
    console : rich.console.Console
        Where the lines go, at once.
    clock : callable
        Gives the time in s.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._began_s = clock()
        self._told_s = -_LINE_INTERVAL_S

    def tell(self, text: str) -> None:
        """Write a line."""
        gone = time_text(self._clock() - self._began_s)
        self._console.print(f"{text}, {gone} gone", soft_wrap=True)
        self._told_s = self._clock()

    def cells(self, done: int, of: int, experiment: str) -> None:
        """Tell how many cells are done, not too often."""
        if done == of or self._clock() - self._told_s >= _LINE_INTERVAL_S:
            self.tell(f"{done} of {of} cells, {experiment}")


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
    console = plain_console(stderr=True)
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
    bar = progress.add_task("starting", total=None)
    lines = PlainProgress(console)
    on_terminal = console.is_terminal and not console.is_dumb_terminal

    def on_progress(done: int, of: int, experiment: str) -> None:
        if on_terminal:
            progress.update(bar, completed=done, total=of, description=experiment)
        else:
            lines.cells(done, of, experiment)

    def on_catalogue() -> None:
        if on_terminal:
            progress.update(bar, description="report written, catalogue")
        else:
            lines.tell("report written, waiting for the catalogue")

    if not on_terminal:
        lines.tell("starting the experiments")
    with one_line_logs(), progress if on_terminal else nullcontext():
        made = make_paper(
            options.out,
            seed=options.seed,
            figures=figures,
            cells_factor=options.cells_factor,
            processes=options.processes or os.cpu_count() or 1,
            on_progress=on_progress,
            on_catalogue=on_catalogue,
        )
    counts = Counter(row.mark for row in made.rows)
    told = ", ".join(f"{counts[mark]} {mark}" for mark in counts)
    out = plain_console()
    out.print(f"{len(made.rows)} numbers of the paper: {told}")
    for name, path in (("report", made.report), ("table", made.table)):
        out.print(f"{name:>8}  {path}", soft_wrap=True)
