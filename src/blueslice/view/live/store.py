"""The state that all open pages show: changed in the feed's thread, read by the pages."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from blueslice.view.live.feed_client import FeedClient
from blueslice.view.live.state import LiveState, apply

__all__ = ["LiveStore"]


class LiveStore:
    """Follows the session of a data directory; where there is none, has the last run.

    Parameters
    ----------
    folder : Path
        The data directory.
    last_run : callable
        Returns, slowly, the messages of the last run in the catalogue; asked once, in a thread of
        its own, when no session is there at the beginning.
    """

    def __init__(
        self, folder: Path, last_run: Callable[[], list[Mapping[str, Any]]] = list
    ) -> None:
        self.state = LiveState()
        self._lock = threading.Lock()
        self._last_run = last_run
        self._looked = False
        self.client = FeedClient(folder, self._take)

    def start(self, *, running: bool) -> None:
        """Begin; `running` tells whether there is a session now."""
        self.client.start()
        if not running:
            threading.Thread(target=self._look_back, name="blueslice-last-run", daemon=True).start()

    def close(self) -> None:
        """End it."""
        self.client.close()

    def _take(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            # One assignment: a page that reads has either the state before or the one after.
            self.state = apply(self.state, message)

    def _look_back(self) -> None:
        messages = self._last_run()
        with self._lock:
            if not self.state.run:
                for message in messages:
                    self.state = apply(self.state, message)
