"""Errors at IPython's prompt as a person reads them.

``blueslice shell`` has it; elsewhere ``%load_ext blueslice.commands.prompt_errors``. What blueslice
says to its user is one line with a next step. Under the hundreds of lines of a traceback through
bluesky's generators nobody finds it.
"""

from types import TracebackType
from typing import Any

from bluesky.utils import FailedStatus, RunEngineInterrupted

from blueslice._failures import failures
from blueslice.errors import BluesliceError, StillOnError

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Show blueslice's errors, and a pause, without a traceback; ``%debug`` still has it."""
    shell.set_custom_exc((BluesliceError, FailedStatus, RunEngineInterrupted), _show)


def unload_ipython_extension(shell: Any) -> None:
    """Show all errors as IPython does."""
    shell.set_custom_exc((), None)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    lines = _lines(kind, error)
    if lines is None:
        traceback = shell.InteractiveTB.structured_traceback(
            kind, error, trace, tb_offset=tb_offset
        )
        # Last, where it is seen.
        on = [cause for cause in failures(error) if isinstance(cause, StillOnError)]
        lines = [*traceback, *(f"blueslice: {cause}" for cause in on)]
    # What IPython itself calls; a notebook's shell sends it to the browser.
    shell._showtraceback(kind, error, lines)


def _lines(kind: type[BaseException], error: BaseException) -> list[str] | None:
    """Return what to show instead of a traceback; None where that is what is wanted."""
    if isinstance(error, RunEngineInterrupted):
        return [f"{kind.__name__}: {str(error).strip()}"]
    causes = failures(error)
    if not all(isinstance(cause, BluesliceError) for cause in causes):
        return None
    # A note tells what failed besides, such as the closing of a file.
    notes = [note for cause in causes for note in getattr(cause, "__notes__", ())]
    return [*(f"blueslice: {cause}" for cause in causes), *notes]
