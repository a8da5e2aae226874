"""Files and folders that are still there after a power cut, and that only this user can read."""

import os
import sys
from pathlib import Path

__all__ = ["is_removed", "make_folder", "sync_file", "sync_folder", "sync_open_file"]


def sync_open_file(descriptor: int) -> None:
    """Return once what was written to an open file is on the disk, not only in its cache.

    On Windows `os.fsync` calls ``FlushFileBuffers``.

    Raises
    ------
    OSError
        When the disk reports an error.
    """
    if sys.platform == "darwin":
        import fcntl

        try:
            # There fsync leaves the data in the disk's own cache.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
        except OSError:
            pass  # a network share that does not know the call
    os.fsync(descriptor)


def is_removed(descriptor: int) -> bool:
    """Tell whether an open file has no name any more: what is in it is gone when it is closed.

    Windows lets nobody remove an open file.
    """
    return sys.platform != "win32" and os.fstat(descriptor).st_nlink == 0


def sync_file(path: Path) -> None:
    """Do what `sync_open_file` does, for a file that others may have open.

    Raises
    ------
    OSError
        When it cannot be opened for writing, or the disk reports an error.
    """
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        sync_open_file(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Return once the names of the files in a folder are on the disk.

    Windows has no such call, and needs none: NTFS keeps a journal of its folders.

    Raises
    ------
    OSError
        When the disk reports an error.
    """
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync_open_file(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, each open to this user only.

    `Path.mkdir` gives its mode to the last folder alone and leaves those above it to the umask. One
    that exists keeps its permissions. The names of the new ones are on the disk afterwards.

    Raises
    ------
    OSError
        When it cannot be made, or a file is in its place.
    """
    path = Path(path)
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    # Another process may make it at the same moment.
    path.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent)
