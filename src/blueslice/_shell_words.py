"""Words of a command line that a person copies into a shell."""

import os
import shlex

__all__ = ["shell_word"]


def shell_word(word: object, system: str = os.name) -> str:
    """Return a path as one word for the shell of this system.

    Parameters
    ----------
    word : path-like or str
        The path.
    system : str
        As `os.name` tells it.
    """
    # A path of Windows has no quotation mark.
    return f'"{word}"' if system == "nt" else shlex.quote(str(word))
