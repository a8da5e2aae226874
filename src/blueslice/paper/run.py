"""Doing the experiments: cells over processes, each kept as it is finished."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from blueslice._interruptible_wait import INTERVAL_S
from blueslice.broker import DataDirectory
from blueslice.errors import BadInputError
from blueslice.paper.experiments import EXPERIMENTS, Experiment
from blueslice.paper.laboratory import Laboratory
from blueslice.paper.measures import CellRecord, read_record, write_record

__all__ = ["Task", "do_tasks", "measures_of", "record_path", "tasks_of"]


@dataclass(frozen=True)
class Task:
    """One experiment on one cell."""

    experiment: str
    seed: int


def tasks_of(experiments: Sequence[Experiment], seed: int, cells_factor: float = 1.0) -> list[Task]:
    """List what there is to do.

    Parameters
    ----------
    experiments : sequence of Experiment
        Which.
    seed : int
        Decides all cells.
    cells_factor : float
        So many times the usual number of cells.

    Raises
    ------
    BadInputError
        When the seed is negative or the factor not above 0.
    """
    if seed < 0:
        raise BadInputError(f"seed = {seed}: give a whole number from 0 on")
    if not 0 < cells_factor <= 100:
        raise BadInputError(f"cells_factor = {cells_factor}: give a number above 0, up to 100")
    return [
        Task(one.name, of_cell) for one in experiments for of_cell in one.seeds(seed, cells_factor)
    ]


def record_path(folder: Path, task: Task) -> Path:
    """Return where the record of one cell is kept."""
    return folder / "measures" / task.experiment / f"{task.seed}.json"


def find_record(folder: Path, task: Task) -> CellRecord | None:
    """Return a cell's record if it was made by this version with the same arguments."""
    record = read_record(record_path(folder, task))
    arguments = EXPERIMENTS[task.experiment].arguments
    if record is None or not record.is_of(task.experiment, task.seed, arguments, _version()):
        return None
    return record


def do_task(folder: Path, task: Task) -> CellRecord:
    """Do one experiment on one cell, and keep its record.

    A cell that the analysis refuses (nothing answered, say) is kept as one that failed.
    """
    experiment = EXPERIMENTS[task.experiment]
    laboratory = Laboratory(DataDirectory(folder / "data"), experiment.name)
    failed, measures = "", None
    try:
        measures = experiment.do(laboratory, task.seed, **experiment.arguments)
    except BadInputError as error:
        failed = str(error)
    record = CellRecord(
        experiment=task.experiment,
        seed=task.seed,
        arguments=dict(experiment.arguments),
        version=_version(),
        runs=tuple(laboratory.runs),
        failed=failed,
        measures=None if measures is None else measures.model_dump(),
    )
    write_record(record_path(folder, task), record)
    return record


def do_tasks(
    folder: Path,
    tasks: Sequence[Task],
    *,
    processes: int = 2,
    on_record: Callable[[CellRecord], None] = lambda record: None,
) -> list[CellRecord]:
    """Do what is not yet done; return the records of all, in the order of the tasks.

    Parameters
    ----------
    folder : Path
        Of the report; its ``measures`` hold what is done, its ``data`` what was recorded.
    tasks : sequence of Task
        From `tasks_of`.
    processes : int
        Processes to do them on; 1 does them in this one.
    on_record : callable
        Called with each record, also with those found.
    """
    records = {task: record for task in tasks if (record := find_record(folder, task))}
    for record in records.values():
        on_record(record)
    left = [task for task in tasks if task not in records]
    DataDirectory(folder / "data").create()
    done = _here(folder, left) if processes == 1 else _in_processes(folder, left, processes)
    for task, record in done:
        records[task] = record
        on_record(record)
    return [records[task] for task in tasks]


def _here(folder: Path, tasks: Sequence[Task]) -> Iterator[tuple[Task, CellRecord]]:
    for task in tasks:
        yield task, do_task(folder, task)


def _in_processes(
    folder: Path, tasks: Sequence[Task], processes: int
) -> Iterator[tuple[Task, CellRecord]]:
    if not tasks:
        return
    pool = ProcessPoolExecutor(
        min(processes, len(tasks)), mp_context=get_context("spawn"), initializer=_give_way
    )
    waiting: dict[Future[CellRecord], Task] = {}
    queue = list(reversed(tasks))
    try:
        while queue or waiting:
            # Few at a time: what is interrupted has little to finish.
            while queue and len(waiting) < 2 * processes:
                task = queue.pop()
                waiting[pool.submit(do_task, folder, task)] = task
            # In steps: on Windows a wait that is longer keeps Ctrl-C from having an effect.
            for future in wait(waiting, INTERVAL_S, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _give_way() -> None:
    """Leave Ctrl-C, and the processor where it is short, to others.

    Ctrl-C ends the process with the progress bar, which lets these finish their cell. The
    catalogue is a single process, for which a report would have to wait at its end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(5)


def measures_of(records: Sequence[CellRecord]) -> dict[str, list[Any]]:
    """Collect what each experiment gave, cell by cell; failed cells are left out."""
    found: dict[str, list[Any]] = {}
    for record in records:
        gives = EXPERIMENTS[record.experiment].gives
        kept = found.setdefault(record.experiment, [])
        if record.measures is not None:
            kept.append(gives.model_validate(record.measures))
    return found


def _version() -> str:
    return version("blueslice")
