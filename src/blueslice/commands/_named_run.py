"""A run as a person names it: its uid, the uid's first characters, or -1 for the newest."""

from typing import Any

from blueslice.errors import BadInputError

__all__ = ["named_run"]

_SHORTEST_UID = 4


def named_run(catalogue: Any, text: str) -> dict[str, Any]:
    """Return the start document of the run that is meant.

    Parameters
    ----------
    catalogue : CatalogOfBlueskyRuns
        The ``v3`` interface of a catalogue.
    text : str
        A uid, its first characters, or -1 for the newest run, -2 for the one before; derived runs
        do not count.

    Raises
    ------
    BadInputError
        When there is no such run, or more than one.
    """
    if text.startswith("-") and text[1:].isdigit():
        return _newest(catalogue, int(text[1:]))
    if len(text) < _SHORTEST_UID:
        raise BadInputError(f"run {text!r}: give {_SHORTEST_UID} characters of its uid or more")
    matching = [key for key in catalogue if key.startswith(text)]
    if len(matching) != 1:
        raise BadInputError(
            f"run {text!r}: there are {len(matching)} such runs; 'blueslice runs' lists them"
        )
    return dict(catalogue[matching[0]].metadata["start"])


def _newest(catalogue: Any, place: int) -> dict[str, Any]:
    starts = [dict(run.metadata["start"]) for run in catalogue.values()]
    raw = sorted((s for s in starts if "raw_run" not in s), key=lambda start: start["time"])
    if not 1 <= place <= len(raw):
        raise BadInputError(f"run -{place}: the catalogue holds {len(raw)} runs")
    return raw[-place]
