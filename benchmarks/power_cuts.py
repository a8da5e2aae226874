"""Power cuts, simulated from recorded writes and of real ext4 images: which trials are lost."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks._measure import Row
from benchmarks._power_counts import PowerTally
from benchmarks._power_image import CUTS, count_image_cut, why_not
from benchmarks._power_log import build_recorder
from benchmarks._power_simulation import count_power_cuts

__all__ = ["run"]

FEWEST_CUTS = 3000
MOST_TOLD = 12


def run(seed: int) -> Iterator[Row]:
    """Cut recorded sessions and recovers, then real images; some ten minutes on two cores."""
    yield from simulated_rows(seed)
    yield from image_rows(seed)


def simulated_rows(seed: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        recorder = build_recorder(Path(folder))
        if recorder is None:
            yield Row("power cuts: not tried, needs gcc on Linux", 0.0, "")
            return
        tallies = count_power_cuts(seed, recorder)
    cuts = sum(tally.cuts for tally in tallies.values())
    yield Row("power cuts", cuts, "cuts", f">= {FEWEST_CUTS}", cuts >= FEWEST_CUTS)
    for kind, tally in tallies.items():
        yield from tally_rows(f"power cuts {kind}", tally)


def image_rows(seed: int) -> Iterator[Row]:
    if reason := why_not():
        yield Row(f"power cuts of an ext4 image: not tried, {reason}", 0.0, "")
        return
    for trials in CUTS:
        when = f"after {trials} trials" if trials else "after the end"
        yield from tally_rows(f"ext4 image cut {when}", count_image_cut(seed, trials))


def tally_rows(what: str, tally: PowerTally) -> Iterator[Row]:
    yield Row(f"{what}: cuts", tally.cuts, "cuts")
    yield Row(f"{what}: trials completed before", tally.completed, "trials")
    yield Row(f"{what}: trials added from the files", tally.added, "trials")
    yield Row(f"{what}: completed trials lost", tally.lost, "trials", "0", tally.lost == 0)
    silent = tally.unreported
    yield Row(f"{what}: losses not reported", silent, "trials", "0", silent == 0)
    over = tally.overclaimed
    yield Row(f"{what}: runs that claim more than is there", over, "runs", "0", over == 0)
    yield Row(f"{what}: other faults", len(tally.faults), "", "0", not tally.faults)
    for text in (*tally.losses[:MOST_TOLD], *tally.faults[:MOST_TOLD]):
        yield Row(f"    {text}"[:400], 1.0, "", "", False)
