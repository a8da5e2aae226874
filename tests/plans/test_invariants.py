"""Random sequences of plan, pause, resume, stop, abort, halt and faults: what always holds.

Never light outside a trial, never two programs on one stimulator, and the ledger has the light that
was given.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from bluesky import RunEngine
from bluesky.utils import FailedStatus, RunEngineInterrupted
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from blueslice._engine import close_run_engine
from blueslice.broker import DataDirectory
from blueslice.callbacks import Journal
from blueslice.errors import InstrumentError
from blueslice.ledger import read_cell
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial

# A message of a plan of two trials, of the about 90 that it has.
PLACES = st.integers(1, 95)
INSTRUMENTS = {
    "camera": ["arm", "read_frames", "stop"],
    "amplifier": ["arm", "read_samples", "stop"],
    "led_pair": ["program"],
    "stimulator": ["program"],
    "clock": ["load", "start", "wait"],
    "rest": ["start", "wait", "now_s"],
}
CALLS = st.sampled_from([(name, call) for name, calls in INSTRUMENTS.items() for call in calls])


class Broken:
    """A backend of which one call fails, once."""

    def __init__(self, backend):
        self.backend, self.call = backend, ""

    def __getattr__(self, name):
        if name == self.call:
            self.call = ""
            raise_now = InstrumentError(f"{name} was not answered; check its cable")

            def fail(*_):
                raise raise_now

            return fail
        return getattr(self.backend, name)


class LightMeter:
    """What the LEDs and the stimulator of the bench really did."""

    def __init__(self, bench):
        self.bench, self.given_s, self.programs = bench, 0.0, []
        start, program, disarm = bench.start, bench.program_pulses, bench.disarm

        def started():
            self.read()
            start()
            self.unread = bench._lit is not None and bench._lit is not self.play
            self.play = bench._lit

        def programmed(pulses):
            self.programs.append(tuple(pulses))
            program(pulses)

        def disarmed():
            self.programs.clear()
            disarm()

        self.play, self.unread = None, False
        bench.start, bench.program_pulses, bench.disarm = started, programmed, disarmed
        leds = bench.program_leds

        def leds_programmed(order, exposure_s):
            self.read()
            leds(order, exposure_s)

        bench.program_leds = leds_programmed

    def read(self):
        """Add the light of the last trial, before the bench forgets it."""
        if self.unread:
            self.given_s += sum(self.bench.light_s())
            self.unread = False


class Rig(RuleBasedStateMachine):
    @initialize()
    def make(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        directory = DataDirectory(Path(self.folder.name))
        self.rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)
        self.rig.ledger.cell = "c1"
        self.rig.ledger.allow("c1")
        self.meter = LightMeter(self.rig.bench)
        self.engine = RunEngine({"cell": "c1"}, context_managers=[])
        self.journal = Journal(directory.journal)
        self.engine.subscribe(self.journal)
        self.journals = directory.journal
        self.halted_s = 0.0
        for name in INSTRUMENTS:
            device = getattr(self.rig, name)
            broken = Broken(device.backend)
            device.backend = broken

    def drive(self, act):
        with suppress(RunEngineInterrupted, FailedStatus, InstrumentError):
            act()
        self.engine.msg_hook = None

    def pause_at(self, place):
        count = 0

        def hook(message):
            nonlocal count
            count += 1
            if count == place:
                self.engine.loop.call_soon_threadsafe(self.ask_pause)

        self.engine.msg_hook = hook

    def ask_pause(self):
        if self.engine.state == "running":
            self.engine.loop.create_task(self.engine._request_pause_coro())

    @precondition(lambda self: self.engine.state == "idle")
    @rule(pause_at=st.one_of(st.just(0), PLACES), blanks=st.integers(0, 1))
    def run(self, pause_at, blanks):
        if pause_at:
            self.pause_at(pause_at)
        self.drive(lambda: self.engine(two_pulse(self.rig, trials=2, blanks=blanks, rest_s=1.0)))

    @rule(fault=CALLS)
    def break_something(self, fault):
        name, call = fault
        getattr(self.rig, name).backend.call = call

    @precondition(lambda self: self.engine.state == "paused")
    @rule(pause_at=st.one_of(st.just(0), PLACES))
    def resume(self, pause_at):
        if pause_at:
            self.pause_at(pause_at)
        self.drive(self.engine.resume)

    @precondition(lambda self: self.engine.state == "paused")
    @rule(way_out=st.sampled_from(["stop", "abort"]))
    def leave(self, way_out):
        self.drive(getattr(self.engine, way_out))

    @precondition(lambda self: self.engine.state == "paused")
    @rule()
    def halt(self):
        self.drive(self.engine.halt)

    @invariant()
    def dark_outside_trials(self):
        if hasattr(self, "rig"):
            bench = self.rig.bench
            assert bench.lit_now() == 0
            assert bench._leds == ((), 0.0)
            assert bench.programmed_pulses == ()

    @invariant()
    def one_program_at_a_time(self):
        if hasattr(self, "rig"):
            assert self.meter.programs == []

    @invariant()
    def the_ledger_has_the_light(self):
        if not hasattr(self, "rig") or self.engine.state != "idle":
            return
        self.meter.read()
        # The LEDs themselves enter it, so a halt leaves nothing to be noted later.
        assert read_cell(self.journals, "c1").total_s == pytest.approx(self.meter.given_s, abs=1e-9)
        assert self.rig.ledger.used_s("c1") == pytest.approx(self.meter.given_s, abs=1e-9)

    def teardown(self):
        if not hasattr(self, "rig"):
            return
        if self.engine.state == "paused":
            self.drive(self.engine.abort)
        # Whatever was before: the next run is complete, and notes what is left.
        for name in INSTRUMENTS:
            getattr(self.rig, name).backend.call = ""
        self.drive(lambda: self.engine(two_pulse(self.rig, trials=1)))
        self.meter.read()
        total_s = read_cell(self.journals, "c1").total_s
        assert total_s == pytest.approx(self.meter.given_s, abs=1e-9)
        assert total_s > 0.999 * sum(Trial().light_s.values())
        self.journal.close()
        close_run_engine(self.engine)
        self.folder.cleanup()


@pytest.mark.long
# What bluesky's own collect leaves behind when a pause cuts it off.
@pytest.mark.filterwarnings("ignore:.*get_index:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_always_holds():
    run_state_machine_as_test(
        Rig,
        settings=settings(
            max_examples=40,
            # Small as they are, and each takes seconds: not shrunk.
            phases=[Phase.generate],
            stateful_step_count=12,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
