"""What a plan failed with, in the order in which it happened, and what of it is read first."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from bluesky.utils import FailedStatus, MsgGenerator, RunEngineControlException

from blueslice.errors import BluesliceError, StillOnError

__all__ = [
    "FAILED_PAUSE",
    "PlanFailures",
    "failures",
    "failures_text",
    "keep_failures",
    "still_on_error",
]

FAILED_PAUSE = "a pause was requested where the plan cannot be resumed"
"""Why bluesky aborts a run that cannot be paused."""

# Where an error keeps what was met with it.
_MET = "_blueslice_failures"

Result = TypeVar("Result")
Error = TypeVar("Error", bound=BaseException)


class PlanFailures:
    """The failures of one run, kept while its plan goes on to clean up.

    An error in the cleaning up takes the place of the one that ended the plan, and only the last
    one leaves it: so the plan keeps a list, and the error that leaves takes the list with it.
    """

    def __init__(self) -> None:
        self._met: list[Exception] = []
        self._off: set[str] = set()

    def add(self, error: Exception) -> None:
        """Add a failure that is not known yet; a request to stop or abort is none."""
        if isinstance(error, RunEngineControlException):
            return
        if not any(_cause(error) is _cause(known) for known in self._met):
            self._met.append(error)
            self._off.discard(_device(error))

    def note_off(self, device: str) -> None:
        """Know that a device is off now: that it refused before is no longer read first."""
        self._off.add(device)

    def watch(self, plan: MsgGenerator[Result]) -> MsgGenerator[Result]:
        """Run a plan and add the failure that leaves it."""
        try:
            return (yield from plan)
        except Exception as error:
            self.add(error)
            raise

    def in_order(self) -> list[Exception]:
        """Return what may still be on, light first, and then what happened first."""
        on = _still_on(error for error in self._met if _device(error) not in self._off)
        # A device that refused from the first is told already.
        keys = {_key(error) for error in on}
        return on + [error for error in self._met[:1] if _key(error) not in keys]

    def text(self) -> str:
        """Return the same in one line."""
        return _text(self.in_order())


def keep_failures(error: BaseException, met: Iterable[BaseException]) -> None:
    """Let an error that leaves a plan, or a session, carry what was met, as it is to be read."""
    told = tuple(met)
    setattr(error, _MET, told)
    if len(told) > 1 and not isinstance(error, BluesliceError):
        # For whoever sees the bare traceback.
        error.add_note(_text(told))


def failures(error: BaseException) -> list[BaseException]:
    """Return what a RunEngine's error was raised for, the most urgent first.

    Parameters
    ----------
    error : BaseException
        From the RunEngine, or from `blueslice.session.Session.close`.

    Returns
    -------
    list of BaseException
        At least one: whatever may still be on (light, then the clock, then pulses), then what
        happened first. Bluesky's `FailedStatus` is replaced by what it was raised for, if known.
    """
    return [_cause(met) for met in _met(error)]


def failures_text(error: BaseException) -> str:
    """Return in one line what `failures` returns, with the device's name where it is missing."""
    return _text(_met(error))


def still_on_error(
    still_on: Sequence[StillOnError], before: BaseException | None = None
) -> BaseException:
    """Make one error of all that may still be on, and of what was raised before, if anything.

    Parameters
    ----------
    still_on : sequence of StillOnError
        At least one.
    before : BaseException, optional
        Returned itself when it names all these devices already.
    """
    met_before = () if before is None else _met(before)
    known = {_key(error) for error in met_before}
    if before is not None and known.issuperset(_key(error) for error in still_on):
        return before
    others = [error for error in met_before if not isinstance(_cause(error), StillOnError)]
    met = [*_still_on([*met_before, *still_on]), *others]
    error = StillOnError(_text(met))
    error.__cause__ = before
    keep_failures(error, met)
    return error


def _met(error: BaseException) -> tuple[BaseException, ...]:
    return getattr(error, _MET, (error,))


def _still_on(met: Iterable[Error]) -> list[Error]:
    """Return what may still be on, light first; each device once."""
    on: dict[str, tuple[int, Error]] = {}
    for error in met:
        if isinstance(cause := _cause(error), StillOnError):
            on.setdefault(_key(error), (cause.urgency, error))
    return [error for _, error in sorted(on.values(), key=lambda found: found[0])]


def _key(error: BaseException) -> str:
    """Return what is the same whenever a device refuses: the text without its reason."""
    cause = _cause(error)
    return str(cause).partition(" (")[0] if isinstance(cause, StillOnError) else ""


def _cause(error: BaseException) -> BaseException:
    return error.__cause__ if isinstance(error, FailedStatus) and error.__cause__ else error


def _device(error: BaseException) -> str:
    """Return the name of the device that an error is of; empty where it is not known."""
    cause = _cause(error)
    if isinstance(cause, StillOnError) and cause.device:
        return cause.device
    # The one place where a status tells whose it is.
    found = re.search(r"device: ([^,>]+)", str(error)) if isinstance(error, FailedStatus) else None
    return found[1] if found else ""


def _text(met: Iterable[BaseException]) -> str:
    texts = []
    for error in met:
        text = " ".join(str(_cause(error)).split()) or type(_cause(error)).__name__
        device = _device(error)
        texts.append(text if not device or device in text else f"{device}: {text}")
    return "; ".join(texts)
