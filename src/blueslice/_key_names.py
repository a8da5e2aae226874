"""Keys of a file that are not known, with what may have been meant."""

import difflib
from collections.abc import Collection, Iterable

from blueslice.errors import BadInputError

__all__ = ["nearest", "refuse_unknown_keys"]

_MOST_NAMES = 20


def nearest(name: str, known: Collection[str]) -> str:
    """Return a question after the known name most like this one, else the known names.

    Parameters
    ----------
    name : str
        What was given.
    known : collection of str
        What is allowed.
    """
    by_lower = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {by_lower[close[0]]}?"
    shown = [*list(known)[:_MOST_NAMES], *(["..."] if len(known) > _MOST_NAMES else [])]
    return f"there is {', '.join(shown)}" if shown else "leave it out"


def refuse_unknown_keys(where: str, given: Iterable[object], known: Collection[str]) -> None:
    """Refuse the first key that is not known.

    Raises
    ------
    BadInputError
        With the nearest known key.
    """
    for key in given:
        if key not in known:
            raise BadInputError(f"{where}: {key}: there is no such key; {nearest(str(key), known)}")
