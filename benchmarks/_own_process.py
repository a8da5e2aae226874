"""A part of a benchmark that needs a process of its own: limited memory, a crash, a long life."""

import subprocess
import sys
from pathlib import Path

__all__ = ["own_process"]

_ROOT = Path(__file__).resolve().parents[1]


def own_process(
    module: str, *arguments: object, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m benchmarks.MODULE ARGUMENTS`` to its end, keeping what it says."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *map(str, arguments)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
