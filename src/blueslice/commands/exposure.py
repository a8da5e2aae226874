"""``blueslice exposure [CELL]``: the light that cells have had."""

import argparse
import json

from rich.table import Table

from blueslice._key_names import nearest
from blueslice._lab_time import lab_time
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._plain_console import plain_console
from blueslice.errors import BadInputError
from blueslice.ledger import CellExposure, ExposureBudget, add_light, list_cells

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Print the exposure ledger: a line for each cell, or for each run of one.

    Raises
    ------
    BadInputError
        When no run names this cell.
    """
    with one_line_logs():
        cells = list_cells(chosen_directory(options).journal)
    if options.cell is not None:
        cells = [cell for cell in cells if cell.cell == options.cell] or _refuse(
            options.cell, cells
        )
    if options.json:
        print(json.dumps([_row(cell) for cell in cells]))  # noqa: T201
    elif options.cell is not None:
        plain_console().print(_runs_table(cells[0]))
    else:
        plain_console().print(_cells_table(cells))


def _refuse(name: str, cells: list[CellExposure]) -> list[CellExposure]:
    raise BadInputError(
        f"cell {name!r}: no run names it; {nearest(name, [cell.cell for cell in cells])}"
    )


def _row(cell: CellExposure) -> dict[str, object]:
    return {
        "cell": cell.cell,
        "trials": cell.trials,
        "light_s": {f"{nm:g}": light_s for nm, light_s in cell.light_s.items()},
        "total_s": cell.total_s,
        "runs": [run.to_document() for run in cell.runs],
    }


def _cells_table(cells: list[CellExposure]) -> Table:
    wavelengths_nm = list(add_light(cell.light_s for cell in cells))
    table = _table(["cell", "last lit"], ["runs", "trials"], wavelengths_nm)
    for cell in cells:
        table.add_row(
            cell.cell,
            _when(cell.runs[-1].time),
            str(len(cell.runs)),
            str(cell.trials),
            *_light(cell.light_s, wavelengths_nm),
        )
    return table


def _runs_table(cell: CellExposure) -> Table:
    wavelengths_nm = list(cell.light_s)
    table = _table(["run", "time", "plan"], ["trials"], wavelengths_nm)
    for run in cell.runs:
        cells = (run.run[:8], _when(run.time), run.plan, str(run.trials))
        table.add_row(*cells, *_light(run.light_s, wavelengths_nm))
    table.add_section()
    table.add_row(cell.cell, "", "", str(cell.trials), *_light(cell.light_s, wavelengths_nm))
    return table


def _table(texts: list[str], numbers: list[str], wavelengths_nm: list[float]) -> Table:
    table = Table(
        title="light of completed trials, in s",
        caption=f"%: of {ExposureBudget().light_s:g} s, the budget unless told otherwise",
    )
    for heading in texts:
        table.add_column(heading, no_wrap=heading != "cell")
    for heading in (*numbers, *(f"{nm:g} nm" for nm in wavelengths_nm), "total", "%"):
        table.add_column(heading, justify="right")
    return table


def _light(light_s: dict[float, float], wavelengths_nm: list[float]) -> list[str]:
    total_s = sum(light_s.values())
    return [
        *(f"{light_s.get(nm, 0.0):.3f}" for nm in wavelengths_nm),
        f"{total_s:.3f}",
        f"{100 * total_s / ExposureBudget().light_s:.0f}",
    ]


def _when(time: float) -> str:
    began = lab_time({"time": time})
    return f"{began:%Y-%m-%d %H:%M}" if began else f"no date ({time})"
