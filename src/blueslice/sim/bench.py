"""The virtual bench: five instruments on one clock, in one process."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blueslice.errors import InstrumentError
from blueslice.sim.pace import Pace
from blueslice.sim.wiring import PlayedTrial, TrialSource, Wiring
from blueslice.trial import Pulse

__all__ = ["Reader", "VirtualBench"]


@dataclass
class _Play:
    """A trial that is being played."""

    trial: PlayedTrial
    wiring: Wiring
    started_s: float
    stopped_after_s: float | None = None


class Reader:
    """One instrument's place in the trial that is being played."""

    def __init__(self) -> None:
        self.armed = False
        self.stopped = False
        self.position = 0
        self.trial = 0
        self.play: _Play | None = None

    def arm(self, trial: int) -> None:
        """Be given the next trial that starts, which has this place in the run."""
        self.armed, self.stopped, self.position, self.play = True, False, 0, None
        self.trial = trial

    def stop(self) -> None:
        """Get nothing more."""
        self.armed, self.stopped, self.play = False, True, None


class VirtualBench:
    """Couples the virtual instruments: what one is told changes what another gets.

    Parameters
    ----------
    source : TrialSource
        Makes a trial from the state of the instruments.
    pace : Pace
        Says how much of it has gone by.
    """

    def __init__(self, source: TrialSource, pace: Pace) -> None:
        self.source = source
        self.pace = pace
        self.condition = threading.Condition()
        self.camera, self.amplifier = Reader(), Reader()
        self.camera_exposure_s = 0.0
        self.samples_per_frame = 0
        self._clock: tuple[float, int] | None = None
        self._leds: tuple[tuple[int, ...], float] = ((), 0.0)
        self._pulses: tuple[Pulse, ...] = ()
        self._play: _Play | None = None
        self._lit: _Play | None = None

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
            self._lit = None

    def darken(self) -> None:
        """Forget the LEDs' program; in a trial, this ends the trial."""
        with self.condition:
            self._leds = ((), 0.0)
            self._stop_play()

    def program_pulses(self, pulses: Sequence[Pulse]) -> None:
        """Set the stimulator, which gives nothing until the clock starts."""
        with self.condition:
            self._pulses = tuple(pulses)

    def disarm(self) -> None:
        """Forget the pulses; in a trial, this ends the trial."""
        with self.condition:
            self._pulses = ()
            self._stop_play()

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
            wiring = Wiring(
                frame_rate_Hz=rate_Hz,
                frame_count=count,
                exposure_s=self.camera_exposure_s if self.camera.armed else 0.0,
                samples_per_frame=self.samples_per_frame if self.amplifier.armed else 0,
                led_order=order,
                led_exposure_s=led_exposure_s,
                pulses=self._pulses,
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
            self._play = self._lit = _Play(played, wiring, self.pace.now_s())
            for reader in (self.camera, self.amplifier):
                if reader.armed:
                    reader.armed, reader.play = False, self._play
            self.condition.notify_all()

    def stop(self) -> None:
        """Stop the clock: nothing that is not yet done will happen."""
        with self.condition:
            self._clock = None
            self._stop_play()

    def _stop_play(self) -> None:
        play = self._play
        if play is not None and play.stopped_after_s is None:
            elapsed_s = self.pace.elapsed_s(play.started_s)
            if elapsed_s < play.wiring.frame_count / play.wiring.frame_rate_Hz:
                play.stopped_after_s = elapsed_s
        self.condition.notify_all()

    # -- what the instruments give

    def ticks(self, play: _Play) -> tuple[int, bool]:
        """Return how many frames of a trial are complete, and whether no more will come."""
        count = play.wiring.frame_count
        elapsed_s = play.stopped_after_s
        stopped = elapsed_s is not None
        if elapsed_s is None:
            elapsed_s = self.pace.elapsed_s(play.started_s)
        # The last bit of a float must not cost a frame.
        exact = elapsed_s * play.wiring.frame_rate_Hz + 1e-6
        done = count if exact >= count else int(exact)
        return done, stopped or done == count

    def wait_for_ticks(
        self, reader: Reader, block_s: float, timeout_s: float
    ) -> tuple[_Play, int] | None:
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
                        return _NOTHING, 0
                    self.pace.wait(self.condition, left_s)
                    continue
                done, over = self.ticks(play)
                if over:
                    return (play, done) if reader.position < done else None
                wanted = reader.position + max(1, round(block_s * play.wiring.frame_rate_Hz))
                if done >= wanted or left_s <= 0:
                    return play, done
                due_s = wanted / play.wiring.frame_rate_Hz - self.pace.elapsed_s(play.started_s)
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
                length_s = play.wiring.frame_count / play.wiring.frame_rate_Hz
                due_s = length_s - self.pace.elapsed_s(play.started_s)
                self.pace.wait(self.condition, min(left_s, max(due_s, 1e-4)))

    def lit_now(self) -> int:
        """Return the number of the LED that is on at this moment, 0 for none."""
        with self.condition:
            play = self._play
            if play is None or self.ticks(play)[1]:
                return 0
            in_frames = self.pace.elapsed_s(play.started_s) * play.wiring.frame_rate_Hz
            frame = int(in_frames)
            on = (in_frames - frame) / play.wiring.frame_rate_Hz < play.wiring.led_exposure_s
            return int(play.wiring.excitation[frame]) if on else 0

    def light_s(self) -> tuple[float, float]:
        """Return how long each LED was on since the LEDs were programmed, in s."""
        with self.condition:
            play = self._lit
            if play is None:
                return 0.0, 0.0
            done, _ = self.ticks(play)
            if play.stopped_after_s is not None:
                # The frame in which the clock was stopped has had its light at least in part.
                done = min(done + 1, play.wiring.frame_count)
            lit = play.wiring.excitation[:done]
            exposure_s = play.wiring.led_exposure_s
            return exposure_s * int(np.sum(lit == 1)), exposure_s * int(np.sum(lit == 2))


_NOTHING = _Play(
    PlayedTrial(np.zeros((0, 1, 1), np.uint16), np.zeros(0, np.int64), {}),
    Wiring(1.0, 0, 0.0, 0, (), 0.0, ()),
    0.0,
)
