"""What a user has to read when a plan has failed, and its cleaning up perhaps too."""

from bluesky.utils import FailedStatus

from blueslice.errors import StillOnError

__all__ = ["failures"]


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
    chain = [error]
    while isinstance(earlier := chain[-1].__context__, FailedStatus):
        chain.append(earlier)
    causes = [
        one.__cause__ if isinstance(one, FailedStatus) and one.__cause__ else one for one in chain
    ]
    first = causes.pop()
    urgent = [cause for cause in causes if isinstance(cause, StillOnError)]
    return [*urgent, first]
