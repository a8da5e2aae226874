"""Which files were imported before, by their content."""

import contextlib
import json
from pathlib import Path

from blueslice.callbacks import find_journals

__all__ = ["imported_before"]

_MARK = b'"import"'


def imported_before(journals: Path) -> dict[str, str]:
    """Return the runs that were imported, by the SHA-256 of their file's content.

    The uid tells it of newer runs only: it once depended on the description too.

    Parameters
    ----------
    journals : Path
        The folder of the journals.

    Returns
    -------
    dict of str to str
        Digest and uid. A journal whose first line cannot be read is none of an import.
    """
    found: dict[str, str] = {}
    for path in find_journals(journals):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            with path.open("rb") as stream:
                line = stream.readline()
            if _MARK not in line:
                continue
            start = json.loads(line)["doc"]
            if start.get("plan_name") == "import":
                found.setdefault(start["recording"]["sha256"], start["uid"])
    return found
