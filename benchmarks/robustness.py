"""Kills, power cuts, no catalogue, full disks, faults, bad input, long runs: what is lost."""

from collections.abc import Iterator

from benchmarks._bit_flips import flip_rows
from benchmarks._fault_phases import fault_rows
from benchmarks._fuzz_bytes import atheris_rows
from benchmarks._fuzz_inputs import fuzz_rows
from benchmarks._hand_written import hand_written_rows, mock_rows
from benchmarks._long_run import long_run_rows
from benchmarks._many_journals import journal_rows
from benchmarks._measure import Row
from benchmarks._robust_rows import away_rows, disk_rows, kill_rows
from benchmarks.power_cuts import run as power_rows
from benchmarks.signals import run as signal_rows

__all__ = ["run"]


def run(seed: int) -> Iterator[Row]:
    """Run all parts, each row when it is known; about an hour and a half on two cores."""
    yield from kill_rows(seed)
    yield from power_rows(seed)
    yield from signal_rows(seed)
    yield from hand_written_rows(seed)
    yield from mock_rows(seed)
    yield from flip_rows(seed)
    yield from journal_rows(seed)
    yield from away_rows(seed)
    yield from disk_rows()
    yield from fault_rows(seed)
    yield from fuzz_rows(seed)
    yield from atheris_rows(seed)
    yield from long_run_rows(seed)
