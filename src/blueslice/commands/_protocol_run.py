"""Run a protocol in a session and show what came out: what `demo` and `replay` share."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bluesky.utils import FailedStatus, MsgGenerator, RunEngineInterrupted
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from blueslice.analysis import Roi, check_rois, response_measures
from blueslice.broker import DataDirectory, default_data_directory
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._rois import read_rois
from blueslice.errors import BluesliceError, InstrumentError
from blueslice.rig import Rig
from blueslice.session import Session

__all__ = ["chosen_directory", "run_protocol"]


def chosen_directory(options: argparse.Namespace) -> DataDirectory:
    """Return the data directory that the options name, or this user's."""
    return DataDirectory(options.data_dir) if options.data_dir else default_data_directory()


def run_protocol(
    options: argparse.Namespace,
    rig: Rig,
    directory: DataDirectory,
    plan: Callable[[], MsgGenerator[str]],
    trials: int,
) -> None:
    """Run a plan with a progress bar; print the table, draw the picture, say where all is."""
    rois = read_rois(options.roi) or None
    sensor = rig.camera.backend.sensor
    check_rois(rois or (), (sensor.rows, sensor.columns))
    console = Console(stderr=options.json)
    with one_line_logs(), _session(rig, directory, rois, console) as session:
        uid = _run(session, plan, trials, console)
        session.live.wait()
        rows = _measure(session)
        picture = _draw(session, uid, directory)
    summary = {
        "run": uid,
        "data_directory": str(directory.path),
        "picture": str(picture) if picture else None,
        "rois": [roi.to_document() for roi in session.parameters.rois]
        if session.parameters
        else [],
        "measures": rows,
    }
    if options.json:
        print(json.dumps(summary))  # noqa: T201
        return
    _print_table(console, rows)
    _print_places(console, uid, directory, summary["picture"])


@contextmanager
def _session(
    rig: Rig, directory: DataDirectory, rois: list[Roi] | None, console: Console
) -> Iterator[Session]:
    """Open a session; say what is waited for while it closes."""
    with Session(rig, directory, rois=rois) as session:
        try:
            yield session
        finally:
            with console.status("the catalogue is taking in what is left"):
                session.close()


def _run(
    session: Session, plan: Callable[[], MsgGenerator[str]], trials: int, console: Console
) -> str:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Into a file or another program a bar would only be noise.
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("trials", total=trials)

        done = 0

        def count(name: str, doc: dict[str, Any]) -> None:
            nonlocal done
            if doc.get("data", {}).get("trial-number") is not None:
                done = doc["data"]["trial-number"]
                progress.update(task, completed=done)

        session.RE.subscribe(count, "event")
        try:
            session.RE(plan())
        except FailedStatus as failure:
            cause = failure.__cause__
            kept = f"{done} of {trials} trials were completed and are kept"
            if isinstance(cause, BluesliceError):
                raise type(cause)(f"{cause}; {kept}") from None
            reason = " ".join(str(cause or failure).split())
            raise InstrumentError(
                f"the protocol was broken off ({reason}); check that instrument; {kept}"
            ) from failure
        except RunEngineInterrupted:
            # A paused run waits for a person at a prompt, and a command has none.
            session.RE.abort("interrupted")
            raise KeyboardInterrupt from None
    return session.start["uid"]


def _measure(session: Session) -> list[dict[str, Any]]:
    """Return a row per trial, ROI and ion."""
    rows: list[dict[str, Any]] = []
    parameters = session.parameters
    if parameters is None:
        return rows
    blanks = session.start.get("blanks", [])
    for number, result in sorted(session.results.items()):
        for trace in result.traces:
            for k, roi in enumerate(parameters.rois):
                measures = response_measures(trace.time_s, trace.dff[k], parameters.baseline_s[1])
                rows.append(
                    {
                        "trial": number,
                        "blank": number <= len(blanks) and blanks[number - 1],
                        "roi": roi.name,
                        "ion": trace.ion,
                        "peak_dff": _number(measures.peak_dff),
                        "peak_time_s": _number(measures.peak_time_s),
                        "rise_10_90_s": _number(measures.rise_10_90_s),
                        "half_decay_s": _number(measures.half_decay_s),
                        "damaged_frames": int((~trace.valid).sum()),
                    }
                )
    return rows


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _print_table(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table(
        title="dF/F from the first stimulus",
        caption="rise from 10 to 90 %, decay to half; damaged: frames that were used for nothing",
    )
    for heading in ("trial", "ROI", "ion"):
        table.add_column(heading)
    for heading in ("peak (%)", "at (ms)", "rise (ms)", "decay (ms)", "damaged"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row['trial']} blank" if row["blank"] else str(row["trial"]),
            row["roi"],
            row["ion"],
            *(
                "-" if row[key] is None else f"{row[key] * scale:.1f}"
                for key, scale in (
                    ("peak_dff", 100),
                    ("peak_time_s", 1000),
                    ("rise_10_90_s", 1000),
                    ("half_decay_s", 1000),
                )
            ),
            str(row["damaged_frames"]),
        )
    console.print(table)


def _draw(session: Session, uid: str, directory: DataDirectory) -> Any:
    if session.parameters is None or not session.results:
        return None
    from blueslice.view.summary_figure import save_summary

    return save_summary(session, uid, directory.path / "figures" / f"{uid[:8]}.png")


def _print_places(
    console: Console, uid: str, directory: DataDirectory, picture: str | None
) -> None:
    lines = [
        ("run", uid),
        ("picture", picture or "none: no stimulated trial"),
        ("frames and voltage", str(directory.raw)),
        ("journal", str(directory.journal)),
        ("open it in Python", f'databroker.catalog["blueslice"].v3["{uid[:8]}"]'),
        ("list runs", f'blueslice runs --data-dir "{directory.path}"'),
    ]
    for name, value in lines:
        console.print(f"{name:>20}  {value}", soft_wrap=True, highlight=False)
