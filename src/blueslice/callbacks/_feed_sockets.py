"""The two sockets of a live feed on this computer, open only to who can read the user's files."""

import contextlib
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from blueslice._replace_file import remove_file, replace_file
from blueslice.callbacks._feed_messages import FEED_VERSION
from blueslice.errors import StorageError

__all__ = ["FEED_FILE", "FeedSockets", "feed_address"]

logger = logging.getLogger(__name__)

FEED_FILE = "live.json"
"""In the data directory: where the running session's feed is, and the keys to it."""

_LOOPBACK = "tcp://127.0.0.1"
# Messages that wait for a viewer that does not read; it asks anew for what it has missed.
_MOST_WAITING = 1000


class FeedSockets:
    """A publishing and an answering socket on loopback, encrypted (CURVE).

    A port of loopback is open to every user of the computer. Here only who has the client key
    gets in, and that key is in a file that nobody but this user can read.

    Parameters
    ----------
    folder : Path
        The data directory, in which the file is written.
    session : str
        Name of the session, by which a viewer knows another one.
    sleep : callable
        Waits so many seconds, before a file that a viewer has open is tried again.

    Raises
    ------
    ImportError
        When pyzmq is not installed.
    StorageError
        When no port or no file can be had.
    """

    def __init__(
        self, folder: Path, session: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        import zmq
        from zmq.utils import z85

        self._again = zmq.Again
        self._file = folder / FEED_FILE
        self._sleep = sleep
        self._is_withdrawn = False
        public, secret = zmq.curve_keypair()
        client_public, client_secret = zmq.curve_keypair()
        self._client_key = z85.decode(client_public)
        # A context of its own: who may come in is decided for all sockets of a context.
        self._context = zmq.Context()
        try:
            self._door = self._context.socket(zmq.REP)
            self._door.bind("inproc://zeromq.zap.01")
            self.news = self._context.socket(zmq.XPUB)
            self.news.setsockopt(zmq.SNDHWM, _MOST_WAITING)
            self.requests = self._context.socket(zmq.ROUTER)
            ports = []
            for socket in (self.news, self.requests):
                socket.setsockopt(zmq.LINGER, 200)
                socket.curve_server = True
                socket.curve_secretkey = secret
                socket.curve_publickey = public
                ports.append(socket.bind_to_random_port(_LOOPBACK))
            self._poller = zmq.Poller()
            for socket in (self._door, self.news, self.requests):
                self._poller.register(socket, zmq.POLLIN)
            _write_private(
                self._file,
                {
                    "version": FEED_VERSION,
                    "session": session,
                    "process": os.getpid(),
                    "news": f"{_LOOPBACK}:{ports[0]}",
                    "requests": f"{_LOOPBACK}:{ports[1]}",
                    "server_key": public.decode(),
                    "client_key": client_public.decode(),
                    "client_secret_key": client_secret.decode(),
                },
                sleep,
            )
        except (zmq.ZMQError, OSError) as error:
            self._context.destroy(linger=0)
            raise StorageError(
                f"no live page can be fed ({error}); the session goes on without it"
            ) from error

    def wait(self, timeout_ms: int) -> tuple[list[bool], list[tuple[bytes, bytes]]]:
        """Let viewers in and return what they say.

        Parameters
        ----------
        timeout_ms : int
            How long to wait for the first.

        Returns
        -------
        list of bool and list of (bytes, bytes)
            Whether there are viewers now, each time that changed; and requests, each with whom
            to answer.
        """
        watched: list[bool] = []
        requests: list[tuple[bytes, bytes]] = []
        for socket, _ in self._poller.poll(timeout_ms):
            with contextlib.suppress(self._again):
                while True:
                    frames = socket.recv_multipart(flags=1)  # zmq.NOBLOCK
                    if socket is self._door:
                        self._open_door(frames)
                    elif socket is self.news:
                        watched.append(frames[0][:1] == b"\x01")
                    elif len(frames) >= 2:
                        requests.append((frames[0], frames[-1]))
        return watched, requests

    def _open_door(self, frames: list[bytes]) -> None:
        """Answer whether a viewer's key is the right one (ZAP, https://rfc.zeromq.org/spec/27)."""
        right = len(frames) > 6 and secrets.compare_digest(frames[6], self._client_key)
        answer = (b"200", b"OK") if right else (b"400", b"unknown key")
        self._door.send_multipart([b"1.0", frames[1], *answer, b"viewer", b""])

    def publish(self, data: bytes) -> None:
        """Send to all viewers; one that does not read loses it."""
        with contextlib.suppress(self._again):
            self.news.send(data, flags=1)

    def answer(self, viewer: bytes, data: bytes) -> None:
        """Send to one viewer."""
        with contextlib.suppress(self._again):
            self.requests.send_multipart([viewer, data], flags=1)

    def withdraw(self) -> None:
        """Remove the file, so that nobody comes any more; who is here may stay to the end.

        One that cannot be removed is emptied, and the log says what to do.
        """
        if self._is_withdrawn:
            return
        self._is_withdrawn = True
        try:
            remove_file(self._file, sleep=self._sleep)
        except OSError as error:
            # Windows removes no file that is open, but lets it be written to.
            with contextlib.suppress(OSError):
                self._file.write_bytes(b"")
            logger.warning(
                "the session is over, but %s could not be removed (%s); close the program that "
                "has it open, or give yourself write permission, and delete it",
                self._file,
                error.strerror or "a program has it open",
            )

    def close(self) -> None:
        """Remove the file and let go of the ports."""
        self.withdraw()
        self._context.destroy(linger=200)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def feed_address(folder: Path) -> dict[str, Any] | None:
    """Return what the feed's file says; None when there is no session or it cannot be read."""
    try:
        address = json.loads((folder / FEED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    usable = isinstance(address, dict) and address.get("version") == FEED_VERSION
    return address if usable else None


def _write_private(path: Path, content: Mapping[str, Any], sleep: Callable[[float], None]) -> None:
    """Write a file that only this user can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        replace_file(temporary, path, sleep=sleep)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
