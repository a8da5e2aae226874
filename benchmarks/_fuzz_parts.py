"""What inputs are made of by the fuzzers: wild values, and valid files with errors put in."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

__all__ = ["WILD", "edited_bytes", "edited_text", "fields", "mostly", "toml"]

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [0, -1, 1, 2**15, 2**31, 2**63, 10**400, 5e-324, 1e308, -0.0, math.nan, math.inf, "", "\0"]
    ),
)
WILD = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(st.text(max_size=5), _SCALARS, max_size=2),
)
"""A value of any kind, as JSON and TOML have them."""

# What breaks parsers, beside what chance finds.
_SNIPPETS = (
    "\0",
    "\n",
    "\r",
    "\t",
    '"',
    "'",
    '"""',
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ":",
    "#",
    ",",
    ".",
    "- ",
    "&a ",
    "*a",
    "<<: *a",
    "!!python/object/apply:os.system ['true']",
    "!!int x",
    "!!map 1",
    "9" * 5000,
    "1e999",
    "-",
    "0x" + "f" * 5000,
    "nan",
    "inf",
    "1979-13-45",
    "2020-02-30T25:61:61",
    "[" * 3000,
    "{a=" * 300,
    "\ufeff",
    "\u202e",
    "\x1b[31m",
    "%YAML 1.1\n---\n",
    "---\n",
    "? ",
    "| ",
)
_NUMBERS = (0, 1, 2, -1, -2, 255, 256, 2**15 - 1, -(2**15), 2**31 - 1, -(2**31), 2**31, 2**32 - 1)


def fields(
    known: Mapping[str, st.SearchStrategy[Any]], required: Sequence[str] = ()
) -> st.SearchStrategy[dict[str, Any]]:
    """Make a table that has some of these keys, with their own values or, seldom, wild ones."""
    values = {name: mostly(own, WILD) for name, own in known.items()}
    given = {name: values.pop(name) for name in required}
    table = st.fixed_dictionaries(given, optional=values)
    other = st.dictionaries(st.text(max_size=8), _SCALARS, min_size=1, max_size=1)
    return mostly(table, st.builds(lambda a, b: a | b, table, other))


def mostly(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Choose the other one time in twenty: one wild value hides all that is beside it."""
    # Not one_of, which counts the branches of what it is given.
    return st.sampled_from([usual] * 19 + [other]).flatmap(lambda chosen: chosen)


@st.composite
def edited_text(draw: st.DrawFn, valid: Sequence[str]) -> bytes:
    """Make a text with up to four errors; its bytes need be no UTF-8."""
    text = draw(st.sampled_from(list(valid)))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3, 4]))):
        place = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 20))
        new = draw(st.one_of(st.sampled_from(_SNIPPETS), st.text(max_size=6)))
        text = text[:place] + new + text[place + cut :]
    data = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 19)) == 0:
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.binary(max_size=4)) + data[place:]
    return data


@st.composite
def edited_bytes(draw: st.DrawFn, valid: bytes, places: Sequence[int] = ()) -> bytes:
    """Make a binary file with up to five errors: numbers of its header, its length, its bytes.

    `places` are offsets of int16 that matter; a wider number written there covers its neighbours.
    """
    data = bytearray(valid)
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3, 5]))):
        kind = draw(st.sampled_from(["number", "bytes", "cut", "longer"]))
        anywhere = st.integers(0, max(0, len(data) - 1))
        place = draw(st.one_of(st.sampled_from(list(places)), anywhere) if places else anywhere)
        if kind == "number":
            width = draw(st.sampled_from([2, 2, 4]))
            number = draw(st.one_of(st.sampled_from(_NUMBERS), st.integers(-5, 40)))
            new = (number % 2 ** (8 * width)).to_bytes(width, "little")
            data[place : place + width] = new
        elif kind == "bytes":
            new = draw(st.binary(min_size=1, max_size=8))
            data[place : place + len(new)] = new
        elif kind == "cut":
            del data[place : place + draw(st.integers(1, 200))]
        else:
            data.extend(bytes(draw(st.integers(1, 200))))
    return bytes(data)


def toml(values: Mapping[str, Any]) -> str:
    """Write a table as TOML, all of it in one line a key."""
    return "".join(f"{_text(key)} = {_toml_value(value)}\n" for key, value in values.items())


def _toml_value(value: object) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_text(str(k))} = {_toml_value(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None:
        return '"none"'
    return json.dumps(value, ensure_ascii=False)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
