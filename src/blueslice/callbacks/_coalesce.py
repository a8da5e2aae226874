"""Fewer documents that say the same: ranges of external data that follow each other become one."""

from collections.abc import Iterable
from typing import Any

__all__ = ["coalesce"]

Document = tuple[str, dict[str, Any]]

# Between these, ranges may be joined: none of them depends on what was said of the data so far.
_PASSED_OVER = ("stream_datum", "event")


def coalesce(documents: Iterable[Document]) -> list[Document]:
    """Join ``stream_datum`` documents that continue each other.

    A catalogue takes as long for one trial's range as for a hundred trials'. Documents that wait
    for it may therefore be joined: what a reader finds afterwards is the same.

    Parameters
    ----------
    documents : iterable of (name, document)
        In the order in which they came.

    Returns
    -------
    list of (name, document)
        With each ``stream_datum`` reaching as far as those that continue it, in the place of the
        first of them. The documents given are not changed.
    """
    joined: list[Document] = []
    last_place: dict[tuple[str, str], int] = {}
    for name, doc in documents:
        if name not in _PASSED_OVER:
            last_place.clear()
        elif name == "stream_datum":
            key = (doc["stream_resource"], doc["descriptor"])
            place = last_place.get(key)
            if place is not None and _continues(joined[place][1], doc):
                before = joined[place][1]
                joined[place] = (
                    name,
                    {
                        **before,
                        "indices": {**before["indices"], "stop": doc["indices"]["stop"]},
                        "seq_nums": {**before["seq_nums"], "stop": doc["seq_nums"]["stop"]},
                    },
                )
                continue
            last_place[key] = len(joined)
        joined.append((name, doc))
    return joined


def _continues(before: dict[str, Any], after: dict[str, Any]) -> bool:
    ranges = ("indices", "seq_nums")
    return all(before[name]["stop"] == after[name]["start"] for name in ranges)
