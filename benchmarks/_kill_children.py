"""What runs in the processes that are killed, and in those that recover and look.

``python -m benchmarks._kill_children`` reads orders, one line of JSON each, forks for each and
answers with a line: everything is imported once, a child costs milliseconds.
"""

import contextlib
import json
import os
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._kill_readers import (
    BLOCK_FRAMES,
    runs_in_catalogue,
    runs_in_documents,
    state_of,
)

ROWS = COLUMNS = 24


def acquire(order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Run a fast protocol in a session, telling what is in the files and in the documents."""
    from blueslice.broker import DataDirectory
    from blueslice.plans import two_pulse
    from blueslice.rig import make_sim_rig
    from blueslice.session import Session

    directory = DataDirectory(order["directory"])
    if at := order.get("at"):
        strike(at, order["count"])
    watch_files(tell)
    rig = make_sim_rig(
        order["seed"], data_directory=directory, rows=ROWS, columns=COLUMNS, pace="fast"
    )
    tell({"told": "begun"})
    with Session(rig, directory, catalogue=order.get("catalogue", False)) as session:
        session.RE.subscribe(lambda _, doc: tell({"told": "run", "uid": doc["uid"]}), "start")
        keys: dict[str, str] = {}
        session.RE.subscribe(
            lambda _, doc: keys.update({doc["uid"]: doc["data_key"]}), "stream_resource"
        )

        def datum(_: str, doc: dict[str, Any]) -> None:
            key, stop = keys[doc["stream_resource"]], doc["indices"]["stop"]
            tell({"told": "counted", "key": key, "trials": stop})

        session.RE.subscribe(datum, "stream_datum")
        session.RE(two_pulse(rig, trials=order["trials"], rest_s=1.0))


def watch_files(tell: Callable[[dict[str, Any]], None]) -> None:
    """Tell of each block of camera frames that is in a file, with the checksum so far."""
    from blueslice.devices._trial_file import TrialFile

    sums: dict[tuple[Path, int], int] = {}
    write = TrialFile.write

    def watched(self: Any, trial: int, first: int, arrays: Mapping[str, Any]) -> None:
        # A fast rig gives a trial as a whole, a camera a few frames at a time.
        for at in range(0, len(next(iter(arrays.values()))), BLOCK_FRAMES):
            part = {name: values[at : at + BLOCK_FRAMES] for name, values in arrays.items()}
            write(self, trial, first + at, part)
            if "camera" in part:
                frames = np.ascontiguousarray(part["camera"], "<u2")
                key, end = (self.path, trial), first + at + len(frames)
                sums[key] = zlib.crc32(
                    frames.tobytes(), sums.get(key, 0) if end > BLOCK_FRAMES else 0
                )
                tell({"told": "frames", "trial": trial, "frames": end, "crc": sums[key]})

    TrialFile.write = watched


def strike(at: str, count: int) -> None:
    """Kill this process at the `count`-th time that it comes to a place."""
    from blueslice import _tiled_databases
    from blueslice.callbacks import journal
    from blueslice.devices._trial_file import TrialFile

    left = [count]

    def now() -> bool:
        left[0] -= 1
        return left[0] == 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def after(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            answer = original(*arguments, **options)
            if now():
                die()
            return answer

        setattr(owner, name, call)

    def torn_line(self: Any, run: str, line: str) -> None:
        if now():
            self._files[run].write(line[: len(line) // 2])
            self._files[run].flush()
            die()
        write_line(self, run, line)

    write_line = journal.Journal._write
    if at == "between frames and document":
        after(TrialFile, "end_trial")
    elif at == "between a trial's blocks":
        after(TrialFile, "write")
    elif at == "between a trial's documents":
        after(journal.Journal, "_write")
    elif at == "within a document":
        journal.Journal._write = torn_line  # type: ignore[method-assign]
    elif at == "catalogue half made":
        after(_tiled_databases, "_make_catalogue" if count == 1 else "_make_tables")
        left[0] = 1
    else:
        raise NotImplementedError(f"no such place: {at!r}")


def recovered(order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Recover, and again; tell what readers then see."""
    from blueslice.broker import DataDirectory
    from blueslice.recover import recover

    directory = DataDirectory(order["directory"])
    if at := order.get("at"):
        strike(at, order["count"])
    tell({"told": "begun"})
    catalogue = order.get("catalogue", True)
    report = recover(directory, catalogue=catalogue)
    if order.get("once"):
        return
    before = state_of(directory)
    again = recover(directory, catalogue=catalogue)
    read = runs_in_catalogue if catalogue else runs_in_documents
    tell(
        {
            "told": "recovered",
            "problems": list(report.problems),
            "unchanged": not again.changed and state_of(directory) == before,
            "runs": read(directory),
        }
    )


ACTIONS = {"acquire": acquire, "recover": recovered}


def obey(order: dict[str, Any]) -> dict[str, Any]:
    """Fork for one order; kill the child when its time has come."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            os.dup2(2, 1)

            def tell(what: dict[str, Any]) -> None:
                os.write(writer, json.dumps({**what, "at_s": time.monotonic()}).encode() + b"\n")

            ACTIONS[order["action"]](order, tell)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writer)
    told: list[dict[str, Any]] = []
    with os.fdopen(reader, "rb") as messages:
        first = messages.readline()
        if first:
            told.append(json.loads(first))
        kill_after_s = order.get("kill_after_s")
        if kill_after_s is not None and first:
            time.sleep(max(0.0, told[0]["at_s"] + kill_after_s - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its
        told.extend(json.loads(line) for line in messages if line.endswith(b"\n"))
    _, status = os.waitpid(child, 0)
    return {"told": told, "status": os.waitstatus_to_exitcode(status), "end_s": time.monotonic()}


def main() -> int:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import logging

    import blueslice.recover
    import blueslice.session  # noqa: F401
    from blueslice.analysis import prepare_kernel, prepare_registration

    prepare_kernel()
    prepare_registration()
    logging.disable(logging.CRITICAL)
    import warnings

    warnings.simplefilter("ignore")
    for module in ("tiled.catalog", "tiled.client", "tiled.server.app", "bluesky_tiled_plugins"):
        __import__(module)
    for line in sys.stdin:
        answers.write(json.dumps(obey(json.loads(line))) + "\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
