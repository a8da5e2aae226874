"""What a start document may hold: what comes back from the catalogue as it was given."""

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from blueslice.errors import BadInputError

__all__ = [
    "MOST_EXACT",
    "check_text",
    "check_texts",
    "readable_text",
    "refuse_inexact_metadata",
    "refuse_inexact_start",
]

MOST_EXACT = 2**53 - 1
"""The largest whole number that Tiled keeps; larger ones it sets to this one."""

# A person writes three or four. bluesky and the catalogue's server follow them recursively.
_DEEPEST = 40

# What the RunEngine adds itself, and what Tiled's writer takes out of the document.
_NOT_METADATA = {
    "uid": "the RunEngine gives it",
    "time": "the RunEngine gives it",
    "tiled_specs": "Tiled's writer takes it out of the document",
    "tiled_access_tags": "Tiled's writer takes it out of the document",
}


def refuse_inexact_metadata(metadata: Mapping[Any, Any]) -> None:
    """Refuse metadata that would be another value, or none, when they are read back.

    The catalogue keeps start documents as JSON and changes some values without a word: infinity
    becomes 1.8e308, NaN null, and numbers beyond 2**53 - 1 become that number. Text that cannot
    be encoded keeps the whole run out of it. Tuples and arrays come back as lists.

    Parameters
    ----------
    metadata : mapping
        For a start document.

    Raises
    ------
    BadInputError
        With the key, such as ``sample.lots[2]``, the value and what to give instead.
    """
    for key in metadata:
        if (reason := _NOT_METADATA.get(key if isinstance(key, str) else "")) is not None:
            raise BadInputError(
                f"metadata {key}: {reason}, so it cannot be metadata; choose another key"
            )
    for place, value, problem in _problems(metadata, "", 0):
        raise BadInputError(f"metadata {place} = {reprlib.repr(value)}: {problem}")
    _check_schema(metadata)


def check_text(what: str, text: str) -> None:
    """Refuse text that cannot be encoded, such as a file name that is not in UTF-8.

    Parameters
    ----------
    what : str
        What the text is, for the error.
    text : str
        The text.

    Raises
    ------
    BadInputError
        When it holds half of a surrogate pair, which no file in UTF-8 can.
    """
    if (problem := _text_problem(text)) is not None:
        raise BadInputError(f"{what} = {readable_text(text)!r}: {problem}")


def refuse_inexact_start(start: Mapping[str, Any]) -> None:
    """Refuse a start document whose metadata would change, see `refuse_inexact_metadata`."""
    refuse_inexact_metadata({k: v for k, v in start.items() if k not in ("uid", "time")})


def check_texts(what: str, value: Any) -> None:
    """Refuse text that cannot be encoded in what a file holds, by the name of its key.

    Parameters
    ----------
    what : str
        What is said first, such as ``fig3.yaml``.
    value : object
        Plain values, lists and dicts.
    """
    if isinstance(value, str):
        check_text(what, value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            place = readable_text(str(key))
            check_text(f"{what}: the key", str(key))
            check_texts(f"{what}{'.' if what.count(': ') else ': '}{place}", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value, start=1):
            check_texts(f"{what} {number}", item)


def readable_text(text: str) -> str:
    r"""Return a text that can be encoded: what cannot is written as ``\udce9``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _text_problem(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return (
            f"character {error.start + 1} is not a Unicode character, as in a file name that is "
            "not in UTF-8; write it anew, or rename the file"
        )
    return None


def _problems(value: Any, place: str, depth: int) -> Iterator[tuple[str, Any, str]]:
    """Yield where something is that would be changed, what it is, and why not."""
    if depth > _DEEPEST:
        # Not the whole place: it is as long as the nesting is deep.
        root = place.partition(".")[0].partition("[")[0]
        problem = f"it is nested more than {_DEEPEST} deep; give a flatter structure"
        yield root, value, problem
    elif isinstance(value, dict) or (depth == 0 and isinstance(value, Mapping)):
        for key, item in value.items():
            where = f"{place}.{key}" if place else str(key)
            if (problem := _key_problem(key)) is not None:
                yield readable_text(where), key, problem
            else:
                yield from _problems(item, where, depth + 1)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _problems(item, f"{place}[{number}]", depth + 1)
    elif isinstance(value, np.ndarray) and value.ndim:
        yield from _array_problems(value, place, depth)
    elif (problem := _value_problem(value)) is not None:
        yield place, value, problem


def _array_problems(
    values: "np.ndarray[Any, Any]", place: str, depth: int
) -> Iterator[tuple[str, Any, str]]:
    exact_kind = values.dtype.kind in "biuU" or values.dtype.str[1:] in ("f2", "f4", "f8")
    if exact_kind or values.dtype.kind == "O":
        yield from _problems(values.tolist(), place, depth)
    else:
        problem = f"an array of {values.dtype} cannot be kept exactly; give numbers or texts"
        yield place, values, problem


def _key_problem(key: object) -> str | None:
    if not isinstance(key, str):
        return f"the key is of type {type(key).__name__}; give a text as key"
    if (problem := _text_problem(key)) is not None:
        return f"in the key, {problem}"
    if not key or "." in key or "/" in key:
        return "bluesky allows no empty key, and none with '.' or '/'; write it otherwise"
    return None


def _value_problem(value: object) -> str | None:
    """Say why a single value does not come back as it is; None when it does."""
    if isinstance(value, np.generic | np.ndarray):
        if value.dtype.kind not in "biuU" and value.dtype.str[1:] not in ("f2", "f4", "f8"):
            return f"a {value.dtype} cannot be kept exactly; give a number or a text"
        value = value.item()
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, int | float):
        if value != value or value in (float("inf"), float("-inf")):
            return "JSON has no such number; leave the key out, or give a text"
        if not -MOST_EXACT <= value <= MOST_EXACT:
            return (
                "the catalogue keeps numbers up to 2**53 - 1 = 9007199254740991 only; give a text, "
                "or use a larger unit"
            )
        return None
    advice = {
        "bytes": "a text",
        "bytearray": "a text",
        "datetime": "its isoformat()",
        "date": "its isoformat()",
        "set": "a sorted list",
        "frozenset": "a sorted list",
    }.get(type(value).__name__)
    if advice is None:
        advice = "str() of it" if hasattr(value, "__fspath__") else "numbers, texts, lists or dicts"
    return f"JSON cannot keep a {type(value).__name__} exactly; give {advice}"


def _check_schema(metadata: Mapping[str, Any]) -> None:
    """Refuse what event-model gives another meaning, such as a number for ``sample``."""
    from event_model import DocumentNames, schema_validators

    document = {**metadata, "uid": "", "time": 0.0}
    fault = next(schema_validators[DocumentNames.start].iter_errors(document), None)
    if fault is not None:
        place = ".".join(map(str, fault.absolute_path)) or "keys"
        raise BadInputError(
            f"metadata {place} = {reprlib.repr(fault.instance)}: to bluesky this key means "
            f"something else ({' '.join(fault.message.split())[:200]}); choose another key"
        )
