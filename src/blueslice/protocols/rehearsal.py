"""A plan rehearsed: what it would do and when, from its messages alone, with no device touched."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from bluesky.utils import Msg, MsgGenerator

from blueslice._data import Data
from blueslice._exact_metadata import refuse_inexact_metadata
from blueslice._numbers import Real, Whole
from blueslice.bath import bath_of
from blueslice.errors import BadInputError, BluesliceError
from blueslice.plans._pause import ADVICE
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.trial import LEDS, Trial

__all__ = ["Rehearsal", "RehearsedSolution", "RehearsedTrial", "RehearsedWait", "rehearse"]

# A plan that waits for something that only a real rig can tell may never end.
_MOST_MESSAGES = 2_000_000


class RehearsedTrial(Data):
    """A trial that will be taken.

    Attributes
    ----------
    begins_s : float
        Time since the beginning of the protocol, in s.
    trial : Trial
        What is done in it.
    number : int
        1 for the first of its run; 0 for a sweep that only tests the cell and is not kept.
    phase, condition : str
        Where in the protocol it stands, and what it is compared by.
    lit : bool
        Whether the LEDs were made ready for it.
    """

    begins_s: Real
    trial: Trial
    number: Whole = 0
    phase: str = ""
    condition: str = ""
    lit: bool = True

    @property
    def ends_s(self) -> float:
        """Time of its end since the beginning of the protocol, in s."""
        return self.begins_s + self.trial.duration_s

    @property
    def light_s(self) -> dict[int, float]:
        """Seconds of light by LED number."""
        return self.trial.light_s if self.lit else dict.fromkeys(LEDS, 0.0)


class RehearsedWait(Data):
    """A rest.

    Attributes
    ----------
    begins_s, length_s : float
        Time since the beginning of the protocol, and how long it lasts, in s.
    """

    begins_s: Real
    length_s: Real


class RehearsedSolution(Data):
    """A change of what flows.

    Attributes
    ----------
    begins_s : float
        Time since the beginning of the protocol, in s.
    solution : str
        What is let flow.
    """

    begins_s: Real
    solution: str


class Rehearsal(Data):
    """What a plan would do.

    Attributes
    ----------
    events : tuple
        Trials, rests and changes of solution, in order.
    ends_s : float
        Time of its end since the beginning of the protocol, in s: trials and rests, without what
        the computer needs.
    runs : int
        Runs that it opens.
    depends_on_data : bool
        Whether it ends otherwise than rehearsed, by what is recorded.
    advice : tuple of str
        What is allowed and hardly meant, a line each.
    """

    events: tuple[RehearsedTrial | RehearsedWait | RehearsedSolution, ...] = ()
    ends_s: Real = 0.0
    runs: Whole = 0
    depends_on_data: bool = False
    advice: tuple[str, ...] = ()

    @property
    def trials(self) -> tuple[RehearsedTrial, ...]:
        """The trials that are kept."""
        return tuple(event for event in self._taken if event.number)

    @property
    def _taken(self) -> tuple[RehearsedTrial, ...]:
        return tuple(event for event in self.events if isinstance(event, RehearsedTrial))

    @property
    def light_s(self) -> dict[int, float]:
        """Seconds of light by LED number."""
        lights = [taken.light_s for taken in self._taken]
        return {led: sum(light[led] for light in lights) for led in LEDS}


class _Answered:
    """What a plan gets that waits for something: it is done."""

    def result(self) -> None:
        """Tell nothing."""


class _Rehearser:
    """Answers a plan's messages as a rig would on which everything works, in its own time."""

    def __init__(self, rig: PlannedRig, begins_s: float) -> None:
        self._rig = rig
        self.now_s = begins_s
        self.events: list[RehearsedTrial | RehearsedWait | RehearsedSolution] = []
        self.runs = 0
        self.advice: list[str] = []
        self._trial: Trial | None = None
        self._lit = False
        self._solution = ""
        self._answers: dict[str, Callable[[Msg], Any]] = {
            "open_run": self._open_run,
            "wait_for": self._wait_for,
            "wait": lambda message: True,
            "prepare": self._prepare,
            "kickoff": self._kickoff,
            "set": self._set,
            "sleep": lambda message: self._rest(self.now_s + message.args[0]),
            "read": self._read,
            "locate": self._locate,
        }

    def answer(self, message: Msg) -> Any:
        """Return what the RunEngine would give back."""
        answer = self._answers.get(message.command)
        return answer(message) if answer else None

    def _open_run(self, message: Msg) -> str:
        refuse_inexact_metadata(message.kwargs)
        self.runs += 1
        return f"rehearsal-{self.runs}"

    def _wait_for(self, message: Msg) -> list[_Answered]:
        for make in message.args[0]:
            if text := getattr(make, ADVICE, ""):
                self.advice.append(text)
            _close(make())
        return [_Answered() for _ in message.args[0]]

    def _prepare(self, message: Msg) -> None:
        if message.obj is self._rig.clock:
            self._trial = message.args[0]
        elif message.obj is self._rig.led_pair:
            self._lit = True

    def _kickoff(self, message: Msg) -> None:
        if message.obj is self._rig.clock and self._trial is not None:
            rehearsed = RehearsedTrial(begins_s=self.now_s, trial=self._trial, lit=self._lit)
            self.events.append(rehearsed)
            self.now_s = rehearsed.ends_s
            self._lit = False

    def _set(self, message: Msg) -> None:
        value = message.args[0]
        if message.obj is self._rig.rest:
            since_s = message.kwargs.get("since_s")
            self._rest((self.now_s if since_s is None else since_s) + value)
        elif message.obj is self._rig.trial_log and self.events:
            last = self.events[-1]
            if isinstance(last, RehearsedTrial):
                self.events[-1] = last.replace(
                    number=value.number,
                    phase=value.phase,
                    condition=getattr(value, "condition", ""),
                )
        elif self._rig.perfusion is not None and message.obj is self._rig.perfusion:
            self._solution = str(value)
            self.events.append(RehearsedSolution(begins_s=self.now_s, solution=self._solution))

    def _rest(self, until_s: float) -> None:
        if until_s > self.now_s:
            length_s = until_s - self.now_s
            self.events.append(RehearsedWait(begins_s=self.now_s, length_s=length_s))
            self.now_s = until_s

    def _known(self) -> Mapping[str, Any]:
        """Return what is known without asking an instrument, by the name of its signal."""
        rest, perfusion = self._rig.rest, self._rig.perfusion
        known: dict[str, Any] = {rest.experiment_time_s.name: self.now_s}
        backend = getattr(perfusion, "backend", None)
        if perfusion is not None and backend is not None:
            bath = bath_of(self._solution, backend.solutions.get(self._solution, {}))
            known |= {
                perfusion.solution.name: bath.solution,
                perfusion.drug.name: bath.drug,
                perfusion.concentration_uM.name: bath.concentration_uM,
                perfusion.delay_s.name: backend.delay_s,
                perfusion.exchange_s.name: backend.exchange_s,
            }
        return known

    def _read(self, message: Msg) -> dict[str, Any] | None:
        name = message.obj.name
        found = {
            key: {"value": value, "timestamp": self.now_s}
            for key, value in self._known().items()
            if key == name or key.startswith(f"{name}-")
        }
        return found or None

    def _locate(self, message: Msg) -> dict[str, Any] | None:
        value = self._known().get(message.obj.name)
        return None if value is None else {"setpoint": value, "readback": value}


def rehearse(plan: MsgGenerator[Any], rig: PlannedRig, begins_s: float = 0.0) -> Rehearsal:
    """Go through a plan without a RunEngine: nothing is connected, moved, lit or written.

    Parameters
    ----------
    plan : generator of Msg
        Made for this rig; it is used up.
    rig : Rig
        Its devices are recognised, not asked. The clock of the experiment goes on by the lengths
        of trials and rests.
    begins_s : float
        Time since the beginning of the protocol, in s.

    Returns
    -------
    Rehearsal
        A plan whose course depends on what is recorded is gone through as far as it can be
        without; see `Rehearsal.depends_on_data`.

    Raises
    ------
    BadInputError
        What the plan refuses.
    """
    rehearser = _Rehearser(rig, begins_s)
    answer, depends_on_data, ended = None, False, False
    try:
        for _ in range(_MOST_MESSAGES):
            answer = rehearser.answer(plan.send(answer))
    except StopIteration:
        ended = True
    except BluesliceError:
        raise
    except Exception:
        # Without data a plan that reads them cannot go on; before its first trial that is no
        # reason, and the fault is the plan's.
        if not any(isinstance(event, RehearsedTrial) for event in rehearser.events):
            raise
        depends_on_data = ended = True
    finally:
        plan.close()
    if not ended:
        raise BadInputError(
            f"the plan gave {_MOST_MESSAGES:,} messages without coming to its end; ask for less"
        )
    return Rehearsal(
        events=tuple(rehearser.events),
        ends_s=rehearser.now_s,
        runs=rehearser.runs,
        advice=tuple(rehearser.advice),
        depends_on_data=depends_on_data,
    )


def _close(awaitable: object) -> None:
    """Let go of a coroutine that is not begun, and of those that it was given."""
    if isinstance(awaitable, dict):
        for value in awaitable.values():
            _close(value)
    elif inspect.iscoroutine(awaitable):
        given = dict(inspect.getcoroutinelocals(awaitable))
        awaitable.close()
        _close(given)
