"""Sends signals to a session in another process, and looks at what is left of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks._kill_readers import runs_in_documents

__all__ = ["Ended", "SignalledSession"]

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 90.0


@dataclass(frozen=True)
class Ended:
    """What is left of a session that was ended.

    Attributes
    ----------
    status : int
        Exit code of the process.
    truth : sequence of mapping
        What its instruments did, in that order.
    runs : sequence of mapping
        Its runs, as documents and files tell of them.
    dark_after_s : float
        From the signal to the last moment at which anything was lit or armed, in s; infinite where
        something still is.
    took_s : float
        From the signal to the end of the process, in s.
    output : str
        What it printed.
    """

    status: int
    truth: Sequence[dict[str, Any]]
    runs: Sequence[dict[str, Any]]
    dark_after_s: float
    took_s: float
    output: str = field(repr=False)

    @property
    def kept(self) -> list[int]:
        """Numbers of the trials that the session had kept."""
        return [line["trial"] for line in self.truth if line["what"] == "kept"]

    @property
    def found(self) -> list[int]:
        """Numbers of the trials that are there, as an entry and whole in the files."""
        return [
            number
            for run in self.runs
            if not run["raw_run"] and run.get("whole", True)
            for number in run["entries"]
            if number <= run["trials"]
        ]

    @property
    def stops(self) -> list[tuple[str, str]]:
        """Exit status and reason of each run; "none" for a run without a stop document."""
        stops = [run["stop"] for run in self.runs if not run["raw_run"]]
        return [(stop.get("exit_status", "none"), stop.get("reason", "")) for stop in stops]


class SignalledSession:
    """A session in a process of its own, at real pace; see `benchmarks._signal_child`."""

    def __init__(self, folder: Path, scene: str, *, terminal: bool = False, **order: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.directory, self._truth = folder / "data", folder / "truth.jsonl"
        whole = {"directory": str(self.directory), "truth": str(self._truth), "scene": scene}
        self._output = (folder / "output.txt").open("w+", encoding="utf-8")
        self.terminal, inside = os.openpty() if terminal else (-1, -1)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._signal_child", json.dumps(whole | order)],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
            stdin=inside if terminal else subprocess.DEVNULL,
            stdout=inside if terminal else self._output,
            stderr=inside if terminal else subprocess.STDOUT,
            # Its own terminal is what hangs up on it.
            start_new_session=terminal,
            preexec_fn=_take_terminal if terminal else None,
        )
        if terminal:
            os.close(inside)

    def truth(self) -> list[dict[str, Any]]:
        """Return what has happened so far."""
        lines = self._truth.read_text().splitlines() if self._truth.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for(self, what: object, **values: object) -> None:
        """Wait until something has happened."""
        wanted = {"what": what, **values}
        end_s = time.monotonic() + PATIENCE_S
        while not any(wanted.items() <= line.items() for line in self.truth()):
            if self.process.poll() is not None or time.monotonic() > end_s:
                raise TimeoutError(f"{wanted} has not happened: {self._printed()}")
            time.sleep(0.005)

    def send(self, *numbers: int, apart_s: float = 0.3) -> float:
        """Send signals one after the other; return when, in s."""
        at_s = time.monotonic()
        for place, number in enumerate(numbers):
            if place:
                time.sleep(apart_s)
            self.process.send_signal(number)
        return at_s

    def hang_up(self) -> float:
        """Close the window that the session's terminal is in; return when, in s."""
        at_s = time.monotonic()
        os.close(self.terminal)
        return at_s

    def end(self, at_s: float) -> Ended:
        """Wait for the end; return what is left."""
        from blueslice.broker import DataDirectory

        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        took_s = time.monotonic() - at_s
        truth, output = self.truth(), self._printed()
        self._output.close()
        return Ended(
            status=status,
            truth=truth,
            runs=runs_in_documents(DataDirectory(self.directory)),
            dark_after_s=dark_after_s(truth, at_s),
            took_s=took_s,
            output=output,
        )

    def close(self) -> None:
        """End the process whatever it does; to be called where it may not have ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._output.close()

    def _printed(self) -> str:
        self._output.seek(0)
        return self._output.read()


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def dark_after_s(truth: Sequence[dict[str, Any]], at_s: float) -> float:
    """Return how long after a moment something was lit or armed last; infinite if it still is."""
    on: set[str] = set()
    last_s = at_s
    for line in truth:
        kind, _, state = line["what"].partition(" ")
        if kind in ("leds", "clock", "pulses") and state in ("on", "off"):
            was_on = bool(on)
            (on.add if state == "on" else on.discard)(kind)
            if was_on and not on:
                last_s = max(last_s, line["at_s"])
    return float("inf") if on else last_s - at_s
