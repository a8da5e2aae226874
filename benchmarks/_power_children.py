"""The processes of the power cuts: they record sessions, cut the recordings, recover and count.

``python -m benchmarks._power_children`` takes the same form of orders as `_kill_children`. The
recorder is preloaded, and records nothing until a child begins to.
"""

import gc
import json
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import _kill_children
from benchmarks._kill_children import COLUMNS, ROWS
from benchmarks._power_counts import count_cut
from benchmarks._power_disk import Disk
from benchmarks._power_files import CutMode, draw_mode, tree_of, write_tree
from benchmarks._power_log import (
    Kind,
    Record,
    begin_recording,
    note_folder,
    read_log,
    tell_log,
)
from benchmarks._power_readers import checksums, runs_on_disk
from benchmarks._power_session import plan_of, reporting_callbacks

# Half of the cuts come within so many records after a report.
SOON_RECORDS = 60
# A recover that takes longer hangs.
HANG_S, CATALOGUE_HANG_S = 60, 180


def record_session(order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Record a session, in an empty folder or one that holds an earlier recorded session."""
    from blueslice.broker import DataDirectory
    from blueslice.rig import make_sim_rig
    from blueslice.session import Session

    folder, log = Path(order["directory"]), Path(order["log"])
    directory = DataDirectory(folder / "data")
    before = make_folder(folder, order.get("from"))
    if order.get("made"):
        directory.create()
    note_folder(folder, log)
    begin_recording(folder, log, slow_us=order.get("slow_us", 0))
    for one in before:
        tell_log(**{**one, "before": True})
    size = {"rows": ROWS, "columns": COLUMNS, "pace": "fast"}
    rig = make_sim_rig(order["seed"], data_directory=directory, **size)
    with Session(rig, directory, catalogue=order.get("catalogue", False)) as session:
        for kind, watch in reporting_callbacks(rig, tell_log).items():
            session.RE.subscribe(watch, kind)
        for name in order["plans"]:
            session.RE(plan_of(name, rig))
    tell_log(told="closed")
    check_log(folder, log)


def record_recover(order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Record `recover` in a folder that a cut of a recorded session has left.

    A cut of this recording must leave the trials that can be read after it: those that the first
    cut has lost are not counted twice.
    """
    from blueslice.broker import DataDirectory
    from blueslice.recover import recover

    folder, log = Path(order["directory"]), Path(order["log"])
    directory = DataDirectory(folder / "data")
    told = make_folder(folder, order["from"], order["cut_seed"])
    note_folder(folder, log)
    begin_recording(folder, log, slow_us=order.get("slow_us", 0))
    signal.alarm(HANG_S)
    if directory.path.is_dir():
        recover(directory, catalogue=order.get("catalogue", False))
    check_log(folder, log)
    runs = runs_on_disk(directory)
    for one in told:
        if one["told"] == "trial" and checksums(runs, one) == one["sums"]:
            tell_log(**{**one, "before": True})


def make_folder(folder: Path, log: str | None, cut_seed: int | None = None) -> list[dict[str, Any]]:
    """Make the folder as a log leaves it, at its end or at a cut; return what was reported.

    The cut is a mild one, so that there is something to recover.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if log is None:
        return []
    records = read_log(Path(log))
    disk = Disk(folder, records)
    if cut_seed is None:
        position, tree = disk.length, disk.after_cut(disk.length, CutMode(), random.Random(0))
    else:
        chooser = random.Random(cut_seed)
        position = position_in(records, "during", chooser)
        tree = disk.after_cut(position, CutMode(writes=chooser.choice((0.9, 1.0))), chooser)
    write_tree(folder, tree)
    return [told for at, told in told_in(records) if at < position or told.get("before")]


def check_log(folder: Path, log: Path) -> None:
    """Check that the recorder missed nothing: the log, replayed, must give the folder as it is."""
    records = read_log(log)
    disk = Disk(folder, records)
    replayed = disk.after_cut(disk.length, CutMode(), random.Random(0))
    if differing := differing_in(tree_of(folder), replayed):
        raise RuntimeError(f"the recorder has missed writes to {', '.join(differing)}")


def differing_in(here: Any, replayed: Any, name: str = "") -> list[str]:
    if isinstance(here, dict) and isinstance(replayed, dict):
        return [
            place
            for at in sorted({*here, *replayed})
            for place in differing_in(here.get(at), replayed.get(at), f"{name}/{at}")
        ]
    return [] if here == replayed or name.endswith("-shm") else [name]


def told_in(records: list[Record]) -> list[tuple[int, dict[str, Any]]]:
    return [(at, json.loads(one.data)) for at, one in enumerate(records) if one.kind == Kind.TELL]


def position_in(records: list[Record], when: str, chooser: random.Random) -> int:
    """Draw where a log is cut: "during" its runs, or "after" the last of them.

    Half of the cuts during runs come soon after a report.
    """
    told = told_in(records)
    begun = next(at for at, one in told if one["told"] == "begun") + 1
    ended = max((at + 1 for at, one in told if one["told"] == "stop"), default=len(records))
    if when == "after":
        return chooser.choice((len(records), chooser.randint(ended, len(records))))
    if chooser.random() < 0.5:
        return chooser.randint(begun, ended)
    soon = [at + 1 for at, _ in told if begun <= at + 1 < ended] or [begun]
    return min(ended, chooser.choice(soon) + int(SOON_RECORDS * chooser.random() ** 2))


def cut(order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Make a folder as a power cut may leave it, recover it and count."""
    # A collection would touch, and so copy, all memory that is shared with the parent.
    gc.freeze()
    folder = Path(order["directory"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    records = read_log(Path(order["log"]))
    chooser = random.Random(order["seed"])
    position = position_in(records, order["when"], chooser)
    mode = draw_mode(chooser)
    write_tree(folder, Disk(folder, records).after_cut(position, mode, chooser))
    told = told_in(records)
    known = [one for at, one in told if at < position or one.get("before")]
    how = f"{order['when']}, record {position} of {len(records)}, {mode}"
    trials = sum(one["told"] == "trial" for one in known)
    tell({"told": "known", "trials": trials, "how": how})
    # Ends the process: Python cannot interrupt a call that hangs in HDF5.
    signal.alarm(CATALOGUE_HANG_S if order.get("catalogue") else HANG_S)
    tally = count_cut(
        folder / "data",
        known,
        [one for _, one in told],
        catalogue=order.get("catalogue", False),
        again=order.get("again", False),
    )
    tell({"told": "counted", **vars(tally)})


def main() -> int:
    _kill_children.ACTIONS.update(
        {"record": record_session, "record recover": record_recover, "cut": cut}
    )
    return _kill_children.main()


if __name__ == "__main__":
    sys.exit(main())
