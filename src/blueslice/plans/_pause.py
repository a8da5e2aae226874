"""What a plan tells its user, and the pauses by which it asks for something."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator

from blueslice._data import Data

__all__ = ["PauseRequest", "advise", "hear_pauses", "pause_with_reason", "tell"]

logger = logging.getLogger(__name__)

ADVICE = "blueslice_advice"
"""Attribute by which a rehearsal finds the text of `advise`."""

_listeners: list[Callable[["PauseRequest"], None]] = []


class PauseRequest(Data):
    """Why a plan pauses by itself, and what comes of going on.

    Attributes
    ----------
    reason : str
        One line, such as ``before trial 1 (control): the resting potential is -51.2 mV, ...``.
    go_on : str
        What is done when the plan is resumed, such as ``takes the trial all the same``.
    """

    reason: str
    go_on: str


@contextmanager
def hear_pauses(listener: Callable[[PauseRequest], None]) -> Iterator[None]:
    """Have pauses told to a program that asks its user itself, and not to who sits in IPython.

    Parameters
    ----------
    listener : callable
        Called with a `PauseRequest`, on the RunEngine's loop, before the RunEngine pauses.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def pause_with_reason(request: PauseRequest) -> MsgGenerator[None]:
    """Pause, and tell the user why in one line; nothing is done again when it goes on."""
    yield from bps.checkpoint()
    yield from tell(partial(_tell_pause, request))
    yield from bps.checkpoint()
    yield from bps.pause()


def tell(call: Callable[..., Any], *arguments: object) -> MsgGenerator[None]:
    """Tell the user something when the plan is run; one that is only rehearsed tells nothing.

    Parameters
    ----------
    call : callable
        What tells it, at once, such as ``logger.warning``.
    *arguments : object
        Of the call.
    """

    async def told() -> None:
        call(*arguments)

    yield from bps.wait_for([told])


def advise(text: str) -> MsgGenerator[None]:
    """Warn of what is allowed and hardly meant; `Rehearsal.advice` has it of a rehearsed plan."""

    async def told() -> None:
        logger.warning("%s", text)

    # Told when it is run, and seen without that.
    setattr(told, ADVICE, text)
    yield from bps.wait_for([told])


def _tell_pause(request: PauseRequest) -> None:
    for listener in tuple(_listeners):
        listener(request)
    if not _listeners:
        logger.warning(
            "paused %s; RE.resume() %s, RE.abort() ends the run", request.reason, request.go_on
        )
