"""Bluesky's plan stubs for what is done in every trial, without what each call of them costs.

Bluesky formats the whole stack at each call of a stub, for a warning should its user forget ``yield
from``: 0.2 ms and more within a plan, some thirty times in a trial. The functions behind are the
same.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, cast

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator

__all__ = [
    "abs_set",
    "checkpoint",
    "collect",
    "complete",
    "create",
    "drop",
    "kickoff",
    "prepare",
    "read",
    "save",
    "trigger",
    "wait",
]

P = ParamSpec("P")


def _plain(stub: Callable[P, Any]) -> Callable[P, MsgGenerator[Any]]:
    return cast("Callable[P, MsgGenerator[Any]]", getattr(stub, "__wrapped__", stub))


abs_set = _plain(bps.abs_set)
checkpoint = _plain(bps.checkpoint)
collect = _plain(bps.collect)
complete = _plain(bps.complete)
create = _plain(bps.create)
drop = _plain(bps.drop)
kickoff = _plain(bps.kickoff)
prepare = _plain(bps.prepare)
read = _plain(bps.read)
save = _plain(bps.save)
trigger = _plain(bps.trigger)
wait = _plain(bps.wait)
