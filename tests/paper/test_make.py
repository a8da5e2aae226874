"""One figure end to end, resumed after an interruption; a report that tells everything."""

import csv
import json
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser

import pytest

from blueslice.broker import DataDirectory, open_catalogue
from blueslice.callbacks.journal_files import find_journals
from blueslice.errors import BadInputError, StorageError
from blueslice.paper import FIGURES, NUMBERS, make, make_paper, numbers_of
from blueslice.paper.experiments import EXPERIMENTS, experiments_of, values_of
from blueslice.paper.figures import figure_title, legend_of
from blueslice.paper.measures import CellRecord, read_record, write_record
from blueslice.paper.report import Drawn, Header, write_report
from blueslice.paper.rows import rows_of
from blueslice.paper.run import Task, record_path, tasks_of


class Interruption(Exception):
    """Stands for Ctrl-C, which pytest would take for itself."""


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids = Counter()
        self.pictures = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids[found["id"]] += 1
        if tag == "img":
            self.pictures.append(found["src"])
        # One file that needs no other.
        assert (found.get("src") or "data:").startswith("data:")


def _page(path):
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


# Figure 6 with two cells of each drug.
FEW = {"figures": ("6",), "cells_factor": 0.01, "processes": 1}


@pytest.mark.long
def test_a_figure_end_to_end_is_resumed_and_not_repeated(tmp_path):
    seen = []

    def interrupted(done, of, experiment):
        seen.append((done, of, experiment))
        if done == 1:
            raise Interruption

    with pytest.raises(Interruption):
        make_paper(tmp_path, seed=3, catalogue=False, on_progress=interrupted, **FEW)
    assert seen == [(1, 4, "cnqx")]
    first = find_journals(tmp_path / "data" / "journal")
    assert len(first) == 1

    progress = []
    made = make_paper(
        tmp_path,
        seed=3,
        catalogue=False,
        on_progress=lambda done, of, experiment: progress.append(experiment),
        now=lambda: datetime(2026, 1, 2, 3, 4),
        **FEW,
    )
    assert progress == ["cnqx", "cnqx", "ttx", "ttx"]
    journals = find_journals(tmp_path / "data" / "journal")
    assert len(journals) == 4
    assert set(first) <= set(journals)

    with made.table.open(newline="", encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert list(rows) == [one.id for one in numbers_of("6")]
    assert float(rows["cnqx-epsp"]["ours"]) < 30
    assert rows["ttx-epsp"]["mark"] == "inside"
    page = _page(made.report)
    assert set(rows) <= set(page.ids)
    assert len(page.pictures) == 1
    assert page.pictures[0].startswith("data:image/svg+xml;base64,")
    text = made.report.read_text(encoding="utf-8")
    assert "2026-01-02 03:04" in text
    assert "Seed 3" in text


@pytest.mark.long
def test_what_another_version_measured_is_measured_again_and_all_is_catalogued(tmp_path):
    few = {"figures": ("Methods",), "processes": 1}
    make_paper(tmp_path, seed=3, catalogue=False, **few)
    task = Task("methods", EXPERIMENTS["methods"].seeds(3)[0])
    path = record_path(tmp_path, task)
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "version": "0.0.1"}), encoding="utf-8")
    make_paper(tmp_path, seed=3, **few)
    assert len(find_journals(tmp_path / "data" / "journal")) == 2
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["version"] != "0.0.1"
    # The first run's measures are gone, and with them its place in the report.
    assert set(open_catalogue(DataDirectory(tmp_path / "data"))) == set(record["runs"])


def test_the_report_tells_every_number_measured_or_not(tmp_path):
    values = values_of({})
    drawn = [
        Drawn(figure, figure_title(figure), legend_of(figure), None,
              rows_of(numbers_of(figure), values))
        for figure in FIGURES
    ]  # fmt: skip
    header = Header(
        seed=1,
        versions={"blueslice": "0"},
        made=datetime(2026, 1, 1),
        seconds=61.0,
        cells=0,
        runs=0,
        failed=["cnqx, cell 5: nothing <answered>"],
        data="somewhere",
    )
    write_report(tmp_path / "report.html", header, drawn)
    page = _page(tmp_path / "report.html")
    assert {one.id: 1 for one in NUMBERS}.items() <= page.ids.items()
    assert {f"figure-{figure}" for figure in FIGURES} <= set(page.ids)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "nothing &lt;answered&gt;" in text
    assert "1 min 1 s" in text


def test_a_report_that_is_open_is_kept_beside_and_the_table_is_written(windows_files, tmp_path):
    def write():
        arguments = (DataDirectory(tmp_path / "data"), 0, ("6",), [], datetime(2026, 1, 1), 1.0)
        return make._write(tmp_path, *arguments)

    report = tmp_path / "figure-6.html"
    report.write_text("old")
    with report.open("rb"), pytest.raises(StorageError, match="kept beside it as new-figure-6"):
        write()
    assert report.read_text() == "old"
    assert (tmp_path / "figure-6.csv").is_file()
    made = write()
    assert (tmp_path / "new-figure-6.html").read_bytes() == made.report.read_bytes()


def test_a_record_that_is_open_stays_and_nothing_is_lost(windows_files, tmp_path):
    path = record_path(tmp_path, Task("cnqx", 3))
    old = CellRecord(experiment="cnqx", seed=3, arguments={}, version="1", runs=())
    new = old.model_copy(update={"version": "2"})
    write_record(path, old)
    with path.open("rb"), pytest.raises(StorageError, match=r"kept beside it as new-3\.json"):
        write_record(path, new)
    assert read_record(path) == old
    assert read_record(path.with_name("new-3.json")) == new


def test_the_same_cells_whichever_figures_are_done():
    whole = tasks_of(experiments_of(FIGURES), 5)
    part = tasks_of(experiments_of(["7"]), 5)
    assert set(part) <= set(whole)
    assert len(set(whole)) == len(whole)
    assert not set(part) & set(tasks_of(experiments_of(["7"]), 6))
    weak, strong = (EXPERIMENTS[name].seeds(5) for name in ("weak-stimulus", "nmda-spike"))
    assert weak == strong


def test_every_figure_has_an_experiment_or_a_model():
    assert all(experiments_of([figure]) for figure in FIGURES)


REFUSED = [
    ({"figures": ("11",)}, "figure '11'"),
    ({"figures": ()}, "choose of"),
    ({"seed": -1}, "seed = -1"),
    ({"cells_factor": 0.0}, "cells_factor = 0"),
    ({"processes": 0}, "processes = 0"),
]


@pytest.mark.parametrize(("arguments", "told"), REFUSED)
def test_what_is_not_allowed_is_refused_before_anything_is_made(tmp_path, arguments, told):
    with pytest.raises(BadInputError, match=told):
        make_paper(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()
