"""Killing acquisitions at random moments, and counting what is left after ``recover``."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._kill_counts import Tally, count_session

TRIALS = 5
KILLS_PER_DIRECTORY = 5
MOST_ATTEMPTS = 4  # sessions, for each kill wanted
# How often each place strikes at most, by place: so that it falls within a run of five trials.
PLACES: Mapping[str, int] = {
    "between frames and document": 10,
    "between a trial's blocks": 100,
    "between a trial's documents": 60,
    "within a document": 60,
}


class Children:
    """A process that forks what is to be killed."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._kill_children"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def order(self, action: str, directory: Path, **details: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"action": action, "directory": str(directory), **details}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@contextmanager
def children() -> Iterator[Children]:
    found = Children()
    try:
        yield found
    finally:
        found.close()


def take_span_s(forks: Children, folder: Path) -> float:
    """Return how long a whole session takes, from its first sign of life."""
    answer = forks.order("acquire", folder / "span", seed=0, trials=TRIALS)
    shutil.rmtree(folder / "span")
    return answer["end_s"] - answer["told"][0]["at_s"]


def kill_some(
    forks: Children,
    folder: Path,
    chooser: random.Random,
    span_s: float,
    kills: int,
    *,
    catalogue: bool,
) -> Tally:
    """Kill sessions in one data directory, one after the other; then recover and count.

    With the catalogue, what is counted is what its readers see; otherwise what the documents say
    that it is made of.
    """
    tally, sessions = Tally(), []
    # A session that ended before it was struck is no kill: it is counted like the others, and
    # another takes its place.
    while tally.kills < kills and len(sessions) < MOST_ATTEMPTS * kills:
        # Two of three at any moment, the others where it hurts.
        if chooser.random() < 2 / 3:
            details: dict[str, Any] = {"kill_after_s": chooser.uniform(0.0, span_s)}
        else:
            place = chooser.choice(sorted(PLACES))
            details = {"at": place, "count": chooser.randint(1, PLACES[place])}
        seed = chooser.randrange(1 << 30)
        answer = forks.order("acquire", folder, seed=seed, trials=TRIALS, **details)
        tally.kills += answer["status"] == -signal.SIGKILL
        if answer["status"] not in (0, -signal.SIGKILL):
            tally.faults.append(f"a session ended with {answer['status']} ({details})")
        if answer["status"] == 0 and answer["told"]:
            # On a machine that has become quicker meanwhile most kills would come too late.
            span_s = min(span_s, answer["end_s"] - answer["told"][0]["at_s"])
        sessions.append(answer["told"])
    if tally.kills < kills:
        tally.faults.append(f"only {tally.kills} of {kills} sessions were killed")
    recover_and_count(forks, folder, sessions, tally, catalogue=catalogue)
    return tally


def recover_and_count(
    forks: Children,
    folder: Path,
    sessions: list[list[dict[str, Any]]],
    tally: Tally,
    *,
    catalogue: bool = True,
) -> None:
    """Recover and compare what readers see with what the sessions told."""
    answer = forks.order("recover", folder, catalogue=catalogue)
    seen = next((told for told in answer["told"] if told["told"] == "recovered"), None)
    if seen is None:
        tally.faults.append(f"recover ended with {answer['status']}")
        return
    tally.faults += seen["problems"]
    if not seen["unchanged"]:
        tally.faults.append("a second recover changed something")
    runs = {run["uid"]: run for run in seen["runs"]}
    tally.duplicated += len(seen["runs"]) - len(runs)
    for told in sessions:
        count_session(told, runs, tally)
    tally.faults += [f"run {run['uid']} has no stop" for run in runs.values() if not run["stop"]]


def kill_recover(forks: Children, folder: Path, chooser: random.Random, kills: int) -> Tally:
    """Kill sessions, then recover itself again and again at random moments; then count."""
    tally, sessions = Tally(), []
    for _ in range(2):
        count = chooser.randint(4, 10)
        place = "between frames and document"
        answer = forks.order("acquire", folder, seed=count, trials=TRIALS, at=place, count=count)
        tally.kills += answer["status"] == -signal.SIGKILL
        sessions.append(answer["told"])
    whole = folder.with_name(f"{folder.name}-whole")
    shutil.copytree(folder, whole)
    timed = forks.order("recover", whole, once=True)
    span_s = timed["end_s"] - timed["told"][0]["at_s"]
    shutil.rmtree(whole)
    for _ in range(kills):
        delay_s = chooser.uniform(0.0, span_s)
        answer = forks.order("recover", folder, once=True, kill_after_s=delay_s)
        tally.kills += answer["status"] == -signal.SIGKILL
    recover_and_count(forks, folder, sessions, tally)
    return tally


def kill_creation(forks: Children, folder: Path, count: int) -> Tally:
    """Kill a recover while it makes the catalogue; then count."""
    tally = Tally()
    told = forks.order("acquire", folder, seed=count, trials=2)["told"]
    place = "catalogue half made"
    answer = forks.order("recover", folder, once=True, at=place, count=count)
    tally.kills += answer["status"] == -signal.SIGKILL
    if not tally.kills:
        tally.faults.append("the making of the catalogue was not killed")
    recover_and_count(forks, folder, [told], tally)
    return tally


def kill_with_catalogue(forks: Children, folder: Path, chooser: random.Random, kills: int) -> Tally:
    """Kill sessions whose catalogue has a process of its own, which outlives them."""
    tally = Tally()
    for _ in range(kills):
        count = chooser.randint(1, PLACES["between a trial's documents"])
        place = "between a trial's documents"
        answer = forks.order(
            "acquire", folder, seed=count, trials=TRIALS, catalogue=True, at=place, count=count
        )
        tally.kills += answer["status"] == -signal.SIGKILL
        # At once: the catalogue's process still writes what had come to it.
        recover_and_count(forks, folder, [answer["told"]], tally)
    return tally


def count_kills(seed: int, kills: int = 200) -> Tally:
    """Kill so many sessions, on two processes, and recover."""
    chooser = random.Random(seed)
    groups = [
        (random.Random(chooser.randrange(1 << 30)), min(KILLS_PER_DIRECTORY, kills - at))
        for at in range(0, kills, KILLS_PER_DIRECTORY)
    ]
    tally = Tally()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        children() as first,
        children() as second,
        ThreadPoolExecutor(2) as pool,
    ):
        root = Path(folder)
        span_s = take_span_s(first, root)

        def take(forks: Children, share: int) -> Tally:
            found = Tally()
            for at, (own, count) in list(enumerate(groups))[share::2]:
                place = root / f"group-{at}"
                # A run takes Tiled 3 s, so every fourth group goes into a catalogue.
                catalogue = at % 4 == 0
                found.add(kill_some(forks, place, own, span_s, count, catalogue=catalogue))
                shutil.rmtree(place, ignore_errors=True)
            return found

        for found in pool.map(take, (first, second), (0, 1)):
            tally.add(found)
    return tally


def count_special_kills(seed: int) -> Tally:
    """Kill recover itself, the making of the catalogue, and sessions with a catalogue."""
    chooser = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, children() as forks:
        root = Path(folder)
        for at in range(2):
            tally.add(kill_recover(forks, root / f"recover-{at}", chooser, 5))
        for count in (1, 2):
            tally.add(kill_creation(forks, root / f"creation-{count}", count))
        tally.add(kill_with_catalogue(forks, root / "catalogue", chooser, 3))
    return tally
