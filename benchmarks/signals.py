"""Signals at random moments of sessions at real pace: what stays lit, and what is lost."""

import math
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._measure import Row
from benchmarks._signal_session import Ended, SignalledSession

__all__ = ["Tally", "count_signals", "run"]

OF_EACH_KIND = 20
# What the session is doing: what tells that it does, and for how long that goes on.
SCENES: Mapping[str, tuple[dict[str, object], float]] = {
    "trials": ({"what": "ready"}, 4.0),
    "deaf": ({"what": "ready"}, 4.0),
    "rest": ({"what": "resting"}, 1.0),
    "paused": ({"what": "paused"}, 1.0),
    "held": ({"what": "held"}, 1.0),
    "by_hand": ({"what": "lit by hand"}, 1.5),
    "closing": ({"what": "closing"}, 1.0),
}
# One that takes trials is struck as often as all others together.
CHANCES = {"trials": len(SCENES) - 1}


@dataclass(frozen=True)
class Kind:
    """A way to end a process.

    Attributes
    ----------
    strike : callable
        Does so; returns when, in s.
    status : int or None
        The exit code that is to come of it; None for any.
    reasons : tuple of str
        What the stop document of an aborted run may say.
    order : mapping
        What the session has to know beforehand.
    """

    strike: Callable[[SignalledSession], float]
    status: int | None
    reasons: tuple[str, ...]
    order: Mapping[str, bool] = field(default_factory=dict)


def _signal_kind(name: str) -> Kind:
    number = getattr(signal, name)
    return Kind(lambda session: session.send(number), 128 + number, (f"ended by {name}",))


KINDS: Mapping[str, Kind] = {
    **{name: _signal_kind(name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT")},
    "SIGTERM twice": Kind(
        lambda session: session.send(signal.SIGTERM, signal.SIGTERM, apart_s=0.05),
        128 + signal.SIGTERM,
        ("ended by SIGTERM",),
    ),
    # Which pauses the run, or is Ctrl-C at a prompt; the program then closes its session.
    "SIGINT twice": Kind(
        lambda session: session.send(signal.SIGINT, signal.SIGINT),
        None,
        ("the session was closed while paused", "the session was closed while it ran"),
    ),
    "terminal hung up": Kind(
        lambda session: session.hang_up(),
        128 + signal.SIGHUP,
        ("ended by SIGHUP",),
        {"terminal": True},
    ),
    # Windows ends the process itself, whatever the exit code.
    "console window closed": Kind(
        lambda session: session.send(signal.SIGUSR1),
        None,
        ("ended by a closed console window",),
        {"console": True},
    ),
}


@dataclass
class Tally:
    """What was counted.

    Attributes
    ----------
    sent : int
        Processes that were ended.
    lit : int
        Of those, the ones that left a light source on, or a clock or stimulator armed.
    kept : int
        Trials that were kept before.
    lost : int
        Of those, the ones that are not there, as an entry and whole in the files.
    dark_after_s : float
        The longest time until all was dark.
    faults : list of str
        Whatever else was not as it has to be.
    """

    sent: int = 0
    lit: int = 0
    kept: int = 0
    lost: int = 0
    dark_after_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def count(self, what: str, kind: Kind, ended: Ended) -> None:
        self.sent += 1
        self.lit += math.isinf(ended.dark_after_s)
        self.kept += len(ended.kept)
        self.lost += len(set(ended.kept) - set(ended.found))
        if not math.isinf(ended.dark_after_s):
            self.dark_after_s = max(self.dark_after_s, ended.dark_after_s)
        for status, reason in ended.stops:
            is_whole = (status, reason) == ("success", "")
            if not is_whole and (status != "abort" or reason not in kind.reasons):
                self.faults.append(f"{what}: run ended as {status!r}, {reason!r}")
        if kind.status is not None and ended.status != kind.status:
            self.faults.append(f"{what}: exit code {ended.status}")


def run(seed: int) -> Iterator[Row]:
    """End sessions in each way, each row when it is known; about 20 minutes on two cores."""
    for name in KINDS:
        yield from tally_rows(name, count_signals(name, seed, OF_EACH_KIND))


def tally_rows(name: str, tally: Tally) -> Iterator[Row]:
    yield Row(f"{name}: sent", tally.sent, "", str(OF_EACH_KIND), tally.sent == OF_EACH_KIND)
    yield Row(f"{name}: light sources on afterwards", tally.lit, "", "0", tally.lit == 0)
    yield Row(f"{name}: longest until dark", tally.dark_after_s, "s")
    yield Row(f"{name}: trials kept before", tally.kept, "trials")
    yield Row(f"{name}: trials lost", tally.lost, "trials", "0", tally.lost == 0)
    yield Row(f"{name}: other faults", len(tally.faults), "", "0", not tally.faults)
    for fault in tally.faults:
        yield Row(f"    {fault}", 1.0, "", "", False)


def count_signals(name: str, seed: int, count: int) -> Tally:
    """End so many sessions in one way, each at a random moment, and count what is left."""
    chooser = random.Random(f"{seed} {name}")
    weights = [CHANCES.get(scene, 1) for scene in SCENES]
    scenes = chooser.choices(list(SCENES), weights, k=count)
    plans = [(scene, chooser.random(), chooser.randrange(1 << 30)) for scene in scenes]
    tally = Tally()
    with ThreadPoolExecutor(2) as pool:
        for what, ended in pool.map(lambda plan: _end_one(name, *plan), plans):
            tally.count(what, KINDS[name], ended)
    return tally


def _end_one(name: str, scene: str, share: float, seed: int) -> tuple[str, Ended]:
    kind, (begun, length_s) = KINDS[name], SCENES[scene]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        session = SignalledSession(Path(folder), scene, seed=seed, **kind.order)
        try:
            session.wait_for(**begun)
            time.sleep(share * length_s)
            ended = session.end(kind.strike(session))
        finally:
            session.close()
    return f"{scene} at {share * length_s:.3f} s", ended
