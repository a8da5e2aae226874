"""The command line: results as JSON, and one clear line for what cannot be done."""

import json
from pathlib import Path

import pytest

from blueslice.cli import main


def test_the_demo_measures_and_draws(tmp_path, capsys):
    code = main(["demo", "--fast", "--trials", "2", "--json", "--data-dir", str(tmp_path / "d")])
    assert code == 0
    result = json.loads(capsys.readouterr().out)
    ions = {(row["trial"], row["ion"]) for row in result["measures"]}
    assert ions == {(n, ion) for n in (1, 2, 3) for ion in ("sodium", "calcium")}
    assert Path(result["picture"]).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert main(["runs", "--json", "--data-dir", str(tmp_path / "d")]) == 0
    runs = json.loads(capsys.readouterr().out)
    assert [run["exit_status"] for run in runs] == ["success", "success"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["replay", "nothing.da"], 2, "nothing.da"),
        (["demo", "--fast", "--trials", "0"], 2, "trials = 0"),
        (["demo", "--fast", "--roi", "1,2,3"], 2, "1,2,3"),
        (["demo", "--fast", "--roi", "78,0,6,6"], 2, "leaves the image"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, arguments, code, text):
    assert main([*arguments, "--data-dir", str(tmp_path / "d")]) == code
    error = capsys.readouterr().err.strip()
    assert text in error
    assert "Traceback" not in error
