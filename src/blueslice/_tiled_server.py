"""A Tiled server on loopback, in a daemon thread of this process."""

import copy
import os
import secrets
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from blueslice._loopback_guard import LoopbackGuard
from blueslice._patient_wait import WORKED_S, wait_while_it_gets_on
from blueslice._replace_file import remove_file
from blueslice._tiled_databases import ARRAYS, create_databases
from blueslice._tiled_log import TiledLog, silence_tiled_startup
from blueslice.errors import StorageError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

__all__ = ["CATALOGUE_SPECS", "TiledServer", "listen_on_loopback"]

CATALOGUE_SPECS = [{"name": "CatalogOfBlueskyRuns", "version": "3.0"}]
"""What makes a Tiled client show the root as a catalogue of bluesky runs."""


class TiledServer:
    """One Tiled server over the catalogue of a data directory.

    It listens on 127.0.0.1 only, on a port the system chooses, and refuses whoever lacks the
    key, and pages of other origins with it. Its messages go to ``server.log`` in the catalogue
    folder.

    Parameters
    ----------
    catalogue : Path
        The catalogue folder; it exists and this process may write there.
    raw : Path
        The folder of the external files that it may serve.
    """

    def __init__(self, catalogue: Path, raw: Path) -> None:
        self.catalogue = catalogue
        self.raw = raw
        self.log_file = catalogue / "server.log"
        self.api_key = ""
        self.uri = ""
        self._listener: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._log = TiledLog(self.log_file)

    @property
    def running(self) -> bool:
        """Whether the server answers."""
        if self._server is None or self._thread is None or not self._thread.is_alive():
            return False
        return self._server.started and not self._server.should_exit

    def start(self, timeout_s: float) -> None:
        """Start it and wait until it answers.

        Parameters
        ----------
        timeout_s : float
            Longest time to wait, in seconds.

        Raises
        ------
        StorageError
            When it does not come up; the text names the log file.
        """
        self._log.open()
        try:
            create_databases(self.catalogue)
            self.api_key = _load_api_key(self.catalogue / "api_key")
            self._listener = listen_on_loopback()
            port = self._listener.getsockname()[1]
            self.uri = f"http://127.0.0.1:{port}/api/v1"
            self._server = self._build_server(LoopbackGuard(self._build_app(), port))
        except BaseException:
            self.stop(timeout_s)
            raise
        # Daemon: a crash of the main thread must end the process, not leave it serving.
        self._thread = threading.Thread(
            target=self._run,
            args=(self._server, self._listener),
            name="blueslice-tiled",
            daemon=True,
        )
        self._thread.start()
        # A busy machine is no reason to give up: only a process that takes no time stands still.
        wait_while_it_gets_on(self._ready, timeout_s, lambda: int(time.process_time() / WORKED_S))
        if not self.running:
            self.stop(timeout_s)
            raise StorageError(
                "the catalogue's server (Tiled) did not start: it ended, or has done nothing for "
                f"{timeout_s:g} s; its log says why: {self.log_file}"
            )

    def stop(self, timeout_s: float) -> None:
        """Stop answering and free port, databases and log; doing it twice is harmless.

        Parameters
        ----------
        timeout_s : float
            Longest time to wait for requests that are being answered, in seconds.
        """
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout_s)
        if self._listener is not None:
            self._listener.close()
        self._log.close()

    def _run(self, server: "uvicorn.Server", listener: socket.socket) -> None:
        try:
            server.run(sockets=[listener])
        except SystemExit:
            # uvicorn's way to say that it could not start; the log has the reason.
            return
        finally:
            self._ready.set()

    def _build_server(self, app: LoopbackGuard) -> "uvicorn.Server":
        import uvicorn

        ready = self._ready

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                ready.set()

        return Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=5,
            )
        )

    def _build_app(self) -> "FastAPI":
        # Imported here: Tiled's server takes 2-5 s to import, and readers never need it.
        from bluesky_tiled_plugins.exporters import json_seq_exporter
        from bluesky_tiled_plugins.routers.validator import router as validation_router
        from tiled.catalog import from_uri
        from tiled.media_type_registration import default_serialization_registry
        from tiled.server.app import build_app
        from tiled.server.settings import get_settings

        silence_tiled_startup()
        tree = from_uri(
            f"sqlite:///{(self.catalogue / 'catalogue.db').as_posix()}",
            specs=CATALOGUE_SPECS,
            writable_storage=[
                str(self.catalogue / ARRAYS),
                f"sqlite:///{(self.catalogue / 'tables.db').as_posix()}",
            ],
            readable_storage=[str(self.raw)],
        )
        serialization = copy.deepcopy(default_serialization_registry)
        serialization.register("BlueskyRun", "application/json-seq", json_seq_exporter)
        app = build_app(
            tree, serialization_registry=serialization, include_routers=[validation_router]
        )
        # Tiled keeps one settings object for the process, and a key given to build_app goes into
        # it: a second server would lock the first one's clients out.
        settings = copy.deepcopy(app.dependency_overrides[get_settings]())
        settings.single_user_api_key = self.api_key
        settings.allow_anonymous_access = False
        # Tiled gives out the bytes of any file that is registered, also outside readable_storage;
        # nothing of ours asks for them.
        settings.expose_raw_assets = False
        app.dependency_overrides[get_settings] = lambda: settings
        return app


def listen_on_loopback() -> socket.socket:
    """Return a socket on a free port of 127.0.0.1 whose connections send at once."""
    # The protocol by its number: asyncio sends at once only on sockets that name it, otherwise
    # each answer waits 40 ms for the reader's acknowledgement of its first part.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _load_api_key(path: Path) -> str:
    try:
        if path.exists():
            path.chmod(0o600)
            key = path.read_text(encoding="ascii").strip()
            if len(key) >= 32 and key.isalnum():
                return key
            remove_file(path)
        key = secrets.token_hex(32)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
        return key
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"the key of the catalogue server cannot be kept in {path} ({error}); "
            "delete that file, or choose another data directory"
        ) from error
