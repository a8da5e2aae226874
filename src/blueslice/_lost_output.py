"""Output that nobody reads, or that cannot be written: a closed terminal, a full disk, pythonw."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

__all__ = ["SafeOutput", "drop_lost_output", "ensure_output", "safe_output"]

_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR = 0, 1, 2


def ensure_output() -> None:
    """Let what is printed go nowhere where the program was started without an output.

    Python has None for a standard stream that was closed, and for all under pythonw; bluesky and
    others print without looking.
    """
    for descriptor in (_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            # Or the next file that is opened, say of data, takes the place of the output.
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


class SafeOutput:
    """A stream to print to, without fail: what cannot be written is dropped, and that is noted.

    Parameters
    ----------
    stream : text stream
        Where it goes. All else is asked of it.

    Attributes
    ----------
    failure : Exception or None
        Why something was dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: Exception | None = None

    def write(self, text: str) -> int:
        """Write a text, with question marks for what the stream's encoding lacks."""
        try:
            return self.stream.write(text)
        except UnicodeEncodeError as error:
            plain = text.encode(error.encoding, "replace").decode(error.encoding)
            return self.write(plain) if plain != text else len(text)
        except (OSError, ValueError) as error:
            self._drop(error)
            return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            self.stream.flush()
        except (OSError, ValueError) as error:
            self._drop(error)

    def _drop(self, error: Exception) -> None:
        self.failure = self.failure or error
        # What stands in its buffer is written at the end of the program, and would fail again.
        with contextlib.suppress(OSError, ValueError):
            descriptor = self.stream.fileno()
            if descriptor in (_STANDARD_OUTPUT, _STANDARD_ERROR):
                _lead_nowhere(descriptor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def safe_output() -> Iterator[SafeOutput]:
    """Print to `SafeOutput` on both standard streams; give that of the output."""
    ensure_output()
    before = sys.stdout, sys.stderr
    output = SafeOutput(sys.stdout)
    sys.stdout, sys.stderr = output, SafeOutput(sys.stderr)  # type: ignore[assignment]
    try:
        yield output
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def drop_lost_output() -> bool:
    """Let what is printed go nowhere, where printing would fail: bluesky prints before it aborts.

    Only where the terminal or the reader of the pipe is gone; on Windows there is no way to see it.

    Returns
    -------
    bool
        Whether any output was lost.
    """
    if sys.platform == "win32":
        return False
    import select

    found = False

    lost = select.POLLERR | select.POLLHUP | select.POLLNVAL
    for descriptor in (_STANDARD_OUTPUT, _STANDARD_ERROR):
        poll = select.poll()
        poll.register(descriptor, 0)
        if any(event & lost for _, event in poll.poll(0)):
            found = True
            with contextlib.suppress(OSError):
                _lead_nowhere(descriptor)
    return found
