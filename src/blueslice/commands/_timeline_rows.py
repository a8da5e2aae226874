"""The events of a rehearsal as few lines: equal trials in a row are one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from blueslice.protocols import RehearsedSolution, RehearsedTrial, RehearsedWait

__all__ = ["TimelineRow", "timeline_rows"]

# Sums of the same numbers in another order differ by less.
_SAME_TIME_S = 1e-6

Event = RehearsedTrial | RehearsedWait | RehearsedSolution


@dataclass(frozen=True)
class TimelineRow:
    """One line.

    Attributes
    ----------
    first : RehearsedTrial, RehearsedWait or RehearsedSolution
        The first of its events.
    count : int
        Trials that are like it.
    rest_s : float
        Rest between two of them.
    """

    first: Event
    count: int = 1
    rest_s: float = 0.0

    @property
    def begins_s(self) -> float:
        """Time since the beginning of the protocol, in s."""
        return self.first.begins_s

    @property
    def trials(self) -> int:
        """Trials that are kept."""
        kept = isinstance(self.first, RehearsedTrial) and self.first.number > 0
        return self.count if kept else 0


def timeline_rows(events: Sequence[Event]) -> list[TimelineRow]:
    """Put trials that differ in nothing but their time into one row, with the rests between.

    Parameters
    ----------
    events : sequence
        Of a rehearsal, in order.
    """
    rows: list[TimelineRow] = []
    place = 0
    while place < len(events):
        event, rest_s = events[place], 0.0
        following = events[place + 1] if place + 1 < len(events) else None
        taken = 1
        if isinstance(event, RehearsedWait) and isinstance(following, RehearsedTrial) and rows:
            event, rest_s, taken = following, event.length_s, 2
        last = rows[-1] if rows else None
        if last is not None and _alike(last, event, rest_s):
            rows[-1] = replace(last, count=last.count + 1, rest_s=rest_s)
            place += taken
        else:
            rows.append(TimelineRow(events[place]))
            place += 1
    return rows


def _alike(row: TimelineRow, event: Event, rest_s: float) -> bool:
    first = row.first
    if not (isinstance(first, RehearsedTrial) and isinstance(event, RehearsedTrial)):
        return False
    same_rest = row.count == 1 or abs(row.rest_s - rest_s) < _SAME_TIME_S
    return same_rest and _kind(first) == _kind(event)


def _kind(event: RehearsedTrial) -> tuple[object, ...]:
    return (event.number > 0, event.phase, event.condition, event.lit, event.trial)
