"""Run plans in a session and show what came out: what `demo`, `replay` and `run` share."""

import argparse
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from bluesky.utils import FailedStatus
from rich.console import Console
from rich.status import Status

from blueslice._exposure_budget import refuse_excess
from blueslice._failures import failures, failures_text, keep_failures
from blueslice._shell_words import shell_word
from blueslice.analysis import check_rois
from blueslice.broker import DataDirectory, opening_code
from blueslice.callbacks import AT_BRIGHTEST
from blueslice.commands._dry_run import show_dry_run
from blueslice.commands._measures import (
    measure,
    measure_means,
    print_means,
    print_measures,
    session_sizes,
)
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._pause_question import (
    EndedAtPauseError,
    PauseQuestion,
    read_terminal,
    run_to_end,
)
from blueslice.commands._plain_console import plain_console
from blueslice.commands._planned_step import PlannedStep, light_of
from blueslice.commands._rois import read_rois
from blueslice.errors import (
    BadInputError,
    BluesliceError,
    InstrumentError,
    StillOnError,
    StorageError,
)
from blueslice.ledger import ExposureBudget, read_cell
from blueslice.ledger_session import check_cell_name
from blueslice.progress import ProgressDisplay
from blueslice.recover import kept_trials
from blueslice.rig import Rig, load_rig, make_sim_rig
from blueslice.session import Session

__all__ = ["chosen_rig", "run_protocol"]


def chosen_rig(options: argparse.Namespace, directory: DataDirectory) -> Rig:
    """Return the rig that the options name, or a simulated one.

    Raises
    ------
    BadInputError
        When the rig file cannot be used, or something is asked for that it decides.
    """
    if options.rig is None:
        pace = "fast" if options.fast else "real"
        return make_sim_rig(options.seed or 0, data_directory=directory, pace=pace)
    for option, given in (("--fast", options.fast), ("--seed", options.seed is not None)):
        if given:
            raise BadInputError(
                f"{option} and --rig: the rig file decides it; leave one of them out"
            )
    return load_rig(options.rig, data_directory=directory)


def run_protocol(
    options: argparse.Namespace,
    rig: Rig,
    directory: DataDirectory,
    steps: Sequence[PlannedStep],
    *,
    cell: str | None = None,
    budget: ExposureBudget | None = None,
) -> None:
    """Run plans with a progress bar; for each print the table and draw the picture.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    rig : Rig
        The rig.
    directory : DataDirectory
        Where everything is kept.
    steps : sequence of PlannedStep
        The plans, already rehearsed.
    cell : str, optional
        The cell, where the options name none; by default a new one.
    budget : ExposureBudget, optional
        Of the cell.
    """
    rois = read_rois(options.roi) or None
    sensor = rig.camera.backend.sensor
    check_rois(rois or (), (sensor.rows, sensor.columns))
    asked = getattr(options, "cell", None)
    cell = cell if asked is None else asked
    check_cell_name(rig, cell)
    budget = budget or ExposureBudget()
    if getattr(options, "dry_run", False):
        show_dry_run(options, rig, directory, steps, cell=cell, budget=budget)
        return
    exceed = getattr(options, "exceed_budget", False)
    if not exceed and not rig.recorded_trials:
        # All steps together: a protocol that would be refused half-way is not begun.
        used_s = read_cell(directory.journal, cell).total_s if cell else 0.0
        planned_s = sum(light_of(steps).values())
        refuse_excess(cell or "new", used_s, planned_s, budget)
    console = plain_console(stderr=options.json)
    _tell_opening(console, options)
    with (
        one_line_logs(),
        # Bluesky prints that it pauses; with --json there is one line of JSON and nothing else.
        redirect_stdout(io.StringIO()) if options.json else nullcontext(),
        _session(rig, directory, console, rois=rois, cell=cell, exposure_budget=budget) as session,
    ):
        if exceed:
            session.allow_exposure()
        ProgressDisplay(
            session.RE,
            rig.rest.name,
            console,
            [step.rehearsal for step in steps],
            lines=not options.json,
        )
        journals: list[Path] = []
        session.RE.subscribe(
            lambda _, start: journals.append(session.journal.path_of(start)), "start"
        )
        question = PauseQuestion(plain_console(stderr=True), read_terminal())
        summaries = [
            _run_step(session, steps, place, journals, question) for place in range(len(steps))
        ]
        exposure = session.exposure if session.cell else None
    _refuse_lost(journals, sum(len(step.rehearsal.trials) for step in steps))
    if options.json:
        # One run is told as itself.
        whole = summaries[0] if len(steps) == 1 else {"steps": summaries}
        print(json.dumps({**whole, "data_directory": str(directory.path)}))  # noqa: T201
        return
    for summary in summaries:
        if len(steps) > 1:
            console.print(f"\nstep {summary['step']}: {summary['plan']}", style="bold")
        print_measures(console, summary["measures"])
        print_means(console, summary["means"], summary["measures"])
        picture = summary["picture"] or "none: no stimulated trial"
        _print_lines(console, [("run", summary["run"]), ("picture", picture)])
    _print_lines(console, _places(directory, summaries[-1]["run"]))
    if exposure is not None:
        light = f"{exposure.total_s:.3g} of {budget.light_s:.3g} s for the cell {exposure.cell}"
        _print_lines(console, [("light", light)])


def _refuse_lost(journals: Sequence[Path], planned: int) -> None:
    """Look at what is on the disk before telling where it is.

    Raises
    ------
    StorageError
        When somebody has removed some of it meanwhile.
    """
    lost = [path for path in journals if not path.exists()]
    kept = sum(map(kept_trials, journals))
    if lost or kept == 0 < planned:
        raise StorageError(
            f"{kept} of {planned} trials are on the disk"
            + (f", and the journal {lost[0]} is gone" if lost else ", the raw files are gone")
            + ": something has removed files of the data directory during the run; restore them "
            "from a copy if there is one, then run 'blueslice recover'"
        )


@contextmanager
def _session(
    rig: Rig, directory: DataDirectory, console: Console, **options: Any
) -> Iterator[Session]:
    """Open a session; say what is waited for while it closes."""
    with Session(rig, directory, **options) as session:
        try:
            yield session
        except BaseException as error:
            with _closing_shown(console):
                session.__exit__(type(error), error, error.__traceback__)
            raise
        with _closing_shown(console):
            session.close()


def _tell_opening(console: Console, options: argparse.Namespace) -> None:
    """Say what is waited for, which takes some seconds; a file would be empty until then."""
    if not options.json:
        console.print("opening catalogue and live analysis", soft_wrap=True)


def _closing_shown(console: Console) -> Status:
    return console.status("the catalogue is taking in what is left")


def _run_step(
    session: Session,
    steps: Sequence[PlannedStep],
    place: int,
    journals: Sequence[Path],
    question: PauseQuestion,
) -> dict[str, Any]:
    """Run one step; return what came out of it."""
    labels: dict[int, dict[str, str]] = {}
    uid = _run(session, steps, place, labels, journals, question)
    session.live.wait()
    _keep_rois(session)
    picture = _draw(session, uid, session.data_directory)
    sizes = session_sizes(session)
    return {
        "step": place + 1,
        "plan": steps[place].name,
        "run": uid,
        "picture": str(picture) if picture else None,
        "rois": [roi.to_document() for roi in session.parameters.rois]
        if session.parameters
        else [],
        "measures": measure(session, sizes, labels),
        "means": measure_means(session, sizes, labels),
    }


def _keep_rois(session: Session) -> None:
    """Measure later steps where this one was measured.

    Found anew they would be other tissue. One that was placed by the resting light alone, because
    nothing answered, is no reason to measure there when something does.
    """
    blind = any(trial.roi_found == AT_BRIGHTEST for trial in session.analysed.values())
    if session.parameters is not None and session.live.options.rois is None and not blind:
        rois = tuple(session.parameters.rois)
        session.live.options = replace(session.live.options, rois=rois)


def _run(
    session: Session,
    steps: Sequence[PlannedStep],
    place: int,
    labels: dict[int, dict[str, str]],
    journals: Sequence[Path],
    question: PauseQuestion,
) -> str:
    total = sum(len(step.rehearsal.trials) for step in steps)

    def count(name: str, doc: dict[str, Any]) -> None:
        data = doc["data"]
        if "trial-number" in data:
            keys = ("phase", "condition")
            labels[data["trial-number"]] = {key: data.get(f"trial-{key}", "") for key in keys}

    token = session.RE.subscribe(count, "event")
    try:
        run_to_end(session.RE, steps[place].plan(), question)
    except (FailedStatus, StillOnError, StorageError) as failure:
        raise _as_told(failure, _kept(journals, total)) from failure
    except EndedAtPauseError as ended:
        told = f"{ended}; {_kept(journals, total)}"
        if steps[place].name == "drug_wash":
            uid = session.start["uid"][:8]
            told += f"; 'blueslice run FILE --resume {uid}' goes on with that step"
        raise EndedAtPauseError(told) from None
    finally:
        session.RE.unsubscribe(token)
    return session.start["uid"]


def _kept(journals: Sequence[Path], total: int) -> str:
    """Say how many trials are kept: as they are on the disk now, not as they were told of."""
    return f"{sum(map(kept_trials, journals))} of {total} trials were completed and are kept"


def _as_told(failure: Exception, kept: str) -> BluesliceError:
    """Return what the command prints of a run that failed."""
    causes, told = failures(failure), failures_text(failure)
    if isinstance(causes[0], BluesliceError):
        error = type(causes[0])(f"{told}; {kept}")
    else:
        error = InstrumentError(
            f"the protocol was broken off ({told}); check that instrument; {kept}"
        )
    # For what may still be found to be on when the session is closed.
    keep_failures(error, [*causes, InstrumentError(kept)])
    return error


def _draw(session: Session, uid: str, directory: DataDirectory) -> Any:
    if session.parameters is None or not session.results:
        return None
    from blueslice.view.summary_figure import save_summary

    folder = directory.path / "figures"
    folder.mkdir(mode=0o700, exist_ok=True)
    return save_summary(session, uid, folder / f"{uid[:8]}.png")


def _places(directory: DataDirectory, uid: str) -> list[tuple[str, str]]:
    return [
        ("frames and voltage", str(directory.raw)),
        ("journal", str(directory.journal)),
        ("open it in Python", opening_code(directory, uid[:8])),
        ("list runs", f"blueslice runs --data-dir {shell_word(directory)}"),
    ]


def _print_lines(console: Console, lines: list[tuple[str, str]]) -> None:
    for name, value in lines:
        console.print(f"{name:>20}  {value}", soft_wrap=True)
