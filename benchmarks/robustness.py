"""Kills, absent catalogues, full disks, faults, bad input, long runs: what is lost or left lit."""

from benchmarks._fault_phases import fault_rows
from benchmarks._fuzz_bytes import atheris_rows
from benchmarks._fuzz_inputs import fuzz_rows
from benchmarks._long_run import long_run_rows
from benchmarks._measure import Row
from benchmarks._robust_rows import away_rows, disk_rows, kill_rows

__all__ = ["run"]


def run(seed: int) -> list[Row]:
    """Run all parts; some three quarters of an hour on two busy cores."""
    return [
        *kill_rows(seed),
        *away_rows(seed),
        *disk_rows(),
        *fault_rows(seed),
        *fuzz_rows(seed),
        *atheris_rows(seed),
        *long_run_rows(seed),
    ]
