"""Where raw files go."""

import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ophyd_async.core import PathInfo

__all__ = ["RawPathProvider"]


class RawPathProvider:
    """Names raw files ``<folder>/2026/11/23/141503-1f3a9c2e-camera.h5``.

    The device asks for a new name for each run; the random part keeps names apart whatever the
    clock does.

    Parameters
    ----------
    folder : pathlib.Path
        The raw folder of the data directory.
    now : callable
        Gives the local time.
    make_id : callable
        Gives a text of which 8 characters are used.
    """

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime] = datetime.now,
        make_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self.folder = folder
        self._now = now
        self._make_id = make_id

    def __call__(self, datakey_name: str | None = None) -> PathInfo:
        """Return a new place for a file of this device."""
        taken_at = self._now()
        folder = self.folder.absolute() / taken_at.strftime("%Y/%m/%d")
        stem = f"{taken_at:%H%M%S}-{self._make_id()[:8]}-{datakey_name or 'device'}"
        return PathInfo(directory_path=folder, filename=stem)
