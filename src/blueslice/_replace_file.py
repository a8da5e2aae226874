"""Replacing and removing files that another program may have open, which Windows refuses."""

import contextlib
import itertools
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from blueslice.errors import BluesliceError, StorageError

__all__ = ["FileInUseError", "remove_file", "replace_file", "written_beside"]

PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Between the attempts: virus scanners, indexers and viewers hold a file no longer than that."""

# Of Windows: access denied (the file to be replaced is open, or write-protected), sharing and
# lock violation (the file itself is open).
_IN_USE = (5, 32, 33)


class FileInUseError(StorageError):
    """A file cannot be replaced or removed, because a program has it open."""


def replace_file(new: Path, target: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Put a file in the place of another in one step, several times where that one is open.

    Parameters
    ----------
    new : Path
        The finished file, in the same folder; it stays where it is when this fails.
    target : Path
        Its name from now on; what was there is gone.
    sleep : callable
        Waits so many seconds.

    Raises
    ------
    FileInUseError
        When one of both is open to the end, on Windows.
    OSError
        When it fails for another reason.
    """
    _patiently(lambda: new.replace(target), target, "replaced", sleep)


def remove_file(path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Remove a file, or find it gone; several times where it is open.

    Parameters
    ----------
    path : Path
        The file.
    sleep : callable
        Waits so many seconds.

    Raises
    ------
    FileInUseError
        When it is open to the end, on Windows.
    OSError
        When it fails for another reason.
    """
    _patiently(lambda: path.unlink(missing_ok=True), path, "removed", sleep)


@contextlib.contextmanager
def written_beside(
    target: Path,
    *,
    make_id: Callable[[], str] = lambda: uuid.uuid4().hex[:8],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Path]:
    """Give a place beside a file to write to, which takes that file's place when all went well.

    Whatever happens inside, also an interruption, what was written so far is removed. When all
    went well, but the file is open in another program, the new one is kept under another name.

    Parameters
    ----------
    target : Path
        The file, or the folder of a store; its folder is made.
    make_id : callable
        Gives a part of the temporary name.
    sleep : callable
        Waits so many seconds.

    Yields
    ------
    Path
        The temporary name, with the same suffix. Nothing is there yet.

    Raises
    ------
    FileInUseError
        When the file cannot be replaced; says where the new one is.
    StorageError
        When it cannot be written.
    """
    place = target.with_name(f".partial-{make_id()}-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield place
        _put_or_keep(place, target, sleep)
    except BaseException as error:
        if not isinstance(error, _KeptElsewhereError):
            _remove(place)
        if isinstance(error, OSError) and not isinstance(error, BluesliceError):
            raise StorageError(
                f"{target} cannot be written ({error.strerror or error}); free space on the disk "
                "or choose another folder"
            ) from error
        raise


class _KeptElsewhereError(FileInUseError):
    """What was to be put in the place of a file is kept under another name."""


def _put_or_keep(place: Path, target: Path, sleep: Callable[[float], None]) -> None:
    try:
        replace_file(place, target, sleep=sleep)
    except FileInUseError:
        kept = _free_name(target)
        try:
            place.rename(kept)
        except OSError:
            kept = place  # it is the new one that a program has open
        raise _KeptElsewhereError(
            f"{target} cannot be replaced, because another program has it open or it is "
            f"write-protected; the new one is kept beside it as {kept.name}: close {target.name} "
            "in the other program, then give the new one its name"
        ) from None


def _free_name(target: Path) -> Path:
    names = (f"new-{n}-{target.name}" if n else f"new-{target.name}" for n in itertools.count())
    return next(path for path in map(target.with_name, names) if not path.exists())


def _patiently(
    act: Callable[[], object], path: Path, done: str, sleep: Callable[[float], None]
) -> None:
    for pause_s in (*PAUSES_S, None):
        try:
            act()
            return
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _IN_USE:
                raise
            if pause_s is None:
                raise FileInUseError(
                    f"{path} cannot be {done}, because another program has it open or it is "
                    "write-protected; close it there and try again"
                ) from error
            sleep(pause_s)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        # Why it was not finished is to be read, not that a part of it is left.
        with contextlib.suppress(OSError):
            place.unlink(missing_ok=True)
