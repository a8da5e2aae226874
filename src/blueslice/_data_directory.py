"""The one folder a rig writes into: raw files, journal, catalogue; by one process at a time."""

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock
import platformdirs

from blueslice._on_disk import make_folder
from blueslice._plain_files import shortened
from blueslice._shell_words import shell_word
from blueslice.errors import BadInputError, StorageError

__all__ = ["DataDirectory", "WriteLock", "default_data_directory"]

# Tiled and HDF5 documents carry paths as addresses (file://...) that are not escaped, so these
# characters would cut the path short when it is read back.
_FORBIDDEN_CHARACTERS = "%#?;"

# SQLite opens paths of 512 bytes, with the "-journal" that it appends. The longest in a data
# directory is that of a new catalogue. A letter of another alphabet has two to four bytes. There is
# no way around it: SQLite makes a relative path absolute and follows symbolic links (/proc/self/fd
# too) before it measures, with escapes resolved, and each of its programs has that number built in.
LONGEST_PATH_BYTES = 512 - len("-journal") - len("/catalogue/catalogue.db.new")


def default_data_directory() -> "DataDirectory":
    """Return the data directory of this user, where none was named.

    Returns
    -------
    DataDirectory
        The folder the operating system keeps for the data of an application, for example
        ``~/.local/share/blueslice`` on Linux. It is not created here.
    """
    return DataDirectory(platformdirs.user_data_path("blueslice", appauthor=False))


@dataclass(frozen=True)
class DataDirectory:
    """The folders a rig writes into.

    Making one changes nothing on disk; `create` makes the folders.

    Parameters
    ----------
    path : path-like
        The folder; ``~`` is expanded, a relative path is taken from the working directory.

    Raises
    ------
    BadInputError
        When the path holds a character that Tiled cannot read back (``% # ? ;``, or one that
        cannot be printed), or is longer than SQLite can open.
    """

    path: Path

    def __init__(self, path: str | os.PathLike[str]) -> None:
        absolute = Path(path).expanduser().absolute()
        unusable = [
            character
            for character in str(absolute)
            if character in _FORBIDDEN_CHARACTERS or not character.isprintable()
        ]
        if unusable:
            raise BadInputError(
                f"data directory {str(absolute)!r}: {unusable[0]!r} cannot be in its path, because "
                "the catalogue keeps paths as addresses; choose a folder whose path has none of "
                f"{' '.join(_FORBIDDEN_CHARACTERS)} and no control character"
            )
        _refuse_too_long(absolute)
        object.__setattr__(self, "path", absolute)

    def __str__(self) -> str:
        return str(self.path)

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def is_default(self) -> bool:
        """Whether it is the data directory of this user, by whatever path."""
        return self.path.resolve() == default_data_directory().path.resolve()

    @property
    def raw(self) -> Path:
        """The folder of the frames and recordings (HDF5, one file per run and instrument)."""
        return self.path / "raw"

    @property
    def journal(self) -> Path:
        """The folder of the journals (JSON lines, one file per run)."""
        return self.path / "journal"

    @property
    def catalogue(self) -> Path:
        """The folder of the embedded catalogue: databases, arrays, backup, logs."""
        return self.path / "catalogue"

    def create(self) -> Self:
        """Make the folders that do not exist yet, open to this user only.

        A folder that exists keeps its permissions.

        Returns
        -------
        DataDirectory
            This data directory.

        Raises
        ------
        StorageError
            When a folder cannot be made or written, or a file is in its place.
        """
        try:
            for folder in (self.path, self.raw, self.journal, self.catalogue):
                make_folder(folder)
            if not self._place_file.exists():
                self.note_place()
        except (FileExistsError, NotADirectoryError) as error:
            raise StorageError(
                f"data directory {self}: {error.filename} or a folder above it is a file; "
                "move that file or choose another folder"
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    @property
    def moved_from(self) -> Path | None:
        """Where it was when its catalogue was made, if that is elsewhere; None otherwise."""
        try:
            place = Path(json.loads(self._place_file.read_text(encoding="utf-8"))["path"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if place == self.path else place

    def refuse_moved(self) -> None:
        """Refuse a data directory whose catalogue names files at another place.

        Raises
        ------
        StorageError
            With where it was, and the next step.
        """
        if (before := self.moved_from) is not None:
            raise StorageError(
                f"data directory {self} was {before} when its catalogue was made, which names the "
                f"files there; move it back, or run: blueslice recover "
                f"--data-dir {shell_word(self)}"
            )

    def note_place(self) -> None:
        """Note that the catalogue names files at this place.

        Raises
        ------
        StorageError
            When that cannot be written.
        """
        try:
            self._place_file.touch(mode=0o600)
            self._place_file.write_text(json.dumps({"path": str(self.path)}), encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error

    def lock_for_writing(self, now: Callable[[], datetime] | None = None) -> "WriteLock":
        """Make this process the only one that writes here, until it releases the lock or ends.

        The operating system holds the lock, so a process that is killed leaves none behind.
        Who holds it is told in ``writer.json`` beside it.

        Parameters
        ----------
        now : callable, optional
            Returns the present time with its zone; for tests.

        Returns
        -------
        WriteLock
            Held; release it, or use it in a ``with`` statement.

        Raises
        ------
        StorageError
            When another session writes here, or the folder cannot be written.
        """
        self.create()
        # thread_local: a session may close in another thread than the one that opened it.
        lock = filelock.FileLock(self.path / "writer.lock", thread_local=False, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise StorageError(
                f"data directory {self} is being written by {_describe_writer(self._writer_file)}; "
                "close that session or choose another data directory"
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error
        since = (now() if now else datetime.now(UTC)).astimezone()
        writer = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": since.isoformat(timespec="seconds"),
        }
        try:
            self._writer_file.write_text(json.dumps(writer), encoding="utf-8")
        except OSError as error:
            lock.release()
            raise self._unwritable(error) from error
        return WriteLock(self, lock)

    def is_being_written(self) -> bool:
        """Tell whether a session, of this process or another, writes here now."""
        path = self.path / "writer.lock"
        if not path.is_file():
            return False
        lock = filelock.FileLock(path, thread_local=False, mode=0o600)
        try:
            with lock.acquire(timeout=0):
                return False
        except filelock.Timeout:
            return True
        except OSError:
            return False  # of another user, who may only read here

    def inherited_lock(self) -> "WriteLock":
        """Return the lock that the process which started this one holds, to hand on.

        Releasing it does nothing: it is the other process's.
        """
        return WriteLock(self, None)

    @property
    def _writer_file(self) -> Path:
        # Not the lock file itself: Windows lets nobody else read a locked file.
        return self.path / "writer.json"

    @property
    def _place_file(self) -> Path:
        return self.path / "directory.json"

    def _unwritable(self, error: OSError) -> StorageError:
        reason = error.strerror or str(error)
        return StorageError(
            f"data directory {self} cannot be written ({reason}); "
            "give yourself write permission or choose another folder"
        )


class WriteLock:
    """The right to write into a data directory; see `DataDirectory.lock_for_writing`.

    Parameters
    ----------
    directory : DataDirectory
        The data directory that is locked.
    lock : filelock.BaseFileLock or None
        The lock, already held; None when the process that started this one holds it.
    """

    def __init__(self, directory: DataDirectory, lock: filelock.BaseFileLock | None) -> None:
        self.directory = directory
        self._lock = lock

    @property
    def held(self) -> bool:
        """Whether this process, or the one that started it, still holds the lock."""
        return self._lock is None or self._lock.is_locked

    def release(self) -> None:
        """Let other processes write again; doing it twice is harmless."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _describe_writer(path: Path) -> str:
    try:
        writer = json.loads(path.read_text(encoding="utf-8"))
        process = "this process" if _is_here(writer) else f"process {writer['process']}"
        return f"{process} on {writer['host']} since {writer['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        # The other session has the lock and is about to write who it is.
        return "another session"


def _is_here(writer: dict[str, object]) -> bool:
    return writer["process"] == os.getpid() and writer["host"] == socket.gethostname()


def _refuse_too_long(path: Path) -> None:
    """Refuse a path in which SQLite can open nothing; its own words speak of something else."""
    followed = os.path.realpath(path)
    # The longer one: SQLite measures while it follows the links, too.
    length_bytes = max(len(os.fsencode(path)), len(os.fsencode(followed)))
    if os.name != "posix" or length_bytes <= LONGEST_PATH_BYTES:
        return
    link = "" if followed == str(path) else f", a link to {shortened(followed)!r}"
    raise BadInputError(
        f"data directory {shortened(str(path))!r}{link}: the path has {length_bytes} bytes, and "
        "SQLite, which keeps the catalogue, can open files in one of at most "
        f"{LONGEST_PATH_BYTES}; choose a folder with a shorter path"
    )
