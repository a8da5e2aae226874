"""The catalogue slow, full, locked, hung or dead: what an acquisition waits for it, and after."""

import contextlib
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from bluesky.utils import MsgGenerator

from blueslice import _worker_process
from blueslice.analysis import Roi
from blueslice.broker import DataDirectory, ProcessWriter
from blueslice.errors import StorageError
from blueslice.plans import two_pulse
from blueslice.recover import recover
from blueslice.rig import make_sim_rig
from blueslice.session import Session

TRIALS = 6
SPINE = Roi(name="spine", y=9, x=9, height=6, width=6)
KINDS = ("killed", "restarted", "slow", "hung", "full", "locked")

# The catalogue's process, with every request that writes 2 s late.
SLOW = """
import asyncio, sys
from blueslice import _catalogue_worker, _tiled_server
build = _tiled_server.TiledServer._build_app
def late(self):
    app = build(self)
    async def later(scope, receive, send):
        if scope["type"] == "http" and scope["method"] != "GET":
            await asyncio.sleep(2.0)
        await app(scope, receive, send)
    return later
_tiled_server.TiledServer._build_app = late
sys.exit(_catalogue_worker.main())
"""
# The same, with a database that may not grow: what SQLite then says is what it says of a full disk.
FULL = """
import sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from blueslice import _catalogue_worker
@event.listens_for(Engine, "connect")
def no_room(connection, record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA page_count")
    pages = cursor.fetchone()[0]
    if pages > 20:
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
    cursor.close()
sys.exit(_catalogue_worker.main())
"""
WORKERS = {"slow": SLOW, "full": FULL}


@dataclass
class Away:
    """What became of one run.

    Attributes
    ----------
    waits_s : list of float
        How long the RunEngine was in the catalogue's callback, by trial.
    most_waiting_bytes : int
        Most that waited for the catalogue at once.
    told : str
        What the user reads when the session closes; empty when all had arrived.
    missing : int
        Trials, or dF/F of trials, that are not in the catalogue after ``recover``.
    kept : int
        Trials that were acquired.
    expected : int
        How many that should be.
    by_itself : int
        Trials of a run after the loss that were in the catalogue without ``recover``.
    """

    waits_s: list[float] = field(default_factory=list)
    most_waiting_bytes: int = 0
    told: str = ""
    missing: int = 0
    kept: int = 0
    expected: int = TRIALS
    by_itself: int = 0


def lose_catalogue(kind: str, seed: int, folder: Path) -> Away:
    """Take a run of which the catalogue is lost after the first trial."""
    away, directory = Away(), DataDirectory(folder)
    with worker(kind), timed(away), quiet():
        rig = make_sim_rig(seed, data_directory=directory, rows=24, columns=24, pace="fast")
        session = Session(rig, directory, rois=[SPINE])
        process = session._catalogue
        assert process is not None
        worker_process = process._worker._process
        restore = contextlib.ExitStack()

        def lose(_: str, doc: dict[str, Any]) -> None:
            if "trial-number" not in doc["data"]:
                return
            away.kept += 1
            away.waits_s.append(0.0)
            if away.kept == 1 and kind in LOSSES:
                session.wait(120.0)
                restore.callback(LOSSES[kind](directory, worker_process))

        session.RE.subscribe(lose, "event")
        away.waits_s.append(0.0)
        session.RE(protocol(rig))
        session.live.wait()
        if kind == "restarted":
            away.expected += TRIALS
            session.new_cell()
            uids: Any = session.RE(protocol(rig))
            with contextlib.suppress(StorageError):  # the run before is told of once
                session.wait(120.0)
            run: Any = session.catalogue.v3[uids[0]]
            away.by_itself = len(run["trials"]["trial-number"].read())
        try:
            # Those that only hang get time to go on; it is not measured here.
            process.close(5.0)
        except StorageError as error:
            away.told = str(error)
        restore.close()
        with contextlib.suppress(StorageError):
            session.close()
    report = recover(directory)
    trials = [found.trials for found in report.runs if found.uid]
    away.missing = 2 * away.expected - sum(trials) + len(report.problems)
    if recover(directory).changed:
        away.missing += 1
    return away


def protocol(rig: Any) -> MsgGenerator[Any]:
    yield from two_pulse(rig, trials=TRIALS, rest_s=1.0)


def kill(directory: DataDirectory, process: Any) -> Callable[[], None]:
    process.kill()
    return lambda: None


def hang(directory: DataDirectory, process: Any) -> Callable[[], None]:
    os.kill(process.pid, signal.SIGSTOP)

    def go_on() -> None:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)

    return go_on


def lock(directory: DataDirectory, process: Any) -> Callable[[], None]:
    connection = sqlite3.connect(directory.catalogue / "catalogue.db", check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    return connection.close


LOSSES = {"killed": kill, "restarted": kill, "hung": hang, "locked": lock}


@contextlib.contextmanager
def worker(kind: str) -> Iterator[None]:
    """Start the catalogue's process with this fault in it."""
    if kind not in WORKERS:
        yield
        return
    popen = subprocess.Popen

    def start(arguments: list[str], **options: Any) -> Any:
        if arguments[2] == "blueslice._catalogue_worker":
            arguments = [sys.executable, "-W", "ignore", "-c", WORKERS[kind], arguments[3]]
        return popen(arguments, **options)

    with mock.patch.object(_worker_process.subprocess, "Popen", start):
        yield


@contextlib.contextmanager
def timed(away: Away) -> Iterator[None]:
    """Add up what the RunEngine's thread spends in the catalogue's callback."""
    call, engine_thread = ProcessWriter.__call__, threading.current_thread()

    def watched(self: ProcessWriter, name: str, doc: dict[str, Any]) -> None:
        began_s = time.perf_counter()
        call(self, name, doc)
        process = self._process
        away.most_waiting_bytes = max(away.most_waiting_bytes, process._worker.untaken_bytes)
        if self._number == 0 and away.waits_s:
            away.waits_s[-1] += time.perf_counter() - began_s

    assert engine_thread is threading.main_thread()
    with mock.patch.object(ProcessWriter, "__call__", watched):
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what blueslice logs of the loss off the screen."""
    ours = logging.getLogger("blueslice")
    level = ours.level
    ours.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        ours.setLevel(level)
