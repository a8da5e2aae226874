"""Where Tiled's own messages go: a file, never the terminal of the person at the rig."""

import logging
import logging.handlers
from pathlib import Path

__all__ = ["TiledLog", "silence_tiled_startup"]

_LEVELS = {
    "tiled": logging.INFO,
    "uvicorn": logging.INFO,
    "uvicorn.access": logging.WARNING,  # a line for each of thousands of requests helps nobody
    "bluesky_tiled_plugins": logging.INFO,
    "bluesky.callbacks.buffer": logging.INFO,
}
_open_logs: "list[TiledLog]" = []
_before: dict[str, tuple[int, bool]] = {}  # level and propagation, while any log is open


def silence_tiled_startup() -> None:
    """Take away the terminal handler that Tiled's server module gives itself when imported.

    It prints the version of Tiled on stderr each time a catalogue is opened.
    """
    logger = logging.getLogger("tiled.server.app")
    for handler in list(logger.handlers):
        if type(handler) is logging.StreamHandler:
            logger.removeHandler(handler)


class TiledLog:
    """A log file that takes what Tiled and the catalogue writer have to say.

    While several are open in one process, each takes the messages of all.

    Parameters
    ----------
    path : Path
        The file; at 1 MB it is kept once as ``.1`` and begun anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handler: logging.Handler | None = None

    def open(self) -> None:
        """Send the messages here instead of to the handlers of the program."""
        handler = logging.handlers.RotatingFileHandler(
            self.path, maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        for name, level in _LEVELS.items():
            logger = logging.getLogger(name)
            if not _open_logs:
                _before[name] = logger.level, logger.propagate
            logger.setLevel(level)
            # uvicorn.access passes on to uvicorn, which has the handler.
            if name != "uvicorn.access":
                logger.propagate = False
                logger.addHandler(handler)
        self._handler = handler
        _open_logs.append(self)

    def close(self) -> None:
        """Put the loggers back as they were; doing it twice is harmless."""
        if self._handler is None:
            return
        _open_logs.remove(self)
        for name in _LEVELS:
            logger = logging.getLogger(name)
            logger.removeHandler(self._handler)
            if not _open_logs:
                level, logger.propagate = _before[name]
                logger.setLevel(level)
        self._handler.close()
        self._handler = None
