"""Which runs of the catalogue are on the disk as a whole, and would survive a power cut."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from blueslice._on_disk import sync_file, sync_folder, sync_open_file
from blueslice._tiled_databases import ARRAYS
from blueslice.errors import StorageError

__all__ = ["CatalogueOnDisk"]

_NAME = "on_disk.txt"


class CatalogueOnDisk:
    """The list of runs whose arrays have come to the disk.

    Tiled's databases bring themselves to the disk, the arrays that they name it leaves to the
    operating system. After a power cut a run may be whole in the database and have no numbers.

    Parameters
    ----------
    catalogue : Path
        The catalogue folder.
    now_s : callable
        Gives the time in s since 1970.
    """

    def __init__(self, catalogue: Path, now_s: Callable[[], float] = time.time) -> None:
        self._catalogue = catalogue
        self._now_s = now_s
        self._file = catalogue / _NAME

    def begin(self) -> None:
        """Begin the list where there is none yet; what is in the catalogue by now is trusted.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        if not self._file.exists():
            self._write(f"since {self._now_s()}\n")

    def note(self, uid: str) -> None:
        """Bring a run's arrays to the disk, and then note that they are there.

        Raises
        ------
        StorageError
            When that fails; ``recover`` then brings the run in again.
        """
        if not self._file.exists():
            raise StorageError(
                f"the catalogue {self._catalogue} was removed while it was written, and what it "
                "had with it"
            )
        folder = self._catalogue / ARRAYS / uid
        try:
            # The uid is what a document says: it must name no other folder.
            if re.fullmatch(r"[A-Za-z0-9_-]+", uid) and folder.is_dir():
                for path in (folder, *folder.rglob("*")):
                    (sync_folder if path.is_dir() else sync_file)(path)
                sync_folder(folder.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        self._write(f"{uid}\n")

    def read(self) -> tuple[float, frozenset[str]]:
        """Return from when on the list is kept, in s since 1970, and the runs in it.

        Infinity where there is no list.
        """
        try:
            first, *uids = self._file.read_text(encoding="utf-8").splitlines()
            return float(first.removeprefix("since ")), frozenset(uids)
        except (OSError, ValueError):
            return float("inf"), frozenset()

    def _write(self, line: str) -> None:
        try:
            with self._file.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line)
                file.flush()
                sync_open_file(file.fileno())
            sync_folder(self._catalogue)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(
            f"catalogue {self._catalogue} cannot be written ({error.strerror or error}); free disk "
            "space or give yourself write permission, then run 'blueslice recover'"
        )
