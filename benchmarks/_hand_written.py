"""Plans by hand: is their light in the ledger, is all dark after close? And mock mode."""

import contextlib
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
from benchmarks._measure import Row
from benchmarks._random_messages import random_plan
from bluesky import RunEngine

from blueslice._engine import close_run_engine
from blueslice._go_dark import go_dark
from blueslice.broker import DataDirectory
from blueslice.ledger import list_cells
from blueslice.rig import make_sim_rig
from blueslice.session import Session

__all__ = ["hand_written_rows", "mock_rows"]

PLANS, IN_SESSIONS, MOCK = 2000, 100, 500
INSTRUMENTS = ("camera", "amplifier", "led_pair", "stimulator", "clock", "perfusion", "rest")


class LightMeter:
    """What the simulated LEDs really gave, read before the bench forgets it."""

    def __init__(self, bench: Any) -> None:
        self._bench, self._before_s = bench, 0.0
        leds = bench.program_leds

        def programmed(order: Any, exposure_s: float) -> None:
            # From here on the bench counts anew.
            self._before_s = self.given_s
            leds(order, exposure_s)

        bench.program_leds = programmed

    @property
    def given_s(self) -> float:
        """All light so far, in s."""
        return self._before_s + sum(self._bench.light_s())


class Tally:
    def __init__(self) -> None:
        self.plans = self.refused = self.lit = self.armed = self.over = 0
        self.given_s = self.missing_s = self.too_much_s = 0.0

    def count(self, rig: Any, meter: LightMeter, entered_s: float) -> None:
        bench = rig.bench
        self.plans += 1
        self.lit += bench.lit_now() != 0 or bench._leds != ((), 0.0)
        self.armed += bench._pulses != () or bench._clock is not None
        self.given_s += meter.given_s
        self.missing_s += max(0.0, meter.given_s - entered_s - 1e-9)
        self.too_much_s += max(0.0, entered_s - meter.given_s - 1e-9)
        self.over += meter.given_s > rig.ledger.budget.light_s + 1e-6


def hand_written_rows(
    seed: int, plans: int = PLANS, in_sessions: int = IN_SESSIONS
) -> Iterator[Row]:
    """Run random plans by hand, some in sessions; then close and compare with the bench."""
    chooser = random.Random(seed)
    tally = Tally()
    for at in range(plans):
        own = random.Random(chooser.randrange(1 << 30))
        with tempfile.TemporaryDirectory(dir=_memory(), ignore_cleanup_errors=True) as folder:
            directory = DataDirectory(Path(folder) / "data")
            rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
            meter = LightMeter(rig.bench)
            (_in_session if at < in_sessions else _under_a_run_engine)(rig, directory, own)
            if rig.ledger is not None:
                rig.ledger.close()
            entered_s = sum(cell.total_s for cell in list_cells(directory.journal))
            tally.count(rig, meter, entered_s)
    name = "plans by hand"
    yield Row(f"{name}: run, of them in sessions {in_sessions}", tally.plans, "plans")
    yield Row(f"{name}: light given", tally.given_s, "s")
    missing, over = tally.missing_s, tally.over
    yield Row(f"{name}: light missing from the ledger", missing, "s", "0", missing == 0)
    yield Row(f"{name}: light in the ledger that was not given", tally.too_much_s, "s")
    yield Row(f"{name}: cells lit beyond their budget", over, "cells", "0", over == 0)
    yield Row(f"{name}: light sources on after close", tally.lit, "", "0", tally.lit == 0)
    yield Row(f"{name}: devices armed after close", tally.armed, "", "0", tally.armed == 0)


def _memory() -> str | None:
    """Return a folder in memory, where there is one: no disk is tried here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _under_a_run_engine(rig: Any, directory: DataDirectory, chooser: random.Random) -> None:
    engine = RunEngine({}, context_managers=[])
    try:
        with contextlib.suppress(Exception):
            engine(random_plan(rig, chooser))
        go_dark(rig, engine.loop)
    finally:
        close_run_engine(engine)


def _in_session(rig: Any, directory: DataDirectory, chooser: random.Random) -> None:
    with Session(rig, directory, catalogue=False) as session, contextlib.suppress(Exception):
        session.RE(random_plan(rig, chooser))


class Noted:
    """A backend that counts whatever is asked of it."""

    def __init__(self, asked: list[str], name: str) -> None:
        self.__dict__.update(asked=asked, name=name)

    def __getattr__(self, attribute: str) -> Any:
        self.__dict__["asked"].append(f"{self.__dict__['name']}.{attribute}")
        raise AttributeError(attribute)


def mock_rows(seed: int, count: int = MOCK) -> Iterator[Row]:
    """Send random messages to devices in mock mode, and count what reaches a backend."""
    chooser = random.Random(seed)
    asked: list[str] = []
    ran = 0
    engine = RunEngine({}, context_managers=[])
    with tempfile.TemporaryDirectory(dir=_memory(), ignore_cleanup_errors=True) as folder:
        directory = DataDirectory(Path(folder) / "data")
        for _ in range(count):
            rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
            for name in INSTRUMENTS:
                getattr(rig, name).backend = Noted(asked, name)

            def connected(rig: Any = rig) -> Any:
                yield from bps.wait_for([lambda: rig.connect(mock=True)])

            engine(connected())
            with contextlib.suppress(Exception):
                engine(random_plan(rig, random.Random(chooser.randrange(1 << 30))))
            go_dark(rig, engine.loop)
            ran += 1
    close_run_engine(engine)
    yield Row("mock mode: random message sequences", ran, "sequences")
    calls = len(asked)
    yield Row("mock mode: calls of a backend", calls, "calls", "0", calls == 0)
    for call in sorted(set(asked)):
        yield Row(f"    {call}", asked.count(call), "", "", False)
