"""Each fault of the simulated rig in a short run: what its user is told, and what is kept."""

import logging
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
from benchmarks._measure import Row
from bluesky import RunEngine
from bluesky.utils import FailedStatus, MsgGenerator
from ophyd_async.core import NotConnectedError

from blueslice._engine import close_run_engine
from blueslice._failures import failures_text
from blueslice.analysis import Roi
from blueslice.broker import DataDirectory
from blueslice.callbacks import LiveDFF, TrialDFF
from blueslice.errors import BluesliceError
from blueslice.plans import two_pulse
from blueslice.rig import Rig, make_sim_rig
from blueslice.sim import Faults
from blueslice.sim.faults import CALLS

TRIALS, ROWS, COLUMNS = 3, 24, 24
SPINE = Roi(name="spine", y=9, x=9, height=6, width=6)
CNQX = "1 Mg ACSF + 5 uM CNQX"
WIDTH = 96

# What strikes the second trial, by kind: once or more, each differently.
CASES: Mapping[str, tuple[dict[str, Any], ...]] = {
    "led_stuck_on": ({"led": 1, "first_frame": 50},),
    "led_stuck_off": ({"led": 2, "first_frame": 30, "last_frame": 39},),
    "leds_swapped": ({},),
    "late_trigger": ({"late_s": 0.0005}, {"late_s": 0.002}, {"late_s": 0.004}),
    "drifting_clock": ({"drift_ppm": 3000.0},),
    "blocked_perfusion": ({},),
    "saturated_pixels": ({"y": 9, "x": 9, "height": 6, "width": 6, "first_frame": 50},),
    "lost_seal": ({"first_frame": 50, "offset_mV": 25.0},),
    "duplicated_frame": ({"frames": (40,)},),
    "dropped_frame": ({"frames": (40,)},),
}
# No frame, no sample and no reading tells these: a person has to look at the voltage.
UNSEEN = {
    "blocked_perfusion": "the valves answer as if it flowed: only the response tells",
    "lost_seal": "the voltage is recorded as it is: only it tells",
}
# Nothing can disarm one that does not answer when it is told to: the user is, to switch it off.
CANNOT_DISARM = "stimulator silent in stop"


@dataclass(frozen=True)
class FaultRow(Row):
    """What became of one run.

    Attributes
    ----------
    fault : str
        What broke, and when.
    told : tuple of str
        What the user reads: log, damaged frames per trial, the error.
    ended : str
        How the run's stop document says that it ended; "not begun" without one.
    kept : int
        Trials in the stream ``trials``.
    lit : int
        The LED that is on at the end, 0 for none.
    armed : bool
        Whether the stimulator still has a program.
    """

    fault: str = ""
    told: tuple[str, ...] = ()
    ended: str = ""
    kept: int = 0
    lit: int = 0
    armed: bool = False


def run(seed: int) -> list[Row]:
    """Run them all; a kind of fault that is not listed here is an error."""
    unlisted = set(Faults.model_fields) - {"seed", "silent_instrument"} - set(CASES)
    if unlisted:
        raise NotImplementedError(f"no case for {', '.join(sorted(unlisted))}; add it to CASES")
    rows: list[Row] = [take("no fault", seed, {})]
    for kind, cases in CASES.items():
        for case in cases:
            words = ", ".join(f"{key} = {value}" for key, value in case.items())
            name = f"{kind}{f' ({words})' if words else ''}, trial 2"
            fault = {kind: [{"trials": (2,), **case}]}
            rows.append(take(name, seed, fault, told=UNSEEN.get(kind, "")))
    for device, phases in CALLS.items():
        for phase in phases:
            when = {} if phase == "connect" else {"trials": (2,)}
            name = f"{device} silent in {phase}{', trial 2' if when else ''}"
            silent = {"device": device, "phase": phase, **when}
            rows.append(take(name, seed, {"silent_instrument": [silent]}))
    return rows


def take(name: str, seed: int, faults: Mapping[str, Any], told: str = "") -> FaultRow:
    """Run three trials on a rig with these faults and see what comes of it."""
    documents: list[tuple[str, dict[str, Any]]] = []
    results: dict[int, TrialDFF] = {}
    engine = RunEngine({}, context_managers=[])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, logged() as lines:
        rig = make_sim_rig(
            seed,
            data_directory=DataDirectory(Path(folder)),
            rows=ROWS,
            columns=COLUMNS,
            faults=Faults(seed=seed, **faults),
        )
        live = LiveDFF(rig.camera, rig.amplifier, lambda *_: None, rois=[SPINE])
        live.on_result(lambda trial: results.update({trial.trial: trial}))
        engine.subscribe(live)
        engine.subscribe(lambda kind, doc: documents.append((kind, doc)))
        error = ""
        try:
            engine(protocol(rig))
        except (FailedStatus, NotConnectedError, BluesliceError) as failure:
            error = one_line(failure)
        live.wait()
        live.close()
        bench = rig.bench
        close_run_engine(engine)
    assert bench is not None
    kept = sum("trial-number" in doc.get("data", {}) for _, doc in documents)
    ended = next((doc["exit_status"] for kind, doc in documents if kind == "stop"), "not begun")
    lit, armed = bench.lit_now(), bool(bench.programmed_pulses)
    seen = [*lines, *damaged(results)]
    seen += [f"({told})"] if told else []
    seen += [f"error: {error}"] if error else []
    seen += [f"run: {ended}"]
    text = [name, *(indented(line) for line in seen), "    trials kept"]
    return FaultRow(
        case="\n".join([*text[:-1], f"{text[-1]:60}"]),
        value=kept,
        unit=f"of {TRIALS}",
        bound="LED on" if lit else "armed" if armed else "dark",
        holds=not lit and (not armed or name.startswith(CANNOT_DISARM)),
        fault=name,
        told=tuple(seen[:-1]),
        ended=ended,
        kept=kept,
        lit=lit,
        armed=armed,
    )


def protocol(rig: Rig) -> MsgGenerator[None]:
    """Three trials with rests, then another solution, so that each instrument is asked."""
    yield from two_pulse(rig, trials=TRIALS, rest_s=5.0)
    if rig.perfusion is not None:
        yield from bps.mv(rig.perfusion, CNQX)
        yield from bps.read(rig.perfusion)


def damaged(results: Mapping[int, TrialDFF]) -> Iterator[str]:
    """Give a line for each trial that has frames without dF/F."""
    for number, trial in sorted(results.items()):
        counts = [(trace.ion, int(trace.damaged[0].sum())) for trace in trial.result.traces]
        if any(count for _, count in counts):
            words = " and ".join(f"{count} {ion}" for ion, count in counts)
            reasons = [trace.reason for trace in trial.result.traces if trace.reason]
            yield "; ".join([f"trial {number}: {words} frames damaged", *reasons])


def one_line(failure: Exception) -> str:
    """Return what the command line would say of a failure."""
    return failures_text(failure)


def indented(line: str) -> str:
    return textwrap.fill(line, WIDTH, initial_indent="    ", subsequent_indent="        ")


@contextmanager
def logged() -> Iterator[list[str]]:
    """Gather what blueslice logs meanwhile, and keep bluesky's tracebacks off the screen."""
    lines: list[str] = []

    class Gather(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"log: {' '.join(record.getMessage().split())}")

    handler, ours = Gather(logging.WARNING), logging.getLogger("blueslice")
    quiet = [logging.getLogger(name) for name in ("bluesky", "ophyd_async")]
    levels = [logger.level for logger in quiet]
    ours.addHandler(handler)
    for logger in quiet:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield lines
    finally:
        ours.removeHandler(handler)
        for logger, level in zip(quiet, levels, strict=True):
            logger.setLevel(level)
