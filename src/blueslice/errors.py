"""Errors whose text a person at the rig can act on."""

__all__ = ["BadInputError", "BluesliceError", "InstrumentError", "StillOnError", "StorageError"]


# A name or value of the user's in it can be as long as a file; what is wrong stands at both ends.
_MOST_LENGTH = 1500


def _one_line(text: str) -> str:
    """Return a text as one line; what would act on a terminal, or cannot be seen, is escaped."""
    line = " ".join(part.strip() for part in text.splitlines() if part.strip())
    if not line.isprintable():
        line = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in line
        )
    half = _MOST_LENGTH // 2
    return line if len(line) <= _MOST_LENGTH else f"{line[:half]} [...] {line[-half:]}"


class BluesliceError(Exception):
    """Something went wrong that the user can do something about.

    The text says what, with which value, what is allowed, and the next step. The command
    line prints it alone, without a traceback, and exits with `exit_code`. It is one line, whatever
    the names and values in it hold; the middle of one that is too long to be read is left out.
    """

    exit_code = 1

    def __init__(self, text: str = "") -> None:
        super().__init__(_one_line(text))


class BadInputError(BluesliceError, ValueError):
    """What the user gave cannot be used; nothing was moved, lit or written."""

    exit_code = 2


class InstrumentError(BluesliceError, RuntimeError):
    """An instrument did not do what it was told."""


class StillOnError(InstrumentError):
    """Light or pulses may still come; whatever else failed, this is to be read first.

    Parameters
    ----------
    text : str
        What may still be on, and what to switch off by hand.
    urgency : int
        Which of several is read first: `LIGHT`, then `CLOCK`, then `PULSES`.
    device : str
        The device's name, if known.
    """

    LIGHT, CLOCK, PULSES = range(3)

    def __init__(self, text: str = "", urgency: int = LIGHT, device: str = "") -> None:
        super().__init__(text)
        self.urgency = urgency
        self.device = device


class StorageError(BluesliceError, OSError):
    """Data could not be written or read back."""
