"""The sizes of a session's responses as each of its readers gets them: are they the same?"""

import csv
import math
import tempfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks._measure import Row

from blueslice.analysis import Roi
from blueslice.broker import DataDirectory
from blueslice.callbacks._feed_messages import pack, unpack
from blueslice.callbacks._feed_run import FeedRun
from blueslice.commands._measures import measure, session_sizes
from blueslice.plans import WashStep, drug_wash, two_pulse
from blueslice.recordings.export import export_run, open_run_data
from blueslice.rig import Rig, make_sim_rig
from blueslice.session import Session
from blueslice.view.figures._run_lines import bar_measures
from blueslice.view.figures.run_trials import RunTrials
from blueslice.view.live.last_run import last_run_messages
from blueslice.view.live.numbers import trial_sizes
from blueslice.view.live.state import LiveState, apply

__all__ = ["same_rows"]

# By trial, ROI and ion.
Sizes = Mapping[tuple[int, str, str], float]

STEPS = (
    WashStep(name="control", trials=4, blanks=2, wait=0),
    WashStep(name="CNQX", solution="ACSF + 5 uM CNQX", trials=4, blanks=1, wait=300),
)
ROIS = (
    Roi(name="spine", y=18, x=17, height=3, width=3),
    Roi(name="dendrite", y=22, x=14, height=5, width=8),
)
PULSE_UA = 300.0


def same_rows(seeds: list[int]) -> Iterator[Row]:
    """Run protocols, and compare the size of every trial, ROI and ion to the last digit.

    Parameters
    ----------
    seeds : list of int
        Of the rigs, below 1000. The first finds its ROI itself, the second is given two, the
        third has no blanks, and so on.
    """
    counts: dict[str, int] = dict.fromkeys(_OF_ALL, 0)
    differ = bars = measured = lacking = 0
    for place, seed in enumerate(seeds):
        table, others, figure = _sizes_of_run(seed, place % 3)
        measured += sum(math.isfinite(size) for size in table.values())
        for name, sizes in others.items():
            counts[name] += len(sizes)
            lacking += len(table.keys() ^ sizes.keys())
            differ += sum(not _same(table[key], sizes[key]) for key in table.keys() & sizes.keys())
        bars += len(figure)
        differ += sum(not _same(1e2 * table[key], bar) for key, bar in figure.items())
    for name, count in counts.items():
        yield Row(f"sizes compared, table and {name}", count, "", "> 0", count > 0)
    yield Row("sizes compared, table and figure", bars, "", "> 0", bars > 0)
    yield Row("of them known", measured, "", "> 0", measured > 0)
    yield Row("sizes that only some have", lacking, "", "0", lacking == 0)
    case = "sizes that differ among table, CSV, figure, page, NWB"
    yield Row(case, differ, "", "0", differ == 0)


_OF_ALL = ("CSV", "NWB", "live page", "page of the last run")


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _sizes_of_run(seed: int, kind: int) -> tuple[Sizes, dict[str, Sizes], Sizes]:
    """Run a protocol; return the sizes of the table, of the others, and the figure's bars."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        directory = DataDirectory(Path(folder) / "data")
        rig = make_sim_rig(seed, data_directory=directory, rows=40, columns=40, pace="fast")
        rois = ROIS if kind == 1 else None
        with Session(rig, directory, rois=rois) as session:
            session.allow_exposure()
            page = _run(session, rig, kind)
            table = _table_sizes(session)
            uid, catalogue = session.start["uid"], session.catalogue.v3
            session.wait(120.0)
            others = {
                "CSV": _csv_sizes(export_run(catalogue, uid, "csv", directory.path)),
                "NWB": _nwb_sizes(export_run(catalogue, uid, "nwb", directory.path)),
                "live page": _page_sizes(page),
                "page of the last run": _page_sizes(_opened_later(directory)),
            }
            return table, others, _bars(catalogue, uid)


def _run(session: Session, rig: Rig, kind: int) -> LiveState:
    """Run it; return what a page shows that is told all that the session's feed tells."""
    documents: list[tuple[str, dict[str, Any]]] = []
    token = session.RE.subscribe(lambda name, doc: documents.append((name, doc)))
    if kind < 2:
        session.RE(drug_wash(rig, STEPS, amplitude_uA=PULSE_UA))
    else:
        session.RE(two_pulse(rig, trials=4, amplitude_uA=PULSE_UA))
    session.RE.unsubscribe(token)
    session.live.wait()
    feed = FeedRun(session.start, rig.amplifier.name)
    for name, doc in documents:
        feed.take_document(name, doc)
    for _, trial in sorted(session.analysed.items()):
        feed.take_result(trial)
    return _shown([unpack(pack(message)) for message in feed.snapshot()])


def _opened_later(directory: DataDirectory) -> LiveState:
    return _shown(last_run_messages(directory))


def _shown(messages: Any) -> LiveState:
    return apply(LiveState(), {"kind": "snapshot", "messages": list(messages)})


def _table_sizes(session: Session) -> Sizes:
    rows = measure(session, session_sizes(session), {})
    return {(row["trial"], row["roi"], row["ion"]): _number(row["size_dff"]) for row in rows}


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _csv_sizes(path: Path) -> Sizes:
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (int(row["trial"]), row["roi"], row["ion"]): float(row["size_dff"] or "nan")
            for row in csv.DictReader(file)
        }


def _nwb_sizes(path: Path) -> Sizes:
    pynwb: Any = import_module("pynwb")

    with pynwb.NWBHDF5IO(str(path), "r") as file:
        modules = file.read().processing.values()
        tables = [
            module["responses"] for module in modules if "responses" in module.data_interfaces
        ]
        columns = [tables[0][name][:] for name in ("trial", "roi", "ion", "size_dff")]
        return {
            (int(trial), str(roi), str(ion)): float(size)
            for trial, roi, ion, size in zip(*columns, strict=True)
        }


def _page_sizes(state: LiveState) -> Sizes:
    return {
        key: size.size_dff
        for place in state.results
        for key, size in trial_sizes(state, place).items()
        if key[0] == place
    }


def _bars(catalogue: Any, uid: str) -> Sizes:
    found: dict[tuple[int, str, str], float] = {}
    with open_run_data(catalogue, uid) as run:
        trials = RunTrials.of(run)
        chosen = [
            k
            for of_condition in trials.conditions.values()
            for k in of_condition
            if not trials.blanks[k] and k + 1 != trials.found_on
        ]
        ions = [trials.analysed().parameters.ions[ion] for ion in trials.lit()]
        for roi in trials.rois:
            # What comes after the ions is the potential.
            for ion, bars in zip(ions, bar_measures(trials, roi), strict=False):
                values = [value for of_condition in bars.values for value in of_condition]
                numbers = [k + 1 for k in chosen]
                pairs = zip(numbers, values, strict=True)
                found.update({(number, roi.name, ion): value for number, value in pairs})
    return found
