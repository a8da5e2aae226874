"""The virtual bench: instruments on one clock and one bath, in one process."""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from blueslice.errors import InstrumentError
from blueslice.sim.bath import Bath
from blueslice.sim.experiment_clock import ExperimentClock
from blueslice.sim.pace import Pace
from blueslice.sim.play import NOTHING, Play, Reader
from blueslice.sim.wiring import TrialSource, Wiring
from blueslice.trial import Pulse

__all__ = ["VirtualBench"]


class VirtualBench:
    """Couples the virtual instruments: what one is told changes what another gets.

    Parameters
    ----------
    source : TrialSource
        Makes a trial from the state of the instruments.
    pace : Pace
        Says how much of it has gone by.
    bath : Bath, optional
        The solutions and their way to the tissue; by default those of the paper.
    on_trial : callable of (int, Wiring), optional
        Told of each trial that has begun: its place in the run and what the instruments did.
    """

    def __init__(
        self,
        source: TrialSource,
        pace: Pace,
        bath: Bath | None = None,
        on_trial: Callable[[int, Wiring], None] | None = None,
    ) -> None:
        self.source = source
        self._on_trial = on_trial
        self.pace = pace
        self.condition = threading.Condition()
        self.time = ExperimentClock(pace, self.condition)
        self.bath = bath or Bath()
        self.camera, self.amplifier = Reader(), Reader()
        self.camera_exposure_s = 0.0
        self.samples_per_frame = 0
        self._clock: tuple[float, int] | None = None
        self._leds: tuple[tuple[int, ...], float] = ((), 0.0)
        self._pulses: tuple[Pulse, ...] = ()
        self._play: Play | None = None
        self._lit: Play | None = None
        # Light of earlier trials with the program that the LEDs still have.
        self._lit_before_s = (0.0, 0.0)

    def now_s(self) -> float:
        """Return the time of the experiment in s: 0 when the bench was made."""
        return self.time.now_s()

    # -- what the instruments are told

    def load_clock(self, frame_rate_Hz: float, frame_count: int) -> None:
        """Set the clock; ends a trial that still runs."""
        self.stop()
        with self.condition:
            self._clock = (frame_rate_Hz, frame_count)

    def program_leds(self, order: Sequence[int], exposure_s: float) -> None:
        """Set the LEDs, which stay dark until the clock starts."""
        with self.condition:
            self._leds = (tuple(order), exposure_s)
            self._lit, self._lit_before_s = None, (0.0, 0.0)

    def darken(self) -> None:
        """Forget the LEDs' program; in a trial, this ends the trial."""
        with self.condition:
            self._leds = ((), 0.0)
            self._stop_play()

    @property
    def programmed_pulses(self) -> tuple[Pulse, ...]:
        """What the stimulator would give in the next trial; empty while it is disarmed."""
        return self._pulses

    def program_pulses(self, pulses: Sequence[Pulse]) -> None:
        """Set the stimulator, which gives nothing until the clock starts."""
        with self.condition:
            self._pulses = tuple(pulses)

    def disarm(self) -> None:
        """Forget the pulses; in a trial, this ends the trial."""
        with self.condition:
            self._pulses = ()
            self._stop_play()

    def perfuse(self, solution: str) -> None:
        """Let another solution flow from now on."""
        with self.condition:
            self.bath.switch(solution, self.now_s())

    def start(self) -> None:
        """Start the clock, and with it every instrument that is armed."""
        with self.condition:
            if self._clock is None:
                raise InstrumentError(
                    "the trial clock was started without a trial; prepare it before kickoff"
                )
            told = (self._clock, self._leds, self._pulses)
            rate_Hz, count = self._clock
            order, led_exposure_s = self._leds
            now_s = self.now_s()
            wiring = Wiring(
                frame_rate_Hz=rate_Hz,
                frame_count=count,
                exposure_s=self.camera_exposure_s if self.camera.armed else 0.0,
                samples_per_frame=self.samples_per_frame if self.amplifier.armed else 0,
                led_order=order,
                led_exposure_s=led_exposure_s,
                pulses=self._pulses,
                started_s=now_s,
                bath=self.bath.at(now_s),
            )
            armed = [r for r in (self.camera, self.amplifier) if r.armed]
            index = armed[0].trial if armed else 0
        # Computing the trial takes its time; the lock is free, so that stop() can come in.
        played = self.source.play(wiring, index)
        with self.condition:
            now = (self._clock, self._leds, self._pulses)
            # By identity: a clock that was stopped and loaded again with equal values counts.
            if any(mine is not theirs for mine, theirs in zip(told, now, strict=True)):
                return
            self._clock = None
            self._lit_before_s = self.light_s()
            happened = played.wiring or wiring
            play = self._play = self._lit = Play(played, happened, self.pace.now_s())
            self.pace.skip(play.length_s)
            for reader in (self.camera, self.amplifier):
                if reader.armed:
                    reader.armed, reader.play = False, play
            self.condition.notify_all()
        if self._on_trial is not None:
            self._on_trial(index, happened)

    def stop(self) -> None:
        """Stop the clock: nothing that is not yet done will happen."""
        with self.condition:
            self._clock = None
            self._stop_play()

    def _stop_play(self) -> None:
        play = self._play
        if play is not None and play.stopped_after_s is None:
            elapsed_s = self._elapsed_s(play)
            if elapsed_s < play.length_s:
                play.stopped_after_s = elapsed_s
        self.condition.notify_all()

    def _elapsed_s(self, play: Play) -> float:
        return self.pace.now_s() - play.started_s

    # -- what the instruments give

    def ticks(self, play: Play) -> tuple[int, bool]:
        """Return how many frames of a trial are complete, and whether no more will come."""
        count = play.wiring.frame_count
        elapsed_s = play.stopped_after_s
        stopped = elapsed_s is not None
        if elapsed_s is None:
            elapsed_s = self._elapsed_s(play)
        # The last bit of a float must not cost a frame.
        exact = elapsed_s * play.wiring.frame_rate_Hz + 1e-6
        done = count if exact >= count else int(exact)
        return done, stopped or done == count

    def wait_for_ticks(
        self, reader: Reader, block_s: float, timeout_s: float
    ) -> tuple[Play, int] | None:
        """Wait until frames are there that this reader has not had.

        Returns
        -------
        (play, ticks) or None
            The trial and how many of its clock ticks are complete (this may be no news when
            `timeout_s` went by); None when nothing more will come.
        """
        deadline_s = time.monotonic() + timeout_s
        with self.condition:
            while True:
                left_s = deadline_s - time.monotonic()
                if reader.stopped:
                    return None
                play = reader.play
                if play is None:
                    if left_s <= 0:
                        return NOTHING, 0
                    self.pace.wait(self.condition, left_s)
                    continue
                done, over = self.ticks(play)
                if over:
                    return (play, done) if reader.position < done else None
                wanted = reader.position + max(1, round(block_s * play.wiring.frame_rate_Hz))
                if done >= wanted or left_s <= 0:
                    return play, done
                due_s = wanted / play.wiring.frame_rate_Hz - self._elapsed_s(play)
                self.pace.wait(self.condition, min(left_s, max(due_s, 1e-4)))

    def advance(self, reader: Reader, ticks: int) -> None:
        """Note that a reader has had the frames of so many ticks."""
        with self.condition:
            reader.position = ticks

    def wait_until_over(self, timeout_s: float) -> bool:
        """Wait for the end of the trial that was started; True when it has come."""
        deadline_s = time.monotonic() + timeout_s
        with self.condition:
            while True:
                play = self._play
                if play is None or self.ticks(play)[1]:
                    return True
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return False
                due_s = play.length_s - self._elapsed_s(play)
                self.pace.wait(self.condition, min(left_s, max(due_s, 1e-4)))

    def lit_now(self) -> int:
        """Return the number of the (first) LED that is on at this moment, 0 for none."""
        with self.condition:
            play = self._play
            if play is None or self.ticks(play)[1]:
                return 0
            in_frames = self._elapsed_s(play) * play.wiring.frame_rate_Hz
            frame = int(in_frames)
            in_frame_s = (in_frames - frame) / play.wiring.frame_rate_Hz
            on = np.flatnonzero(in_frame_s < play.wiring.led_on_s[:, frame])
            return int(on[0]) + 1 if len(on) else 0

    def light_s(self) -> tuple[float, float]:
        """Return how long each LED was on since the LEDs were programmed, in s."""
        with self.condition:
            play, before_s = self._lit, self._lit_before_s
            if play is None:
                return before_s
            done, _ = self.ticks(play)
            if play.stopped_after_s is not None:
                # The frame in which the clock was stopped has had its light at least in part.
                done = min(done + 1, play.wiring.frame_count)
            led_1_s, led_2_s = play.wiring.led_on_s[:, :done].sum(axis=1)
            return before_s[0] + float(led_1_s), before_s[1] + float(led_2_s)
