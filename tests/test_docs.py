"""What docs/protocols.md shows is so: its files are accepted, its commands and its code run."""

import re
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from blueslice.cli import main
from blueslice.session import Session

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")


def blocks(language):
    found = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found


def test_the_files_are_accepted(tmp_path, capsys):
    for number, text in enumerate(blocks("toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        assert main(["run", str(path), "--dry-run", "--data-dir", str(tmp_path / "data")]) == 0
        out = capsys.readouterr().out
        assert "step 1: " in out
        assert ("step 2: blank" in out) is (number == 0)


def test_the_commands_run(tmp_path, monkeypatch, capsys):
    without_catalogue = partial(Session, catalogue=False)
    monkeypatch.setattr("blueslice.commands._protocol_run.Session", without_catalogue)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", "examples")
    for line in "".join(blocks("console")).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "blueslice"
        assert main([*arguments, "--data-dir", str(tmp_path / "data")]) == 0, line
    assert "3.6 of 2 s for the cell c3" in capsys.readouterr().out


def test_the_refusal_is_the_one_shown(tmp_path, capsys):
    (shown,) = blocks("text")
    path = tmp_path / "fig3.toml"
    path.write_text('[[steps]]\nplan = "two_pulse"\nintervall_s = 0.01\n', encoding="utf-8")
    assert main(["run", str(path)]) == 2
    assert capsys.readouterr().err == f"blueslice: {shown}"


def test_the_code_runs(tmp_path):
    (code,) = blocks("python")
    script = tmp_path / "example.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "more than its budget of 2 s" in done.stdout
    assert done.stdout.startswith("222.4 s\n")
    assert "385 nm: 1.08 s" in done.stdout
