"""The paper's numbers beside ours: the rows of the report and of its CSV."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blueslice._replace_file import written_beside
from blueslice.paper.numbers import Mark, PaperNumber
from blueslice.paper.values import Value

__all__ = ["COLUMNS", "Row", "rows_of", "write_csv"]

COLUMNS = ("id", "figure", "what", "paper", "paper_sd", "ours", "low", "high", "mark")


@dataclass(frozen=True)
class Row:
    """One number of the paper and ours.

    Attributes
    ----------
    number : PaperNumber
        The paper's.
    value : Value or None
        Ours; None where nothing measures it.
    """

    number: PaperNumber
    value: Value | None

    @property
    def mark(self) -> Mark:
        """How ours stands to the paper's."""
        return self.number.mark(None if self.value is None else self.value.value)

    @property
    def why(self) -> str:
        """What a reader has to know beside the numbers."""
        number = self.number
        parts = [number.inconsistent, "" if self.value is None else self.value.note]
        if self.mark == "missing":
            parts.append(number.missing or "no cell showed it")
        return "; ".join(part for part in parts if part)


def rows_of(numbers: Sequence[PaperNumber], values: Mapping[str, Value]) -> list[Row]:
    """Put ours beside each of the paper's numbers, in their order."""
    return [Row(number, values.get(number.id)) for number in numbers]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows; what is not known is empty.

    Raises
    ------
    StorageError
        When it cannot be written, or the table that was there is open in another program.
    """
    with (
        written_beside(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            number, value = row.number, row.value or Value(math.nan)
            paper = number.paper if number.paper is not None else number.says
            writer.writerow(
                [
                    number.id,
                    number.figure,
                    f"{number.what} ({number.unit})" if number.unit else number.what,
                    "" if paper is None else paper,
                    "" if number.paper_sd is None else number.paper_sd,
                    *(f"{x:.5g}" if math.isfinite(x) else "" for x in _ours(value)),
                    row.mark,
                ]
            )


def _ours(value: Value) -> tuple[float, float, float]:
    return value.value, value.low, value.high
