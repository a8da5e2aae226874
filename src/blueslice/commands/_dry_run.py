"""What ``--dry-run`` shows: the timeline, the light, and the timing of each kind of trial."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from blueslice.broker import DataDirectory
from blueslice.commands._plain_console import plain_console
from blueslice.commands._planned_step import PlannedStep, light_of
from blueslice.commands._timeline_rows import TimelineRow, timeline_rows
from blueslice.ledger import CellExposure, ExposureBudget, read_cell
from blueslice.protocols import RehearsedSolution, RehearsedWait
from blueslice.rig import Rig
from blueslice.trial import Trial

__all__ = ["show_dry_run"]

DIAGRAM_WIDTH = 100


def show_dry_run(
    options: argparse.Namespace,
    rig: Rig,
    directory: DataDirectory,
    steps: Sequence[PlannedStep],
    *,
    cell: str | None,
    budget: ExposureBudget,
) -> None:
    """Print what would be done; nothing is connected, lit or written.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    rig, directory
        What it would be done with.
    steps : sequence of PlannedStep
        What would be done.
    cell : str or None
        The cell whose earlier light counts; None for a new one.
    budget : ExposureBudget
        Of the cell.
    """
    exposure = read_cell(directory.journal, cell) if cell else CellExposure(cell="new cell")
    if options.json:
        print(json.dumps(_summary(rig, steps, exposure, budget)))  # noqa: T201
        return
    console = plain_console()
    trials = _distinct_trials(steps)
    console.print(_timeline(steps, trials))
    console.print(_light_table(rig, steps))
    console.print(_budget_line(steps, exposure, budget), soft_wrap=True)
    for number, step in enumerate(steps, start=1):
        for text in step.rehearsal.advice:
            told = f"attention: step {number} ({step.name}): {text}"
            console.print(told, soft_wrap=True)
    width = max(40, min(console.width, DIAGRAM_WIDTH))
    ascii_only = "utf" not in console.encoding.lower()
    for place, trial in enumerate(trials):
        diagram = trial.timing_diagram(width, ascii_only=ascii_only)
        told = f"\ntrial {_letter(place)}\n{diagram}"
        console.print(told, soft_wrap=True)
    told = (
        "\ntimes are without what the instruments need between trials; nothing was lit or written"
    )
    console.print(told, soft_wrap=True)


def _timeline(steps: Sequence[PlannedStep], letters: Sequence[Trial]) -> Table:
    table = Table(title="what will be done", title_justify="left")
    table.add_column("from", justify="right")
    table.add_column("what", overflow="fold")
    table.add_column("trials", justify="right")
    table.add_column("light (s)", justify="right")
    begins_s = 0.0
    for number, step in enumerate(steps, start=1):
        rehearsal = step.rehearsal
        table.add_row(
            _clock(begins_s),
            f"step {number}: {step.name}",
            str(len(rehearsal.trials)),
            f"{sum(rehearsal.light_s.values()):.3g}",
            style="bold",
        )
        for row in timeline_rows(rehearsal.events):
            table.add_row(_clock(row.begins_s), f"  {_words(row, letters)}", str(row.trials or ""))
        if rehearsal.depends_on_data:
            table.add_row("", "  from here on it depends on what is recorded")
        begins_s = rehearsal.ends_s
    table.add_row(
        _clock(begins_s),
        "end",
        str(sum(len(step.rehearsal.trials) for step in steps)),
        f"{sum(light_of(steps).values()):.3g}",
        style="bold",
    )
    return table


def _words(row: TimelineRow, letters: Sequence[Trial]) -> str:
    first = row.first
    if isinstance(first, RehearsedSolution):
        return f"{first.solution} flows"
    if isinstance(first, RehearsedWait):
        return f"rest of {_clock(first.length_s)}"
    if not first.number:
        return f"{row.count} x test of the cell, not kept"
    kind = f"trial {_letter(letters.index(first.trial))}"
    parts = [f"{row.count} x {kind}" if row.count > 1 else kind]
    if row.rest_s:
        parts.append(f"{_clock(row.rest_s)} between")
    blank = "blank" if first.trial.blank else ""
    return ", ".join(part for part in (*parts, blank, first.phase, first.condition) if part)


def _letter(place: int) -> str:
    """Return A, B, ... Z, AA, AB, ..."""
    text = ""
    while place >= 0:
        text = chr(ord("A") + place % 26) + text
        place = place // 26 - 1
    return text


def _clock(seconds: float) -> str:
    """Return a time as ``0:03.2``, or ``1:00:03.2`` from an hour on."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest}" if minutes >= 60 else f"{minutes}:{rest}"


def _distinct_trials(steps: Sequence[PlannedStep]) -> list[Trial]:
    trials: list[Trial] = []
    for step in steps:
        for event in step.rehearsal.trials:
            if event.trial not in trials:
                trials.append(event.trial)
    return trials


def _wavelengths_nm(rig: Rig) -> dict[int, float]:
    return dict(zip((1, 2), rig.indicators.wavelengths_nm, strict=True))


def _light_table(rig: Rig, steps: Sequence[PlannedStep]) -> Table:
    table = Table(title="light", title_justify="left")
    for heading in ("LED", "nm", "light (s)"):
        table.add_column(heading, justify="right")
    wavelengths_nm = _wavelengths_nm(rig)
    for led, light_s in light_of(steps).items():
        table.add_row(str(led), f"{wavelengths_nm[led]:g}", f"{light_s:.3g}")
    return table


def _budget_line(
    steps: Sequence[PlannedStep], exposure: CellExposure, budget: ExposureBudget
) -> str:
    planned_s = sum(light_of(steps).values())
    after_s = exposure.total_s + planned_s
    told = (
        f"{exposure.cell}: {exposure.total_s:.3g} s of light so far, {after_s:.3g} s after this, "
        f"{after_s / budget.light_s:.0%} of its budget of {budget.light_s:.3g} s"
    )
    if after_s > budget.light_s:
        told += "; it will be refused without --exceed-budget"
    return told


def _summary(
    rig: Rig, steps: Sequence[PlannedStep], exposure: CellExposure, budget: ExposureBudget
) -> dict[str, Any]:
    wavelengths_nm = _wavelengths_nm(rig)
    return {
        "steps": [
            {
                "plan": step.name,
                "trials": len(step.rehearsal.trials),
                "ends_s": step.rehearsal.ends_s,
                "light_s": {
                    f"{wavelengths_nm[led]:g}": light_s
                    for led, light_s in step.rehearsal.light_s.items()
                },
                "depends_on_data": step.rehearsal.depends_on_data,
                "advice": list(step.rehearsal.advice),
            }
            for step in steps
        ],
        "duration_s": steps[-1].rehearsal.ends_s,
        "planned_light_s": sum(light_of(steps).values()),
        "cell": exposure.cell,
        "light_so_far_s": exposure.total_s,
        "budget_s": budget.light_s,
        "timing": [trial.to_document() for trial in _distinct_trials(steps)],
    }
