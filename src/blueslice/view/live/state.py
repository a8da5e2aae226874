"""All that the live page shows, as plain data, and how a message changes it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from blueslice.bath import UNKNOWN
from blueslice.clamp import UNKNOWN_CLAMP

__all__ = ["LiveState", "TrialLabel", "apply", "clamp_of", "label_of", "shown_trial"]


@dataclass(frozen=True)
class LiveState:
    """What is known of a session, as the page shows it.

    Attributes
    ----------
    connected : bool
        Whether a session is being followed; otherwise the last run is shown.
    run : mapping
        The run's head, as `blueslice.callbacks` sends it; empty before the first.
    trial : int
        Place in the run of the trial in hand, 1 for the first; 0 before it.
    sweep : bool
        Whether it is over and the voltage is that of a test of the cell, which is no trial.
    partial : mapping or None
        dF/F of the trial in hand so far.
    results : mapping of int to mapping
        Of the whole trials, by place.
    pictures : mapping or None
        The last result that has pictures.
    voltage : mapping or None
        Of the trial in hand, or the last one.
    events : mapping of int to mapping
        What was noted of each trial, by its number in the protocol.
    status : mapping
        State, progress, exposure and health.
    stop : mapping or None
        How the run ended.
    revision : int
        Goes up with every message; `structure` only with those after which more than the trial in
        hand is to be drawn again.
    structure : int
        See `revision`.
    """

    connected: bool = False
    run: Mapping[str, Any] = field(default_factory=dict)
    trial: int = 0
    sweep: bool = False
    partial: Mapping[str, Any] | None = None
    results: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    pictures: Mapping[str, Any] | None = None
    voltage: Mapping[str, Any] | None = None
    events: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)
    stop: Mapping[str, Any] | None = None
    revision: int = 0
    structure: int = 0


def apply(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    """Return the state after a message; one of an unknown kind changes nothing."""
    change = _CHANGES.get(message["kind"])
    if change is None:
        return state
    changed = change(state, message)
    structural = message["kind"] not in ("partial", "voltage", "status")
    return replace(
        changed, revision=state.revision + 1, structure=state.structure + (1 if structural else 0)
    )


def _snapshot(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    fresh = LiveState(connected=True, revision=state.revision, structure=state.structure)
    messages = message["messages"]
    if not any(one["kind"] == "run" for one in messages):
        # A session that has not run anything yet: the run before it stays in view.
        fresh = replace(state, connected=True)
    for one in messages:
        fresh = apply(fresh, one)
    return fresh


def _run(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    return LiveState(connected=state.connected, run=message, status=state.status)


def _begin(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    return replace(state, trial=message["trial"], sweep=False, partial=None, voltage=None)


def _sweep(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    return replace(state, sweep=True, partial=None, voltage=None)


def _voltage(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    return replace(state, voltage=message)


def _partial(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    return replace(state, partial=message)


def _result(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    results = {**state.results, message["trial"]: message}
    done = state.partial is not None and state.partial["trial"] == message["trial"]
    return replace(
        state,
        results=dict(sorted(results.items())),
        partial=None if done else state.partial,
        pictures=message if message["images"] else state.pictures,
    )


def _event(state: LiveState, message: Mapping[str, Any]) -> LiveState:
    number = int(message["data"].get("trial-number", 0))
    return replace(state, events={**state.events, number: message["data"]})


_CHANGES: Mapping[str, Callable[[LiveState, Mapping[str, Any]], LiveState]] = {
    "snapshot": _snapshot,
    "run": _run,
    "begin": _begin,
    "sweep": _sweep,
    "voltage": _voltage,
    "partial": _partial,
    "result": _result,
    "event": _event,
    "status": lambda state, message: replace(state, status=message),
    "stop": lambda state, message: replace(state, stop=message),
    "lost": lambda state, message: replace(state, connected=False, partial=None),
}


@dataclass(frozen=True)
class TrialLabel:
    """What a trial is called.

    Attributes
    ----------
    number : int
        In the protocol, which goes on counting after a break.
    phase, condition : str
        Empty where the protocol has none.
    solution, drug : str
        What flowed; ``unknown`` while nobody has told.
    concentration_uM : float
        Of the drug named first; NaN when it is not known.
    arrived : float
        Share of the solution in the chamber at the trial's end; NaN when it is not known.
    is_over : bool
        Whether it has its entry, which tells what flowed.
    blank : bool
        Whether no stimulus was given.
    """

    number: int
    phase: str = ""
    drug: str = UNKNOWN
    solution: str = UNKNOWN
    condition: str = ""
    concentration_uM: float = math.nan
    arrived: float = math.nan
    is_over: bool = False
    blank: bool = False


def label_of(state: LiveState, place: int) -> TrialLabel:
    """Return what is known of the trial at a place (1 for the first).

    Once it is over that is its entry, before what the run's table plans.
    """
    table = state.run.get("trial_table", {})
    index = place - 1

    def planned(name: str, default: Any) -> Any:
        values = table.get(name, ())
        return values[index] if 0 <= index < len(values) else default

    number = int(planned("number", place))
    entry = state.events.get(number, {})

    def column(name: str, default: Any) -> Any:
        return entry.get(f"trial-{name}", planned(name, default))

    blanks = state.run.get("blanks", ())
    return TrialLabel(
        number=number,
        phase=str(column("phase", state.run.get("phase", ""))),
        drug=str(column("drug", UNKNOWN)),
        solution=str(column("solution", UNKNOWN)),
        condition=str(column("condition", "")),
        concentration_uM=float(column("concentration_uM", math.nan)),
        arrived=float(entry.get("perfusion-arrived", math.nan)),
        is_over=bool(entry),
        blank=bool(column("blank", bool(0 <= index < len(blanks) and blanks[index]))),
    )


def clamp_of(state: LiveState) -> str:
    """Return what the amplifier held in the last trial that is over; else unknown."""
    last = state.events[max(state.events)] if state.events else {}
    return str(last.get("amplifier-clamp", UNKNOWN_CLAMP))


def shown_trial(state: LiveState) -> Mapping[str, Any] | None:
    """Return the traces on show: the trial in hand once there are some, else the last one."""
    if state.partial is not None:
        return state.partial
    if state.results:
        return state.results[max(state.results)]
    return None
