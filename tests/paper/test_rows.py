"""Rows of the report's table, and its CSV."""

import csv

import pytest

from blueslice.errors import StorageError
from blueslice.paper import COLUMNS, Row, Value, number, rows_of, write_csv


def test_csv_has_every_number_and_leaves_empty_what_is_not_known(tmp_path):
    numbers = [number(name) for name in ("sodium-rise", "cnqx-sodium", "qx-p", "bath-sodium")]
    values = {
        "sodium-rise": Value(7.123456, 6.5, 8.25, 2.0, 40),
        "cnqx-sodium": Value(15.0, 2.0, 20.0),
        "qx-p": Value(0.6),
    }
    rows = rows_of(numbers, values)
    write_csv(tmp_path / "table.csv", rows)
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == COLUMNS
    marks = {row["id"]: row["mark"] for row in read}
    assert marks == {
        "sodium-rise": "inside",
        "cnqx-sodium": "outside",
        "qx-p": "inconsistent",
        "bath-sodium": "missing",
    }
    rise = read[0]
    assert (rise["paper"], rise["paper_sd"], rise["ours"]) == ("8.6", "2.7", "7.1235")
    assert (rise["low"], rise["high"]) == ("6.5", "8.25")
    assert read[1]["paper"] == "almost abolished"
    assert read[3]["ours"] == read[3]["low"] == ""


def test_a_row_says_why_it_is_not_met():
    assert "composition" in Row(number("bath-sodium"), None).why
    assert Row(number("sodium-rise"), None).why == "no cell showed it"
    assert "0.93" in Row(number("qx-p"), Value(0.6, note="Welch's t test")).why


def test_a_table_that_is_open_in_another_program_stays_and_the_new_one_is_kept(
    windows_files, tmp_path
):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with path.open("rb"), pytest.raises(StorageError, match=r"beside it as new-table\.csv"):
        write_csv(path, [])
    assert path.read_text() == "old"
    assert (tmp_path / "new-table.csv").read_text().startswith("id,figure,")
    write_csv(path, [])
    assert path.read_text().startswith("id,figure,")
