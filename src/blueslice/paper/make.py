"""The paper, executed: experiments, figures, report and CSV."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from blueslice.broker import DataDirectory
from blueslice.errors import BadInputError
from blueslice.paper.catalogue import ReportCatalogue
from blueslice.paper.experiments import experiments_of, values_of
from blueslice.paper.figures import draw_figure, figure_title, legend_of
from blueslice.paper.measures import CellRecord
from blueslice.paper.numbers import FIGURES
from blueslice.paper.paper_numbers import numbers_of
from blueslice.paper.report import Drawn, Header, write_report
from blueslice.paper.rows import Row, rows_of, write_csv
from blueslice.paper.run import do_tasks, measures_of, tasks_of

__all__ = ["Made", "make_paper"]

_PACKAGES = ("blueslice", "bluesky", "ophyd-async", "tiled", "numpy", "scipy")
# What may still be on its way into the catalogue when the last cell is done.
_CATALOGUE_S = 3600.0


@dataclass(frozen=True)
class Made:
    """What came of it.

    Attributes
    ----------
    report, table : Path
        The HTML and the CSV.
    rows : list of Row
        The table.
    """

    report: Path
    table: Path
    rows: list[Row]


def make_paper(
    folder: Path,
    *,
    seed: int = 0,
    figures: Sequence[str] = FIGURES,
    cells_factor: float = 1.0,
    processes: int = 2,
    catalogue: bool = True,
    on_progress: Callable[[int, int, str], None] = lambda done, of, experiment: None,
    on_catalogue: Callable[[], None] = lambda: None,
    now: Callable[[], datetime] = datetime.now,
    clock: Callable[[], float] = time.monotonic,
) -> Made:
    """Run the paper's experiments on a simulated rig and write report and table.

    What an earlier call with the same seed has measured in this folder is not measured again.

    Parameters
    ----------
    folder : Path
        Where everything goes: ``data`` (recordings, journal, catalogue), ``measures``, and the
        report and table, which for some of the figures are named after them.
    seed : int
        Decides all cells.
    figures : sequence of str
        Which, of `FIGURES`.
    cells_factor : float
        So many times the usual number of cells.
    processes : int
        Processes for the experiments.
    catalogue : bool
        False to leave the runs in files and journals only.
    on_progress : callable
        Called with cells done, cells in all and the experiment.
    on_catalogue : callable
        Called when report and table are written and the catalogue is waited for.
    now, clock : callable
        Local time, and seconds.

    Returns
    -------
    Made

    Raises
    ------
    BadInputError
        Before anything is done, when something is not allowed.
    StorageError
        When something cannot be written, or another process writes into the folder.
    """
    unknown = [figure for figure in figures if figure not in FIGURES]
    if unknown or not figures:
        raise BadInputError(f"figure {', '.join(unknown)!r}: choose of {', '.join(FIGURES)}")
    if processes < 1:
        raise BadInputError(f"processes = {processes}: give 1 or more")
    began_s = clock()
    folder = Path(folder).absolute()
    tasks = tasks_of(experiments_of(figures), seed, cells_factor)
    directory = DataDirectory(folder / "data")
    done = 0

    def note(record: CellRecord) -> None:
        nonlocal done
        done += 1
        on_progress(done, len(tasks), record.experiment)

    def write(records: Sequence[CellRecord]) -> Made:
        return _write(folder, directory, seed, figures, records, now(), clock() - began_s)

    if not catalogue:
        return write(do_tasks(folder, tasks, processes=processes, on_record=note))
    with ReportCatalogue(directory) as runs:

        def keep(record: CellRecord) -> None:
            runs.add(record)
            note(record)

        # The catalogue may be behind: the report does not wait for it.
        made = write(do_tasks(folder, tasks, processes=processes, on_record=keep))
        on_catalogue()
        runs.wait(_CATALOGUE_S)
    return made


def _write(
    folder: Path,
    directory: DataDirectory,
    seed: int,
    figures: Sequence[str],
    records: Sequence[CellRecord],
    made: datetime,
    seconds: float,
) -> Made:
    """Analyse what the cells gave, draw, and write report and table."""
    found = measures_of(records)
    values = values_of(found)
    drawn = [
        Drawn(
            figure,
            figure_title(figure),
            legend_of(figure),
            draw_figure(figure, found),
            rows_of(numbers_of(figure), values),
        )
        for figure in FIGURES
        if figure in figures
    ]
    whole = set(figures) == set(FIGURES)
    name = "report" if whole else "figure-" + "-".join(one.figure for one in drawn)
    rows = [row for one in drawn for row in one.rows]
    header = Header(
        seed=seed,
        versions={package: version(package) for package in _PACKAGES},
        made=made,
        seconds=seconds,
        cells=len(records),
        runs=sum(len(record.runs) for record in records),
        failed=[f"{r.experiment}, cell {r.seed}: {r.failed}" for r in records if r.failed],
        data=str(directory),
    )
    report, table = folder / f"{name}.html", folder / f"{name}.csv"
    try:
        write_report(report, header, drawn)
    finally:
        # Also when the report is open in another program, which keeps it from being replaced.
        write_csv(table, rows)
    return Made(report, table, rows)
