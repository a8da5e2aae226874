"""Commands that only look at what is kept do not wait a second for bluesky to be imported."""

import subprocess
import sys

import pytest

HEAVY = ("bluesky", "ophyd_async", "scipy", "tiled", "numba")


@pytest.mark.parametrize("module", ["blueslice.cli", "blueslice.commands.exposure"])
def test_nothing_heavy_is_imported(module):
    code = f"import sys, {module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
