"""Checks of what plans are given, before anything is moved or lit."""

import numbers

from blueslice.errors import BadInputError

__all__ = ["blank_places", "check_time", "count_of", "number_of"]

MOST_TRIALS = 10_000
_LONGEST_S = 86_400.0


def count_of(name: str, value: object, least: int = 1) -> int:
    """Return a number of trials, or refuse it with one line."""
    whole = not isinstance(value, bool) and isinstance(value, numbers.Integral)
    if not whole or not least <= int(value) <= MOST_TRIALS:  # type: ignore[call-overload]
        raise BadInputError(
            f"{name} = {value!r}: give a whole number from {least} to {MOST_TRIALS}"
        )
    return int(value)  # type: ignore[call-overload]


def number_of(name: str, value: object, least: float, most: float, unit: str) -> float:
    """Return a number within bounds, or refuse it with one line."""
    real = not isinstance(value, bool) and isinstance(value, numbers.Real)
    if not real or not least <= float(value) <= most:  # type: ignore[arg-type]
        raise BadInputError(f"{name} = {value!r}: give {least:g} to {most:g} {unit}")
    return float(value)  # type: ignore[arg-type]


def check_time(name: str, value: object) -> float:
    """Return a time in s, or refuse it with one line."""
    return number_of(name, value, 0.0, _LONGEST_S, "s")


def blank_places(trials: int, blanks: int) -> tuple[bool, ...]:
    """Spread blanks evenly among trials, so that both see the same bleaching on the average.

    Returns
    -------
    tuple of bool
        True for a blank; as long as both together.

    Examples
    --------
    >>> blank_places(4, 2)
    (False, True, False, False, True, False)
    """
    total = trials + blanks
    places = {int((k + 0.5) * total / blanks) for k in range(blanks)} if blanks else set()
    return tuple(place in places for place in range(total))
