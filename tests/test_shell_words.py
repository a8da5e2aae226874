"""A command that is printed does what it says when it is copied into a shell."""

import shutil
import subprocess

import pytest

from blueslice._data_directory import DataDirectory
from blueslice._shell_words import shell_word
from blueslice.commands._protocol_run import _places

needs_sh = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
NAMES = ["data", "my data", "it's", '"quoted"', "`id`", "$HOME", "a\\b", "資料 &", "~x", "!e"]


@needs_sh
@pytest.mark.parametrize("name", NAMES)
def test_a_shell_takes_it_as_one_word(name):
    command = f"printf %s {shell_word(name, 'posix')}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == name


def test_windows_wants_quotation_marks():
    assert shell_word(r"C:\lab data", "nt") == r'"C:\lab data"'


@needs_sh
@pytest.mark.parametrize("name", NAMES)
def test_what_lists_the_runs_names_the_data_directory(tmp_path, name):
    directory = DataDirectory(tmp_path / name)
    (command,) = [told for what, told in _places(directory, "0" * 8) if what == "list runs"]
    echoed = command.replace("blueslice runs --data-dir", "printf %s")
    done = subprocess.run(["sh", "-c", echoed], capture_output=True, text=True, check=True)
    assert done.stdout == str(directory)
