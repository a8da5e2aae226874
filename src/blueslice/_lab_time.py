"""When a run was taken, by the clock in the laboratory."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

__all__ = ["UTC_OFFSET", "lab_time", "utc_offset_s"]

UTC_OFFSET = "utc_offset_s"
"""Key of a start document: how far the laboratory's clock was ahead of UTC, in s."""


def utc_offset_s(moment: datetime) -> float:
    """Return how far the clock that shows a moment is ahead of UTC, in s.

    A moment without a zone is of this computer's clock.
    """
    offset = moment.astimezone().utcoffset() if moment.tzinfo is None else moment.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def lab_time(start: Mapping[str, Any]) -> datetime | None:
    """Return when a run began, as the laboratory's clock showed it.

    Parameters
    ----------
    start : mapping
        Its start document. Where that does not tell `UTC_OFFSET`, as one of an earlier version,
        the clock of this computer counts.

    Returns
    -------
    datetime or None
        With its zone; None when the time in the document is no date that there is.

    Examples
    --------
    >>> lab_time({"time": 0.0, "utc_offset_s": -18000.0}).isoformat()
    '1969-12-31T19:00:00-05:00'
    """
    try:
        moment = datetime.fromtimestamp(float(start["time"]), UTC)
        offset_s = start.get(UTC_OFFSET)
        if offset_s is None:
            return moment.astimezone()
        return moment.astimezone(timezone(timedelta(seconds=float(offset_s))))
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
