"""The example protocols: each is accepted by the simulated rig and keeps to a cell's light."""

import json
from pathlib import Path

import pytest

from blueslice.cli import main
from blueslice.ledger import ExposureBudget

# The others describe files to import, not protocols.
EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("fig*"))


def test_there_is_one_for_each_figure_that_is_an_experiment():
    figures = {path.name.split("_")[0] for path in EXAMPLES}
    assert figures >= {f"fig{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10)}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_accepted(path, tmp_path, capsys):
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["run", str(path), "--dry-run", "--json", *data]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert 0 < summary["planned_light_s"] <= ExposureBudget().light_s
    assert sum(step["trials"] for step in summary["steps"]) >= 5
    assert not any(step["depends_on_data"] for step in summary["steps"])
    assert main(["run", str(path), "--dry-run", *data]) == 0
    assert "what will be done" in capsys.readouterr().out
    assert not (tmp_path / "data").exists()
