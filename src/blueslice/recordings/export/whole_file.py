"""A file that is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blueslice._replace_file import written_beside
from blueslice.errors import BadInputError

__all__ = ["whole_file"]


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a place beside `target` to write to; it becomes `target` when all went well.

    Whatever happens inside, also an interruption, what was written so far is removed.

    Parameters
    ----------
    target : Path
        The file, or the folder of a store; its folder is made.

    Yields
    ------
    Path
        The temporary name, with the same suffix. Nothing is there yet.

    Raises
    ------
    BadInputError
        When the target exists: nothing is written over.
    StorageError
        When it cannot be written; when a program keeps it from getting its name, it is kept and
        the text says where.
    """
    if target.exists():
        raise BadInputError(f"{target} exists already; move it, or choose another --out")
    with written_beside(target) as place:
        yield place
