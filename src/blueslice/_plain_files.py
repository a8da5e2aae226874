"""Files that people write by hand, of whatever content: text, and TOML."""

import tomllib
from pathlib import Path
from typing import Any

from blueslice.errors import BadInputError

__all__ = ["MOST_CHARACTERS", "parse_toml", "read_text", "shortened"]

MOST_CHARACTERS = 1_000_000
"""What is longer was not written by hand."""

_MOST_TOLD = 300


def read_text(what: str, path: Path) -> str:
    """Read a text file.

    Parameters
    ----------
    what : str
        What it is called in an error, such as ``the rig file rig.toml``.
    path : Path
        The file.

    Raises
    ------
    BadInputError
        When it cannot be read, is no text in UTF-8, or has more than `MOST_CHARACTERS`.
    """
    try:
        # utf-8-sig: editors on Windows begin a file with a byte order mark.
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        reason = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        raise BadInputError(f"{what} cannot be read ({reason}); check its name") from None
    if len(text) > MOST_CHARACTERS:
        raise BadInputError(
            f"{what} is longer than anything written by hand (at most {MOST_CHARACTERS:,} "
            "characters); check its name"
        )
    return text


def parse_toml(what: str, text: str) -> dict[str, Any]:
    """Read TOML.

    Parameters
    ----------
    what : str
        As for `read_text`.
    text : str
        What is in it.

    Raises
    ------
    BadInputError
        When it is no TOML, or nested more deeply than anybody writes it.
    """
    try:
        return tomllib.loads(text)
    except ValueError as error:
        # Not TOMLDecodeError alone: a number of thousands of digits is a plain ValueError.
        raise BadInputError(
            f"{what} is not TOML: {shortened(str(error))}; correct that line"
        ) from None
    except RecursionError:
        raise BadInputError(f"{what} is nested too deeply; write it flat") from None


def shortened(text: str) -> str:
    """Return a text as one line, its end left out when it is long."""
    line = " ".join(text[: 4 * _MOST_TOLD].split())
    if len(line) <= _MOST_TOLD:
        return line
    return f"{line[: _MOST_TOLD - 4]} ..."
