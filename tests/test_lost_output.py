"""Output that nobody reads: dropped where printing would fail, and left alone everywhere else."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")

PRINT = """
import os, sys
from blueslice._lost_output import drop_lost_output
sys.stdin.readline()
if "drop" in sys.argv:
    drop_lost_output()
try:
    print("Aborting: ...", flush=True)
    os.write(2, b"printed")
except OSError as error:
    os.write(2, type(error).__name__.encode())
"""


@pytest.mark.parametrize(
    ("drop", "is_lost", "printed"),
    [
        (False, True, "BrokenPipeError"),
        (True, True, "printed"),
        (True, False, "printed"),
    ],
)
def test_a_pipe_that_nobody_reads(drop, is_lost, printed):
    process = subprocess.Popen(
        [sys.executable, "-c", PRINT, *(["drop"] * drop)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        if is_lost:
            process.stdout.close()
        process.stdin.write("\n")
        process.stdin.flush()
        out = "" if is_lost else process.stdout.readline()
        err = process.stderr.read()
    assert err.startswith(printed)
    assert out == ("" if is_lost else "Aborting: ...\n")
