"""Waiting for something that starts: as long as it gets on, however busy the machine is."""

import time
from collections.abc import Callable

from blueslice._interruptible_wait import INTERVAL_S, Event

__all__ = ["WORKED_S", "wait_while_it_gets_on"]

WORKED_S = 0.5
"""Processor time that a process takes while it gets on, in s.

One that stands still takes less within a minute: a wait in steps takes 0.05 s of it.
"""


def wait_while_it_gets_on(
    event: Event,
    patience_s: float,
    progress: Callable[[], object],
    *,
    on_slow: Callable[[float], None] = lambda waited_s: None,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Wait for an event as long as something changes.

    Parameters
    ----------
    event : threading.Event
        What is waited for.
    patience_s : float
        How long nothing may change, in s.
    progress : callable
        Returns how far it is: any value that is another one once it has got on.
    on_slow : callable
        Called with the seconds waited so far, each time that `patience_s` has gone by.
    clock : callable
        Gives the time in s.

    Returns
    -------
    bool
        Whether the event is set; False when nothing has changed for so long.
    """
    began_s = changed_s = told_s = clock()
    before = progress()
    # In short steps, between which Ctrl-C has an effect: see `wait_interruptibly`.
    while not event.wait(INTERVAL_S):
        now_s, now = clock(), progress()
        if now != before:
            before, changed_s = now, now_s
        elif now_s - changed_s >= patience_s:
            return False
        if now_s - told_s >= patience_s:
            told_s = now_s
            on_slow(now_s - began_s)
    return True
