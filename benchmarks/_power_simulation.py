"""Sessions and calls of `recover`, recorded once each, and cut at many points."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._power_counts import PowerTally

__all__ = ["KINDS", "count_power_cuts"]

KINDS = ("during runs", "after the end", "during recover")
# Per recorded session.
CUTS = {"during runs": 80, "after the end": 20, "during recover": 30}
# With the catalogue a recover takes seconds, without it a tenth of one.
CATALOGUE_SHARE = 1 / 60
# One in so many is recovered twice, and then used by a session.
AGAIN = 20
SLOW_US = 10_000  # as long as a hard disk takes to sync a file


@dataclass(frozen=True)
class Session:
    """A session to be recorded.

    Attributes
    ----------
    plans : tuple of str
        The plans, run one after the other.
    catalogue : bool
        Whether it has a catalogue.
    follows : bool
        Whether its data directory holds the session that was recorded before.
    made : bool
        Whether its data directory exists already, empty.
    slow : bool
        Whether each sync takes as long as on a hard disk.
    """

    plans: tuple[str, ...] = ("two_pulse",)
    catalogue: bool = False
    follows: bool = False
    made: bool = False
    slow: bool = False


SESSIONS = (
    Session(("two_pulse", "short"), made=True),
    Session(slow=True),
    Session(("short", "drug_wash"), follows=True),
    Session(catalogue=True, made=True),
    Session(slow=True, follows=True),
    Session(("two_pulse", "short")),
    Session(("drug_wash",), slow=True, made=True),
    Session(("two_pulse", "short"), catalogue=True, slow=True),
)


class PowerChildren:
    """A process that forks the sessions to be recorded, and the cuts.

    Parameters
    ----------
    recorder : pathlib.Path
        The library, see `build_recorder`.
    """

    def __init__(self, recorder: Path) -> None:
        own = {"LD_PRELOAD": str(recorder), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._power_children"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
            env={**os.environ, **own},
        )

    def order(self, action: str, **details: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        details = {key: str(at) if isinstance(at, Path) else at for key, at in details.items()}
        self._process.stdin.write(json.dumps({"action": action, **details}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process of the power cuts ended with {self._process.wait(60)}")
        return json.loads(answer)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@contextmanager
def power_children(recorder: Path) -> Iterator[PowerChildren]:
    found = PowerChildren(recorder)
    try:
        yield found
    finally:
        found.close()


def count_power_cuts(
    seed: int, recorder: Path, recordings: int = 24, *, keep: Path | None = None
) -> dict[str, PowerTally]:
    """Record sessions and cut them, on two processes.

    Parameters
    ----------
    seed : int
        Of everything that is drawn.
    recorder : pathlib.Path
        The library, see `build_recorder`.
    recordings : int
        How many sessions.
    keep : pathlib.Path, optional
        An existing folder that the logs are copied to, to look into a loss.

    Returns
    -------
    dict of str to PowerTally
        By kind of cut.
    """
    chooser = random.Random(seed)
    seeds = [chooser.randrange(1 << 30) for _ in range(recordings)]
    tallies = {kind: PowerTally() for kind in KINDS}
    # In memory, which is faster: what survives is decided by the log, not by a disk.
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(dir=where, ignore_cleanup_errors=True) as folder,
        power_children(recorder) as first,
        power_children(recorder) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        root = Path(folder)

        def take(forks: PowerChildren, share: int) -> dict[str, PowerTally]:
            found = {kind: PowerTally() for kind in KINDS}
            own = root / f"share-{share}"
            own.mkdir()
            before: Path | None = None
            for at in range(share, recordings, 2):
                log = own / f"{at}.log"
                session = SESSIONS[at // 2 % len(SESSIONS)]
                take_recording(forks, own, log, session, before, seeds[at], found)
                before = log
            if keep is not None:
                shutil.copytree(own, keep / own.name)
            return found

        for found in pool.map(take, (first, second), (0, 1)):
            for kind, tally in found.items():
                tallies[kind].add(tally)
    return tallies


def take_recording(
    forks: PowerChildren,
    own: Path,
    log: Path,
    session: Session,
    before: Path | None,
    seed: int,
    found: dict[str, PowerTally],
) -> None:
    """Record a session and the recover after one of its cuts, and cut both many times."""
    chooser = random.Random(seed)
    # Always the same folder, because the documents hold absolute paths.
    place = {"directory": own / "at"}
    details: dict[str, Any] = {**place, "log": log, "seed": chooser.randrange(1 << 30)}
    details |= {"plans": session.plans, "catalogue": session.catalogue, "made": session.made}
    details |= {"slow_us": SLOW_US if session.slow else 0}
    if session.follows and before is not None:
        details["from"] = before
    if (answer := forks.order("record", **details))["status"] != 0:
        found["during runs"].faults.append(
            f"the recording {log.stem} ended with {answer['status']}"
        )
        return
    recovered = log.with_suffix(".recover")
    for kind in KINDS:
        if kind == "during recover":
            origin = {"from": log, "cut_seed": chooser.randrange(1 << 30)}
            origin["slow_us"] = details["slow_us"]
            answer = forks.order("record recover", **place, log=recovered, **origin)
            if answer["status"] != 0:
                found[kind].faults.append(
                    f"the recover of {log.stem} ended with {answer['status']}"
                )
                return
        for number in range(CUTS[kind]):
            order = {**place, "log": recovered if kind == "during recover" else log}
            order |= {"when": "after" if kind == "after the end" else "during"}
            order |= {"seed": chooser.randrange(1 << 30), "again": number % AGAIN == 0}
            order["catalogue"] = chooser.random() < CATALOGUE_SHARE
            take_cut(forks, order, found[kind])


def take_cut(forks: PowerChildren, order: dict[str, Any], tally: PowerTally) -> None:
    answer = forks.order("cut", **order)
    told = {one.pop("told"): one for one in answer["told"]}
    how = f"{Path(order['log']).name}, seed {order['seed']}, {told.get('known', {}).get('how')}"
    if "counted" not in told:
        trials = told.get("known", {}).get("trials", 0)
        ended = "hangs" if answer["status"] == -signal.SIGALRM else f"ended with {answer['status']}"
        # Without a report every trial counts as lost.
        fault = f"{how}: recover {ended}"
        tally.add(PowerTally(1, trials, trials, trials, faults=[fault]))
        return
    counted = told["counted"]
    del counted["at_s"]
    for name in ("losses", "faults"):
        counted[name] = [f"{how}: {one}" for one in counted[name]]
    tally.add(PowerTally(**counted))
