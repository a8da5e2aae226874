"""A session at real pace that is ended from outside, in a process of its own.

``python -m benchmarks._signal_child ORDER``, a JSON object: the data ``directory``, the file
``truth`` that the instruments write to, the ``scene`` and the ``seed``.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

ROWS = COLUMNS = 24


class Truth:
    """What the simulated instruments really did, a line of JSON each, whatever becomes of us."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str, **values: Any) -> None:
        line = json.dumps({"what": what, "at_s": time.monotonic(), **values})
        os.write(self._file, line.encode() + b"\n")

    def watch(self, bench: Any) -> None:
        """Note each change of what gives light or pulses, when it is done."""
        changes = {
            "load_clock": "clock on",
            "start": "clock started",
            "stop": "clock off",
            "program_leds": "leds on",
            "darken": "leds off",
            "program_pulses": "pulses on",
            "disarm": "pulses off",
        }
        for name, what in changes.items():
            setattr(bench, name, self._noted(getattr(bench, name), what))

    def _noted(self, change: Callable[..., Any], what: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if what.endswith("on"):
                self.note(what)  # before: it may be struck in between
            answer = change(*arguments)
            if not what.endswith("on"):
                self.note(what)
            return answer

        return call


def wait_for_ever() -> None:
    threading.Event().wait()


class Scenes:
    """What the session does when it is ended."""

    def __init__(self, session: Any, rig: Any, truth: Truth) -> None:
        self.session, self.rig, self.truth = session, rig, truth

    def trials(self) -> None:
        """Trials one after the other."""
        from blueslice.plans import two_pulse

        self.session.RE(two_pulse(self.rig, trials=100))

    def deaf(self) -> None:
        """A main thread that handles no signal, as one that has just begun to wait for a lock."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
        self.trials()

    def rest(self) -> None:
        """A rest of an hour after the first trial."""
        from blueslice.plans import two_pulse

        self._when_kept(1, lambda: self.truth.note("resting"))
        self.session.RE(two_pulse(self.rig, trials=4, blanks=1, rest_s=3600.0))

    def paused(self) -> None:
        """A run that is paused at its prompt."""
        from bluesky.utils import RunEngineInterrupted

        from blueslice.plans import two_pulse

        self._when_kept(2, lambda: self._elsewhere(self.session.RE.request_pause, False))
        with contextlib.suppress(RunEngineInterrupted):
            self.session.RE(two_pulse(self.rig, trials=100))
        self.truth.note("paused")
        wait_for_ever()

    def held(self) -> None:
        """A run that is paused from the live page."""
        from blueslice._run_control import RunControl
        from blueslice.plans import two_pulse

        control = RunControl(self.session.RE)

        def hold() -> None:
            control.pause()
            while control.state != "paused":
                time.sleep(0.01)
            self.truth.note("held")

        self._when_kept(2, lambda: self._elsewhere(hold))
        self.session.RE(two_pulse(self.rig, trials=100))

    def idle(self) -> None:
        """A prompt, after a run."""
        from blueslice.plans import two_pulse

        self.session.RE(two_pulse(self.rig, trials=2))
        self.truth.note("idle")
        wait_for_ever()

    def closing(self) -> None:
        """A session that is being closed, which takes its time."""
        from blueslice.plans import two_pulse

        self.session.RE(two_pulse(self.rig, trials=2))

        def slowly() -> None:
            self.truth.note("closing")
            time.sleep(1.5)
            self.truth.note("closed")

        self.session._closing.callback(slowly)
        self.session.close()

    def left_open(self) -> None:
        """A program that ends with its run paused, and closes nothing."""
        from bluesky.utils import RunEngineInterrupted

        from blueslice.plans import two_pulse

        self._when_kept(2, lambda: self._elsewhere(self.session.RE.request_pause, False))
        with contextlib.suppress(RunEngineInterrupted):
            self.session.RE(two_pulse(self.rig, trials=100))
        self.truth.note("left open")

    def by_hand(self) -> None:
        """A plan that prepares a long trial, starts it, and cleans up nothing."""
        self.session.RE(self._by_hand())

    def blocked(self) -> None:
        """A callback that never comes back: the RunEngine can do nothing more."""

        def block(name: str, doc: Any) -> None:
            self.truth.note("blocked")
            wait_for_ever()

        self.session.RE.subscribe(block, "descriptor")
        self.session.RE(self._by_hand())

    def stubborn(self) -> None:
        """A program that takes every exit for a slip."""
        from blueslice.plans import two_pulse

        while True:
            with contextlib.suppress(BaseException):
                self.session.RE(two_pulse(self.rig, trials=100))
            time.sleep(0.01)

    def _by_hand(self) -> Any:
        import bluesky.plan_stubs as bps

        from blueslice.trial import Trial, paired_pulses

        trial = Trial(frame_count=5000, pulses=paired_pulses(onset_s=9.0))
        rig = self.rig
        yield from bps.open_run()
        for device in (rig.led_pair, rig.stimulator, rig.clock):
            yield from bps.prepare(device, trial, wait=True)
        yield from bps.kickoff(rig.clock, wait=True)
        yield from bps.create("by hand")
        yield from bps.read(rig.rest)
        yield from bps.save()
        self.truth.note("lit by hand")
        yield from bps.sleep(3600)

    def _when_kept(self, number: int, act: Callable[[], None]) -> None:
        def hear(name: str, doc: Any) -> None:
            if doc["data"].get("trial-number") == number:
                act()

        self._hearing = hear
        self.session.RE.subscribe(hear, "event")

    def _elsewhere(self, act: Callable[..., Any], *arguments: Any) -> None:
        threading.Thread(target=act, args=arguments, daemon=True).start()


def fork(truth: Truth) -> None:
    """Make a child process that waits, and note how it is ended."""
    child = os.fork()
    if child == 0:
        while True:
            time.sleep(1)
    truth.note("forked", child=child)

    def note_end() -> None:
        _, status = os.waitpid(child, 0)
        truth.note("child ended", status=os.waitstatus_to_exitcode(status))

    threading.Thread(target=note_end, daemon=True).start()


def main() -> None:
    order = json.loads(sys.argv[1])
    truth = Truth(order["truth"])
    from blueslice.broker import DataDirectory
    from blueslice.rig import make_sim_rig
    from blueslice.session import Session

    directory = DataDirectory(order["directory"])
    rig: Any = make_sim_rig(
        order.get("seed", 0), data_directory=directory, rows=ROWS, columns=COLUMNS, pace="real"
    )
    truth.watch(rig.bench)
    if order.get("own_handler"):
        signal.signal(signal.SIGTERM, lambda *_: truth.note("own handler") or sys.exit(7))
    for name in order.get("ignored", ()):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    session = Session(rig, directory, catalogue=False)
    with contextlib.nullcontext() if order["scene"] == "left_open" else session:
        session.allow_exposure()

        def kept(name: str, doc: Any) -> None:
            if "trial-number" in doc["data"]:
                truth.note("kept", trial=doc["data"]["trial-number"])

        session.RE.subscribe(kept, "event")
        if order.get("console"):
            # What Windows does: the handler runs in a thread, and then the process is ended.
            from blueslice._console_events import console_handler
            from blueslice._signals import process_end

            def close_window(*_: Any) -> None:
                console_handler(process_end.end_at_once)(2)
                truth.note("ended by the system")
                os._exit(0)

            signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=close_window).start())
        if order.get("fork"):
            fork(truth)
        truth.note("ready")
        getattr(Scenes(session, rig, truth), order["scene"])()


if __name__ == "__main__":
    main()
