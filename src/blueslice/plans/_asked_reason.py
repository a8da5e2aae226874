"""Why a run is ended that somebody ended: ``RE.abort("the seal is lost")``."""

from typing import Any

from bluesky import Msg
from bluesky.utils import MsgGenerator

from blueslice._failures import PlanFailures

__all__ = ["asked_reason"]


def asked_reason(failures: PlanFailures) -> MsgGenerator[str]:
    """Ask the RunEngine for the reason that it was given with a request to abort.

    Bluesky throws the request into the plan without it.

    Parameters
    ----------
    failures : PlanFailures
        Gets what fails meanwhile: the run has still to be closed.

    Returns
    -------
    str
        Empty when there is none, or nobody runs the plan.
    """
    reader = _ReasonReader()
    # The messages whose object is handed the RunEngine.
    for command in ("install_suspender", "remove_suspender"):
        try:
            yield Msg(command, None, reader)
        except Exception as error:
            failures.add(error)
    return reader.reason


class _ReasonReader:
    """Reads the reason where bluesky's suspenders install themselves; it suspends nothing."""

    def __init__(self) -> None:
        self.reason = ""

    def install(self, RE: Any, *, event_type: str | None = None) -> None:
        self.reason = str(getattr(RE, "_reason", "") or "")

    def remove(self) -> None:
        pass

    def get_futures(self) -> tuple[list[Any], str]:
        return [], ""
