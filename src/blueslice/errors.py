"""Errors whose text a person at the rig can act on."""

__all__ = ["BadInputError", "BluesliceError", "InstrumentError", "StorageError"]


class BluesliceError(Exception):
    """Something went wrong that the user can do something about.

    The text says what, with which value, what is allowed, and the next step. The command
    line prints it alone, without a traceback, and exits with `exit_code`.
    """

    exit_code = 1


class BadInputError(BluesliceError, ValueError):
    """What the user gave cannot be used; nothing was moved, lit or written."""

    exit_code = 2


class InstrumentError(BluesliceError, RuntimeError):
    """An instrument did not do what it was told."""


class StorageError(BluesliceError, OSError):
    """Data could not be written or read back."""
