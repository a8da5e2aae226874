"""Pause, resume, stop and abort of a RunEngine from another thread than the one it blocks."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from bluesky import RunEngine
from bluesky.utils import Msg, MsgGenerator

from blueslice.devices.taps import TapEvent, TrialBegin
from blueslice.errors import BadInputError

__all__ = ["RunControl"]

AT_PROMPT = (
    "the run was paused at its own prompt; answer there (in IPython with RE.resume(), RE.stop() or "
    "RE.abort())"
)
_TIMEOUT_S = 10.0


class RunControl:
    """Does to a RunEngine what somebody asks for who is not at its prompt.

    A pause holds the plan where it is (bluesky's suspension) and not the RunEngine, which would
    give its prompt back and could be resumed from there alone. It takes hold between two trials:
    one that is broken off would have to be taken, and lit, again. A run that was paused at its
    prompt belongs to who sits there, and nothing is done to it.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Subscribed to from now on.
    """

    def __init__(self, RE: RunEngine) -> None:
        self._RE = RE
        self._lock = threading.Lock()
        self._in_trial = False
        self._pausing = False
        self._permit: asyncio.Event | None = None
        self._held = threading.Event()
        RE.subscribe(self._note)

    @property
    def state(self) -> str:
        """``idle``, ``running``, ``pausing`` (after this trial), ``paused``, ``at prompt``..."""
        state = str(self._RE.state)
        if state == "paused":
            return "at prompt"
        if state == "idle":
            return "idle"
        if self._permit is not None and self._held.is_set():
            return "paused"
        return "pausing" if self._pausing or self._permit is not None else state

    def take_event(self, event: TapEvent) -> None:
        """Know that a trial begins; for a device's tap."""
        if isinstance(event, TrialBegin):
            self._in_trial = True

    def _note(self, name: str, doc: Mapping[str, Any]) -> None:
        """Hear, on the RunEngine's loop, that a trial is kept or the run is over."""
        if name in ("start", "stop"):
            self._in_trial = self._pausing = False
            self._let_go()
            self._held.clear()
        elif name == "event" and "trial-number" in doc["data"]:
            self._in_trial = False
            if self._pausing:
                self._hold()

    def _hold(self) -> None:
        """Hold the plan; on the RunEngine's loop."""
        self._pausing = False
        if not self._RE.resumable:
            raise BadInputError("the run cannot be paused at this moment; try again")
        self._permit = permit = asyncio.Event()
        self._held.clear()

        def note_held() -> MsgGenerator[None]:
            self._held.set()
            yield Msg("null")

        self._RE.request_suspend(
            permit.wait, pre_plan=note_held, justification="paused from the live page"
        )

    def pause(self) -> str:
        """Hold the plan as soon as the trial in hand is kept; return what will happen.

        Raises
        ------
        BadInputError
            When nothing runs, or it is paused already.
        """
        self._refuse_unless("running")
        if self._in_trial:
            self._pausing = True
            return "the run pauses when this trial is kept"
        self._on_loop(self._hold)
        return "the run is paused"

    def resume(self) -> str:
        """Let a plan go on that was paused from here.

        Raises
        ------
        BadInputError
            When it was not.
        """
        self._refuse_unless("paused", "pausing")
        self._settle()

        self._on_loop(self._let_go)
        return "the run goes on"

    def _let_go(self) -> None:
        """End the pause; of a run that is over nothing may be left that still waits for that."""
        self._pausing = False
        permit, self._permit = self._permit, None
        if permit is not None:
            permit.set()

    def stop(self) -> str:
        """End the run; what was taken counts as complete."""
        self._refuse_unless("running", "pausing", "paused")
        self._end(self._RE.stop)
        return "the run is stopped"

    def abort(self) -> str:
        """End the run and mark it as aborted."""
        self._refuse_unless("running", "pausing", "paused")
        self._end(lambda: self._RE.abort("aborted from the live page"))
        return "the run is aborted"

    def _settle(self) -> None:
        """Wait until a pause that takes hold has done so: bluesky bears one thing at a time."""
        if self._permit is not None and not self._held.wait(_TIMEOUT_S):
            raise BadInputError("the run does not come to its pause; try again")

    def _end(self, end: Any) -> None:
        self._settle()
        try:
            end()
        except Exception:
            # Bluesky's own, vendored, kind of error for a state that does not allow it.
            if str(self._RE.state) != "idle":
                raise
            raise BadInputError("the run is over already") from None

    def _refuse_unless(self, *states: str) -> None:
        state = self.state
        if state in states:
            return
        if state == "at prompt":
            raise BadInputError(AT_PROMPT)
        if state == "idle":
            raise BadInputError("no run is going on")
        raise BadInputError(f"the run is {state}; wait for that to be over")

    def _on_loop(self, function: Any) -> None:
        async def call() -> None:
            function()

        asyncio.run_coroutine_threadsafe(call(), self._RE.loop).result(_TIMEOUT_S)
