"""The paper, executable: Miyazaki & Ross 2017 on the simulated rig, figure by figure."""

from blueslice.paper.make import Made, make_paper
from blueslice.paper.numbers import FIGURES, Mark, PaperNumber
from blueslice.paper.paper_numbers import NUMBERS, number, numbers_of
from blueslice.paper.rows import COLUMNS, Row, rows_of, write_csv
from blueslice.paper.values import Value

__all__ = [
    "COLUMNS",
    "FIGURES",
    "NUMBERS",
    "Made",
    "Mark",
    "PaperNumber",
    "Row",
    "Value",
    "make_paper",
    "number",
    "numbers_of",
    "rows_of",
    "write_csv",
]
