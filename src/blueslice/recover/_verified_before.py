"""Raw files that an earlier call has read and found as they were recorded."""

import json
from collections.abc import Iterable
from pathlib import Path

from blueslice._on_disk import sync_folder, sync_open_file
from blueslice._replace_file import replace_file
from blueslice.errors import StorageError

__all__ = ["VerifiedBefore"]

_NAME = "verified.json"


class VerifiedBefore:
    """Remembers verified files by size and time of their last change, so that they are read once.

    The file may be deleted at any time: everything is then read again.

    Parameters
    ----------
    folder : Path
        The data directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = False
        self._known: dict[str, list[int]] = {}
        try:
            known = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(known, dict):
            self._known = known

    def knows(self, files: Iterable[Path], trials: int) -> bool:
        """Tell whether these files were verified with so many trials, and are as they were."""
        return all(self._known.get(self._name(path)) == _state(path, trials) for path in files)

    def note(self, files: Iterable[Path], trials: int) -> None:
        """Remember files that were read and are right."""
        for path in files:
            self._known[self._name(path)] = _state(path, trials)
            self._changed = True

    def save(self) -> None:
        """Keep what is remembered for the next call.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        if not self._changed:
            return
        unfinished = self._folder / f".{_NAME}"
        try:
            with unfinished.open("w", encoding="utf-8") as file:
                json.dump(self._known, file)
                file.flush()
                sync_open_file(file.fileno())
            replace_file(unfinished, self._folder / _NAME)
            sync_folder(self._folder)
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(
                f"{self._folder / _NAME} cannot be written ({error.strerror or error}); free disk "
                "space or give yourself write permission, then recover again"
            ) from error

    def _name(self, path: Path) -> str:
        try:
            return path.relative_to(self._folder).as_posix()
        except ValueError:
            return str(path)


def _state(path: Path, trials: int) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, trials]
