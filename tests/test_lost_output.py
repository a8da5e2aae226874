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


PRINTING_CALLBACK = """
import os, sys, warnings
from bluesky import RunEngine
from blueslice._exit_guard import ExitGuard
import bluesky.plans as bp
from ophyd.sim import det
RE = RunEngine({}, context_managers=[])
guard, stops = ExitGuard(RE), []
def tell(name, doc):
    print(name, flush=True)
def note(name, doc):
    stops.append(doc["exit_status"])
RE.subscribe(note, "stop")
RE.subscribe(tell)
sys.stdin.readline()
RE(bp.count([det], num=3))
os.write(2, stops[0].encode())
"""


def test_a_callback_that_prints_to_nobody_fails_no_run():
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PRINTING_CALLBACK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        process.stdout.close()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stderr.read() == "success"
