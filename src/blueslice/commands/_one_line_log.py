"""Log messages of a command as a person reads them: one line each, without tracebacks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["one_line_logs"]

# What these say of a failure is raised as well, and printed by the command.
_RAISED_AS_WELL = ("blueslice.callbacks._catalogue_writer",)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text += f" ({error})" if str(error) else f" ({type(error).__name__})"
        return f"blueslice: {' '.join(text.split())}"


@contextmanager
def one_line_logs() -> Iterator[None]:
    """Show blueslice's own messages on stderr in one line each, and none of bluesky's.

    A failed run is told in one line by the command; bluesky would add its traceback.
    """
    ours, bluesky = logging.getLogger("blueslice"), logging.getLogger("bluesky")
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLine())
    handler.addFilter(lambda record: record.name not in _RAISED_AS_WELL)
    before = ours.propagate, bluesky.level
    ours.addHandler(handler)
    ours.propagate = False
    bluesky.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        ours.removeHandler(handler)
        ours.propagate = before[0]
        bluesky.setLevel(before[1])
