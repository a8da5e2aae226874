"""Twenty thousand journals: how long the light of all cells takes, and a run of three trials."""

import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks._measure import Row
from benchmarks._own_process import own_process

from blueslice.broker import DataDirectory
from blueslice.ledger import list_cells
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

__all__ = ["journal_rows"]

JOURNALS, CELLS, ROUNDS = 20_000, 2_000, 5
MOST_S = 1.0


def journal_rows(seed: int, journals: int = JOURNALS) -> Iterator[Row]:
    """Make the journals, then time against an empty data directory, in turns."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        full, empty = DataDirectory(Path(folder) / "full"), DataDirectory(Path(folder) / "empty")
        for directory in (full, empty):
            directory.create()
        _make(full.journal, journals)
        begun = time.perf_counter()
        cells = list_cells(full.journal)
        yield Row(f"{journals} journals: index made once", time.perf_counter() - begun, "s")
        yield Row(f"{journals} journals: cells listed", len(cells), "cells")
        listing = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            list_cells(full.journal)
            listing.append(time.perf_counter() - begun)
        spent_s = median(listing)
        yield Row(f"{journals} journals: exposure", spent_s, "s", f"< {MOST_S:g}", spent_s < MOST_S)
        begun = time.perf_counter()
        own_process("_exposure_once", full.path, timeout_s=120)
        yield Row("    as a command, with Python's start", time.perf_counter() - begun, "s")
        ratios = []
        for number in range(ROUNDS + 1):
            many, none = _run(full, number), _run(empty, number)
            if number:
                ratios.append(many / none)
        yield Row("a run of three trials, against one without journals", median(ratios), "x")


def _run(directory: DataDirectory, number: int) -> float:
    rig = make_sim_rig(number, data_directory=directory, rows=24, columns=24)
    begun = time.perf_counter()
    with Session(rig, directory, catalogue=False) as session:
        session.RE(two_pulse(rig, trials=3))
    return time.perf_counter() - begun


def _make(folder: Path, count: int) -> None:
    """Write journals of runs of five trials, 40 a day."""
    for number in range(count):
        time_s = 1.6e9 + 86_400.0 * (number // 40) + 60.0 * (number % 40)
        uid = str(uuid.UUID(int=number))[::-1]
        began = datetime.fromtimestamp(time_s, UTC)
        path = folder / f"{began:%Y/%m/%d}" / f"{began:%H%M%S}-{uid[:8]}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(_lines(uid, time_s, f"cell {number % CELLS}")), encoding="utf-8")


def _lines(uid: str, time_s: float, cell: str) -> Iterator[str]:
    leds = {"led_1": {"wavelength_nm": 385.0}, "led_2": {"wavelength_nm": 520.0}}
    start = {"uid": uid, "time": time_s, "cell": cell, "plan_name": "two_pulse", "leds": leds}
    documents = [("start", start), ("descriptor", {"uid": f"{uid}d", "name": "trials"})]
    for number in range(1, 6):
        data = {"led_pair-led_1_light_s": 0.09, "led_pair-led_2_light_s": 0.09}
        documents.append(
            ("event", {"descriptor": f"{uid}d", "seq_num": number, "data": data, "time": time_s})
        )
    documents.append(("stop", {"uid": f"{uid}s", "run_start": uid, "time": time_s + 60}))
    for name, doc in documents:
        yield json.dumps({"name": name, "doc": doc}) + "\n"
