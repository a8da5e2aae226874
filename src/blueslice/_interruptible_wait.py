"""Waiting that Ctrl-C ends on Windows too."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["INTERVAL_S", "Event", "InterruptibleEvent", "wait_interruptibly"]

INTERVAL_S = 0.1
"""Ctrl-C is answered within this time."""


class Event(Protocol):
    """What can be waited for, in steps."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait as `threading.Event.wait` does."""
        ...


def wait_interruptibly(
    event: Event,
    timeout_s: float | None = None,
    *,
    interval_s: float = INTERVAL_S,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Wait for an event in short steps.

    On Windows, Python 3.11 to 3.13 does not act on Ctrl-C while the main thread waits for a lock,
    with or without a timeout, but between two waits (https://github.com/python/cpython/issues/80116).
    Elsewhere the steps cost ten wake-ups in a second; the end of the wait is not later by them.

    Parameters
    ----------
    event : threading.Event
        What is waited for.
    timeout_s : float, optional
        How long at most, in s; without it until the event is set.
    interval_s : float
        Length of a step, in s.
    clock : callable
        Gives the time, in s.

    Returns
    -------
    bool
        Whether the event is set.
    """
    if timeout_s is None:
        while not event.wait(interval_s):
            pass
        return True
    end_s = clock() + timeout_s
    while (left_s := end_s - clock()) > interval_s:
        if event.wait(interval_s):
            return True
    return event.wait(max(0.0, left_s))


class InterruptibleEvent:
    """An event for code that waits for it without a timeout, and is not ours to change.

    Parameters
    ----------
    event : threading.Event
        What is waited for.
    interval_s : float
        Length of a step of a wait without a timeout, in s.
    """

    def __init__(self, event: threading.Event, interval_s: float = INTERVAL_S) -> None:
        self._event = event
        self._interval_s = interval_s

    def wait(self, timeout: float | None = None) -> bool:
        """Wait as `threading.Event.wait` does."""
        if timeout is None:
            return wait_interruptibly(self._event, interval_s=self._interval_s)
        return self._event.wait(timeout)

    def is_set(self) -> bool:
        """Tell whether the event is set."""
        return self._event.is_set()
