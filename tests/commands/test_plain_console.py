"""What a person called something is printed as it is, though Rich reads it as markup."""

import re
from pathlib import Path

import pytest
from rich.table import Table

from blueslice import commands
from blueslice.cli import main
from blueslice.commands._plain_console import plain_console

NAMES = ["[bold]", "a[0]", "[/]", "[Ca] 2 mM", ":smile:", "\\[x]", "42 'x' /a/b"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stderr", [False, True])
def test_names_are_printed_as_they_are(capsys, name, stderr):
    console, table = plain_console(stderr=stderr), Table("what", title=name)
    table.add_row(name)
    console.print(name)
    console.print(table)
    told = capsys.readouterr()
    assert (told.err if stderr else told.out).count(name) == 3


def test_a_dry_run_shows_a_phase_as_it_is(tmp_path, capsys):
    file = tmp_path / "file.toml"
    file.write_text('[[steps]]\nplan = "two_pulse"\nphase = "[b] :x:"\n')
    assert main(["run", str(file), "--dry-run", "--data-dir", str(tmp_path / "data")]) == 0
    assert ", [b] :x:" in capsys.readouterr().out


def test_no_command_has_a_console_of_its_own():
    sources = Path(commands.__file__).parent.glob("*.py")
    made = [path.name for path in sources if re.search(r"\bConsole\(", path.read_text())]
    assert made == ["_plain_console.py"]
