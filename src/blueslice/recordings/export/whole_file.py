"""A file that is there whole or not at all."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from blueslice.errors import BadInputError, BluesliceError, StorageError

__all__ = ["whole_file"]


@contextmanager
def whole_file(
    target: Path, make_id: Callable[[], str] = lambda: uuid.uuid4().hex[:8]
) -> Iterator[Path]:
    """Give a place beside `target` to write to; it becomes `target` when all went well.

    Whatever happens inside, also an interruption, what was written so far is removed.

    Parameters
    ----------
    target : Path
        The file, or the folder of a store; its folder is made.
    make_id : callable
        Gives a part of the temporary name.

    Yields
    ------
    Path
        The temporary name, with the same suffix. Nothing is there yet.

    Raises
    ------
    BadInputError
        When the target exists: nothing is written over.
    StorageError
        When it cannot be written.
    """
    if target.exists():
        raise BadInputError(f"{target} exists already; move it, or choose another --out")
    place = target.with_name(f".partial-{make_id()}-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield place
        place.replace(target)
    except BaseException as error:
        _remove(place)
        if isinstance(error, OSError) and not isinstance(error, BluesliceError):
            raise StorageError(
                f"{target} cannot be written ({error.strerror or error}); free space on the disk "
                "or choose another --out"
            ) from error
        raise


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
