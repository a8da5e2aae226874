"""Output that cannot be written: what a command does and says, whatever is wrong with it."""

import errno
import io
import os
import subprocess
import sys

import pytest

from blueslice._lost_output import SafeOutput, safe_output
from blueslice.cli import main
from blueslice.errors import BadInputError

FILE = '[[steps]]\nplan = "two_pulse"\ntrials = 1\n'


class Failing(io.StringIO):
    """An output that fails when it is written, or when it is flushed."""

    def __init__(self, error, at="write"):
        super().__init__()
        self.error, self.at = error, at

    def write(self, text):
        if self.at == "write":
            raise self.error
        return super().write(text)

    def flush(self):
        if self.at == "flush":
            raise self.error


FULL = OSError(errno.ENOSPC, "No space left on device")
GONE = BrokenPipeError(errno.EPIPE, "Broken pipe")
CLOSED = ValueError("I/O operation on closed file.")
ARGUMENTS = {
    "a dry run": ["run", "{file}", "--dry-run"],
    "a dry run as JSON": ["run", "{file}", "--dry-run", "--json"],
    "light": ["exposure"],
    "the version": ["--version"],
    "the help": ["--help"],
    "bad input": ["run", "none.toml"],
}


def run(arguments, folder):
    """Return the code of a command, also of one that ends by itself."""
    (folder / "file.toml").write_text(FILE)
    given = [text.format(file=folder / "file.toml") for text in arguments]
    if "-" not in given[0]:
        given += ["--data-dir", str(folder / "data")]
    try:
        return main(given)
    except SystemExit as asked:
        return asked.code


@pytest.mark.parametrize("at", ["write", "flush"])
@pytest.mark.parametrize("error", [FULL, GONE, CLOSED], ids=["full", "gone", "closed"])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_output_that_fails(tmp_path, monkeypatch, name, error, at):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Failing(error, at))
    monkeypatch.setattr(sys, "stderr", err)
    code = run(ARGUMENTS[name], tmp_path)
    lines = err.getvalue().splitlines()
    if name == "bad input":
        assert code == 2
        assert "none.toml cannot be read" in lines[0]
    elif error is GONE:
        assert (code, lines) == (1, [])
    else:
        assert code == 1
        (line,) = lines
        assert line.startswith("blueslice: the output could not be written (")
        assert ("No space left on device" if error is FULL else "closed file") in line
    assert isinstance(sys.stdout, Failing)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_error_output_that_fails_changes_no_code(tmp_path, monkeypatch, name):
    monkeypatch.setattr(sys, "stderr", Failing(FULL))
    assert run(ARGUMENTS[name], tmp_path) == (2 if name == "bad input" else 0)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_without_any_output_as_under_pythonw(tmp_path, monkeypatch, name):
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    assert run(ARGUMENTS[name], tmp_path) == (2 if name == "bad input" else 0)
    for stream in (sys.stdout, sys.stderr):
        stream.close()


def test_what_an_encoding_lacks_is_a_question_mark():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    output = SafeOutput(stream)
    output.write("┏ 5 µM")
    output.flush()
    assert stream.buffer.getvalue().decode("cp1252") == "? 5 µM"
    assert output.failure is None


def test_the_streams_are_given_back_after_an_error():
    before = sys.stdout, sys.stderr
    with pytest.raises(BadInputError), safe_output():
        raise BadInputError("x")
    assert (sys.stdout, sys.stderr) == before


def test_what_nobody_expects_is_one_line_with_its_details_in_a_file(tmp_path, monkeypatch, capsys):
    def fail(options):
        raise LookupError("a fault\nof ours")

    monkeypatch.setattr("blueslice.commands.exposure.run", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["exposure"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "(LookupError: a fault of ours); what was completed is kept; report it" in line
    (details,) = tmp_path.glob("blueslice-error-*.txt")
    assert str(details) in line
    assert "in fail" in details.read_text()


def test_a_path_that_is_too_long_is_told_in_a_line_that_can_be_read(tmp_path, capsys):
    long = str(tmp_path / ("x" * 5000))
    for arguments in (["runs", "--data-dir", long], ["exposure", "--data-dir", long]):
        assert main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("blueslice: ")
        assert line.endswith(("give a shorter path", "choose a folder with a shorter path"))
        assert len(line) < 1600


START = {
    "stdout closed": {"close": (1,)},
    "stdout and stderr closed": {"close": (1, 2)},
    "all closed": {"close": (0, 1, 2)},
    "stdout full": {"full": 1},
}


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("name", START)
def test_a_run_is_kept_whatever_its_output_is(tmp_path, name):
    (tmp_path / "file.toml").write_text(FILE)
    how = START[name]
    before = f"import os\nfor fd in {how.get('close', ())}: os.close(fd)\n"
    if "full" in how:
        before += "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\n"
    command = [sys.executable, "-m", "blueslice.cli", "run", "file.toml", "--fast"]
    command += ["--data-dir", "data"]
    code = f"{before}os.execv({command[0]!r}, {command!r})"
    environment = {**os.environ, "TILED_PROFILES": str(tmp_path / "profiles")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=110, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if "full" in how else 0), done.stderr
    if "full" in how:
        assert "the output could not be written (No space left on device)" in done.stderr
    journals = [path.read_text() for path in (tmp_path / "data/journal").rglob("*.jsonl")]
    (raw,) = [text for text in journals if "raw_run" not in text]
    assert '"exit_status":"success"' in raw.replace(" ", "")
