"""Kills, power cuts, no catalogue, full disks, faults, bad input, long runs: what is lost."""

from collections.abc import Iterator

from benchmarks._fault_phases import fault_rows
from benchmarks._fuzz_bytes import atheris_rows
from benchmarks._fuzz_inputs import fuzz_rows
from benchmarks._long_run import long_run_rows
from benchmarks._measure import Row
from benchmarks._robust_rows import away_rows, disk_rows, kill_rows
from benchmarks.power_cuts import run as power_rows

__all__ = ["run"]


def run(seed: int) -> Iterator[Row]:
    """Run all parts, each row when it is known; some forty minutes on two cores."""
    yield from kill_rows(seed)
    yield from power_rows(seed)
    yield from away_rows(seed)
    yield from disk_rows()
    yield from fault_rows(seed)
    yield from fuzz_rows(seed)
    yield from atheris_rows(seed)
    yield from long_run_rows(seed)
