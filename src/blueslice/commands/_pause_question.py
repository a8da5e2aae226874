"""A plan run to its end by a command: where it pauses by itself, somebody is asked."""

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any, TextIO

from bluesky import RunEngine
from bluesky.utils import RunEngineInterrupted
from rich.console import Console

from blueslice.errors import BluesliceError
from blueslice.plans import PauseRequest, hear_pauses

__all__ = ["EndedAtPauseError", "PauseQuestion", "read_terminal", "run_to_end"]

GO_ON, END = "g", "e"


class EndedAtPauseError(BluesliceError):
    """A run was ended at a pause that its plan had asked for."""


def read_terminal() -> Callable[[], str] | None:
    """Return what reads a line from the terminal; None where there is none, as under pythonw."""
    # Python has None there when the program was started without its standard input.
    stdin: TextIO | None = sys.stdin
    if stdin is None or stdin.closed or not stdin.isatty():
        return None
    return stdin.readline


class PauseQuestion:
    """Asks whether a plan that has paused by itself is to go on.

    Parameters
    ----------
    console : rich.console.Console
        Where the question is shown.
    read_line : callable or None
        Returns the next line of the answer, empty when no more comes; None where nobody can be
        asked. See `read_terminal`.

    Attributes
    ----------
    request : PauseRequest or None
        Why the plan has paused; None as long as it has not.
    """

    def __init__(self, console: Console, read_line: Callable[[], str] | None) -> None:
        self._console = console
        self._read_line = read_line
        self.request: PauseRequest | None = None

    def hear(self, request: PauseRequest) -> None:
        """Know why the plan is about to pause; see `blueslice.plans.hear_pauses`."""
        self.request = request

    def goes_on(self, request: PauseRequest) -> bool:
        """Ask until there is an answer.

        Raises
        ------
        EndedAtPauseError
            When nobody can be asked.
        """
        if self._read_line is None:
            raise _nobody(request)
        self._print(f"paused {request.reason}")
        self._print(f"  {GO_ON}  {request.go_on}")
        self._print(f"  {END}  ends the run; what is completed is kept")
        while True:
            self._print(f"{GO_ON} or {END}, then Enter: ", end="")
            try:
                line = self._read_line()
            except KeyboardInterrupt:
                self._print("")
                raise
            if not line:
                self._print("")
                raise _nobody(request)
            answer = line.strip().lower()[:1]
            if answer in (GO_ON, END):
                return answer == GO_ON

    def _print(self, text: str, end: str = "\n") -> None:
        self._console.print(text, end=end, highlight=False, markup=False, soft_wrap=True)


def _nobody(request: PauseRequest) -> EndedAtPauseError:
    return EndedAtPauseError(
        f"paused {request.reason}; nobody can be asked without a terminal, so the run was ended"
    )


def run_to_end(RE: RunEngine, plan: Any, question: PauseQuestion) -> None:
    """Run a plan; ask at each pause that it asks for itself, and resume or end it.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Runs it.
    plan : generator of Msg
        The plan.
    question : PauseQuestion
        Asks.

    Raises
    ------
    EndedAtPauseError
        When the run was ended at such a pause.
    KeyboardInterrupt
        When it was ended otherwise: at a pause for which nobody waits, such as that of Ctrl-C, or
        from the live page.
    """
    go: Callable[[], object] = lambda: RE(plan)  # noqa: E731 - the next one is RE.resume
    with hear_pauses(question.hear):
        while True:
            question.request = None
            try:
                go()
            except RunEngineInterrupted:
                request = question.request
                if str(RE.state) != "paused":
                    # Stopped from the live page: it is over already.
                    raise KeyboardInterrupt from None
                if request is None:
                    _abort(RE, "interrupted")
                    raise KeyboardInterrupt from None
                _refuse_to_go_on(RE, request, question)
                go = RE.resume
            else:
                return


def _refuse_to_go_on(RE: RunEngine, request: PauseRequest, question: PauseQuestion) -> None:
    """End the run, and raise, unless the answer is to go on."""
    try:
        if question.goes_on(request):
            return
        raise EndedAtPauseError(f"paused {request.reason}; the run was ended")
    except BaseException as error:
        asked = isinstance(error, EndedAtPauseError)
        _abort(RE, f"ended at the pause {request.reason}" if asked else "interrupted")
        raise


def _abort(RE: RunEngine, reason: str) -> None:
    # Bluesky prints that it aborts; the command says in one line why.
    with contextlib.redirect_stdout(io.StringIO()):
        RE.abort(reason)
