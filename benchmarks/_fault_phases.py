"""Every fault of the simulated rig, in every phase of a trial, for every instrument."""

from collections.abc import Iterator

from benchmarks._measure import Row
from benchmarks.faults import CANNOT_DISARM, TRIALS, FaultRow
from benchmarks.faults import run as run_faults

from blueslice.sim.faults import CALLS

__all__ = ["fault_rows", "passed"]

# What an error has to say beside the instrument: the next step.
_NEXT_STEP = ("check", "switch off")


def fault_rows(seed: int) -> Iterator[Row]:
    """Try them all; a row for each that did not end in the dark with a message to act on."""
    rows = [row for row in run_faults(seed) if isinstance(row, FaultRow)]
    bad = [row for row in rows if not passed(row)]
    phases = sum(len(phases) for phases in CALLS.values())
    yield Row("faults: instruments x phases", phases, "pairs")
    tried = len(rows)
    yield Row("faults x phases: tried", tried, "runs", f">= {phases}", tried >= phases)
    yield Row("faults x phases: passed", tried - len(bad), "runs", f"{tried}", not bad)
    for row in bad:
        yield Row(f"    {row.fault}: {'; '.join(row.told)}"[:300], 1.0, "", "", False)


def passed(row: FaultRow) -> bool:
    """Say whether it ended dark and disarmed, and told a silent instrument with a next step.

    An instrument that nobody had to ask, as the rest timer to stop when nothing pauses, costs
    nothing and is not told of: then all trials have to be there.
    """
    if row.lit:
        return False
    if row.armed:
        by_hand = any("may still be armed" in told and "by hand" in told for told in row.told)
        return row.fault.startswith(CANNOT_DISARM) and by_hand
    device, silent, phase = row.fault.partition(" silent in ")
    if not silent:
        return True
    if row.ended == "success" and row.kept == TRIALS:
        return True
    errors = [told for told in row.told if told.startswith("error: ")]
    named = all(device in error and any(word in error for word in _NEXT_STEP) for error in errors)
    return bool(errors) and named and bool(phase)
