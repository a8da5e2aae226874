"""``blueslice paper`` into a file: lines as it goes on, not a bar at its end."""

import io

from rich.console import Console

from blueslice.cli import main
from blueslice.commands.paper import PlainProgress
from blueslice.paper.make import Made


def test_a_line_every_few_seconds_and_the_last_one():
    now, file = [0.0], io.StringIO()
    lines = PlainProgress(Console(file=file, width=20), clock=lambda: now[0])
    for done in range(1, 9):
        now[0] += 2.0
        lines.cells(done, 8, "fig3")
    assert file.getvalue().splitlines() == [
        "1 of 8 cells, fig3, 0:02 gone",
        "4 of 8 cells, fig3, 0:08 gone",
        "7 of 8 cells, fig3, 0:14 gone",
        "8 of 8 cells, fig3, 0:16 gone",
    ]


def test_the_file_has_them_while_it_runs(tmp_path, monkeypatch, capsys):
    seen = []

    def made(out, *, on_progress, on_catalogue, **options):
        seen.append(capsys.readouterr().err)
        on_progress(1, 2, "fig3")
        on_progress(2, 2, "fig3")
        seen.append(capsys.readouterr().err)
        on_catalogue()
        seen.append(capsys.readouterr().err)
        return Made(tmp_path / "r.html", tmp_path / "t.csv", [])

    monkeypatch.setattr("blueslice.paper.make_paper", made)
    assert main(["paper", "--out", str(tmp_path)]) == 0
    starting, cells, catalogue = seen
    assert starting.startswith("starting the experiments")
    assert "2 of 2 cells, fig3" in cells
    assert catalogue.startswith("report written, waiting for the catalogue")
