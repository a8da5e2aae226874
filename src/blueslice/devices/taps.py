"""Frames as they come, for whoever computes on them inside the same process."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["BlockTap", "TapEvent", "Tapped", "TrialBegin", "TrialBlock", "TrialEnd"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialBegin:
    """A trial is about to start.

    Attributes
    ----------
    trial : int
        Its place in the file, 0 for the first. A retaken trial has the same place again.
    frame_count : int
        Frames it will have.
    whole : mapping of str to array
        Arrays it has once, such as the dark frame.
    """

    trial: int
    frame_count: int
    whole: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class TrialBlock:
    """Frames that are in the file now.

    Attributes
    ----------
    trial : int
        As in `TrialBegin`.
    first : int
        Place of the first frame of the block within the trial.
    arrays : mapping of str to (n, ...) array
        By data key. Not to be written to.
    """

    trial: int
    first: int
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class TrialEnd:
    """A trial has ended; `torn` when it was broken off and will not count."""

    trial: int
    recorded: int
    torn: bool


TapEvent = TrialBegin | TrialBlock | TrialEnd


class Tapped(Protocol):
    """A device whose frames can be listened to."""

    @property
    def name(self) -> str:
        """The device's name, which its data keys begin with."""
        ...

    @property
    def tap(self) -> "BlockTap":
        """Where to subscribe."""
        ...


class BlockTap:
    """Calls its subscribers from the recording thread, after the frames were written.

    A subscriber has to return at once (put the event on a queue); what it raises is its own
    loss: it is unsubscribed, and the recording goes on.
    """

    def __init__(self) -> None:
        self._subscribers: list[Callable[[TapEvent], None]] = []

    def subscribe(self, callback: Callable[[TapEvent], None]) -> Callable[[], None]:
        """Call `callback` with each event from now on; returns a function that ends it."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def begin(self, trial: int, frame_count: int, whole: Mapping[str, NDArray[Any]]) -> None:
        """Tell that a trial is about to start."""
        self._tell(TrialBegin(trial, frame_count, whole))

    def publish(self, block: TrialBlock) -> None:
        """Tell that frames have come."""
        self._tell(block)

    def end(self, trial: int, recorded: int, *, torn: bool) -> None:
        """Tell that a trial has ended."""
        self._tell(TrialEnd(trial, recorded, torn))

    def _tell(self, event: TapEvent) -> None:
        for callback in tuple(self._subscribers):
            try:
                callback(event)
            except Exception:
                logger.exception("a listener to frames failed; it is cut off")
                if callback in self._subscribers:
                    self._subscribers.remove(callback)
