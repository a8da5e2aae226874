"""Kills, a catalogue that is away, full disks: what is lost, doubled or waited for."""

from benchmarks._measure import Row
from benchmarks._robust_rows import away_rows, disk_rows, kill_rows

__all__ = ["run"]


def run(seed: int) -> list[Row]:
    """Run all parts; half an hour on two busy cores."""
    return [*kill_rows(seed), *away_rows(seed), *disk_rows()]
