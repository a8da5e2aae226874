"""What a user has to read when a plan has failed, and its cleaning up perhaps too."""

import re

from bluesky.utils import FailedStatus

from blueslice.errors import StillOnError

__all__ = ["failures", "failures_text", "remember_failures"]


# What a plan met before the error that it ended with, kept with that error.
_BEFORE = "_blueslice_failed_before"


def remember_failures(error: Exception) -> None:
    """Keep with a plan's last error those before it; to be called where it leaves the plan.

    Outside the plan Python would take for them whatever else was being handled, such as the failure
    of an earlier run after which this one was begun.
    """
    before: list[BaseException] = []
    last: BaseException = error
    while isinstance(earlier := last.__context__, FailedStatus):
        before.insert(0, earlier)
        last = earlier
    setattr(error, _BEFORE, before)


def failures(error: BaseException) -> list[BaseException]:
    """Return what a RunEngine's error was raised for, the most urgent first.

    An error in a plan's cleaning up takes the place of the one that ended the plan: of a disk that
    hangs the user would read that a file was not closed, and not which trial is lost. So the first
    failure is told; before it only that light or pulses may still be on, whenever that came.

    Parameters
    ----------
    error : BaseException
        From the RunEngine.

    Returns
    -------
    list of BaseException
        At least one. Bluesky's `FailedStatus` is replaced by what it was raised for, if known.
    """
    return [_cause(one) for one in _told(error)]


def failures_text(error: BaseException) -> str:
    """Return in one line what `failures` returns, with the device's name where it is missing."""
    texts = []
    for one in _told(error):
        text = " ".join(str(_cause(one)).split()) or type(_cause(one)).__name__
        # The one place where a status tells whose it is.
        device = re.search(r"device: ([^,>]+)", str(one)) if isinstance(one, FailedStatus) else None
        texts.append(text if device is None or device[1] in text else f"{device[1]}: {text}")
    return "; ".join(texts)


def _cause(error: BaseException) -> BaseException:
    return error.__cause__ if isinstance(error, FailedStatus) and error.__cause__ else error


def _told(error: BaseException) -> list[BaseException]:
    first, *later = [*getattr(error, _BEFORE, ()), error]
    return [*(one for one in later if isinstance(_cause(one), StillOnError)), first]
