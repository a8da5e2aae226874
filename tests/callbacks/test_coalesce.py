"""Ranges of external data that follow each other become one document, and nothing else changes."""

import pytest

from blueslice.callbacks._coalesce import coalesce


def datum(resource, start, stop, descriptor="d", first=None):
    first = start + 1 if first is None else first
    return (
        "stream_datum",
        {
            "uid": f"{resource}/{start}",
            "stream_resource": resource,
            "descriptor": descriptor,
            "indices": {"start": start, "stop": stop},
            "seq_nums": {"start": first, "stop": first + stop - start},
        },
    )


EVENT = ("event", {"uid": "e"})
STOP = ("stop", {"uid": "s"})
CASES = {
    "none": ([], []),
    "one": ([datum("a", 0, 1)], [datum("a", 0, 1)]),
    "two of one": ([datum("a", 0, 1), datum("a", 1, 3)], [datum("a", 0, 3)]),
    "two files in turns": (
        [datum("a", 0, 1), datum("b", 0, 1), datum("a", 1, 2), datum("b", 1, 2)],
        [datum("a", 0, 2), datum("b", 0, 2)],
    ),
    "an event between": ([datum("a", 0, 1), EVENT, datum("a", 1, 2)], [datum("a", 0, 2), EVENT]),
    "a stop between": ([datum("a", 0, 1), STOP, datum("a", 1, 2)],) * 2,
    "a gap": ([datum("a", 0, 1), datum("a", 2, 3)],) * 2,
    "another descriptor": ([datum("a", 0, 1), datum("a", 1, 2, "other")],) * 2,
    "counted anew": ([datum("a", 0, 1), datum("a", 1, 2, first=1)],) * 2,
}


@pytest.mark.parametrize("name", CASES)
def test_what_continues_is_joined(name):
    given, expected = CASES[name]
    assert coalesce(given) == expected


def test_what_was_given_is_not_changed():
    first = datum("a", 0, 1)
    coalesce([first, datum("a", 1, 2)])
    assert first == datum("a", 0, 1)
