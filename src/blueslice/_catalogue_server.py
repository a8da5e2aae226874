"""The embedded catalogue: server, client and writers of the acquiring process."""

import atexit
import contextlib
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import filelock

from blueslice._catalogue_on_disk import CatalogueOnDisk
from blueslice._data_directory import DataDirectory, WriteLock
from blueslice._tiled_server import TiledServer
from blueslice.callbacks._catalogue_writer import CatalogueWriter
from blueslice.errors import BadInputError, StorageError

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = ["CatalogueServer", "running_server"]

# The process that kept the catalogue for a killed session still writes what had come to it.
PREDECESSOR_TIMEOUT_S = 45.0

_running_servers: "dict[Path, CatalogueServer]" = {}


def running_server(data_directory: DataDirectory) -> "CatalogueServer | None":
    """Return the server that this process runs over a data directory, if it does."""
    server = _running_servers.get(data_directory.path)
    return server if server is not None and server.running else None


def _reading_clients() -> Any:
    # Imported here: it imports Tiled's client, which takes seconds.
    from blueslice._tiled_clients import growing_clients

    return growing_clients()


class CatalogueServer:
    """The catalogue that the acquiring process writes and serves.

    Use it in a ``with`` statement, or `start` and `close` it.

    Parameters
    ----------
    data_directory : DataDirectory
        Where the catalogue is, or is made.
    lock : WriteLock, optional
        The right to write there, where the caller holds it already and keeps it afterwards.
        By default it is taken by `start` and given back by `close`.

    Attributes
    ----------
    stage : str
        What its start is at, for people.
    on_disk : CatalogueOnDisk
        Which runs would survive a power cut.
    """

    def __init__(self, data_directory: DataDirectory, *, lock: WriteLock | None = None) -> None:
        if lock is not None and (not lock.held or lock.directory != data_directory):
            raise BadInputError(
                f"the lock given is not a held lock of data directory {data_directory}; "
                "give the one that its lock_for_writing() returned, or none"
            )
        self.data_directory = data_directory
        self.stage = "the start"
        self.on_disk = CatalogueOnDisk(data_directory.catalogue)
        self._given_lock = lock
        self._own_lock: WriteLock | None = None
        self._server = self._new_server()
        self._turn = filelock.FileLock(
            data_directory.catalogue / "server.lock", thread_local=False, mode=0o600
        )
        self._client: CatalogOfBlueskyRuns | None = None
        self._writers: list[CatalogueWriter] = []

    def start(self, timeout_s: float = 60.0) -> Self:
        """Start the server and connect to it; 4 s at first, most of it importing Tiled.

        Parameters
        ----------
        timeout_s : float
            Longest time in which the server may do nothing, in seconds.

        Returns
        -------
        CatalogueServer
            This one, running.

        Raises
        ------
        StorageError
            When another session writes into the data directory, or the catalogue cannot be
            opened or made.
        """
        if self.running:
            return self
        self.close()  # what a server that died left open
        self._server = self._new_server()
        self.data_directory.refuse_moved()
        if self._given_lock is None:
            self._own_lock = self.data_directory.lock_for_writing()
        try:
            self.stage = "the wait for who wrote the catalogue before"
            self._take_turn()
            self.stage = "the start of Tiled's server"
            self._server.start(timeout_s)
            self.on_disk.begin()
            self.stage = "the connection to Tiled's server"
            self._client = self._connect(structure_clients=_reading_clients())
        except BaseException:
            self.close()
            raise
        _running_servers[self.data_directory.path] = self
        atexit.register(self.close)
        return self

    @property
    def running(self) -> bool:
        """Whether the server answers."""
        return self._server.running

    @property
    def uri(self) -> str:
        """Address of the server's interface, ``http://127.0.0.1:<port>/api/v1``."""
        return self._server.uri

    @property
    def client(self) -> "CatalogOfBlueskyRuns":
        """The catalogue, for reading and writing in this process.

        Use ``client.v3[uid]``: once ``client.v2`` or a table of ``client.v1`` was touched,
        ``client[uid]`` gives another class.
        """
        if self._client is None:
            raise StorageError("the catalogue is not open; call start() on its server first")
        return self._client

    def writer(
        self, exclude_streams: Collection[str] = (), *, whole_runs: bool = False
    ) -> CatalogueWriter:
        """Return a callback that writes runs into this catalogue; `close` closes it too.

        Parameters
        ----------
        exclude_streams : collection of str, optional
            Names of streams to leave out.
        whole_runs : bool
            Whether a run is written at its end only.
        """
        writer = CatalogueWriter(
            self._connect(),
            self.data_directory.catalogue / "backup",
            exclude_streams=exclude_streams,
            server_is_running=lambda: self.running,
            whole_runs=whole_runs,
            on_run=self.on_disk.note,
        )
        self._writers.append(writer)
        # At the exit of a session that did not close, before the exit handler of the writer's
        # buffer, which would wait for ever: the last one registered comes first.
        atexit.unregister(self.close)
        atexit.register(self.close)
        return writer

    def close(self, timeout_s: float = 60.0) -> None:
        """Let the writers finish, stop the server and unlock; doing it twice is harmless.

        Parameters
        ----------
        timeout_s : float
            Longest time to wait for each writer, in seconds.

        Raises
        ------
        StorageError
            When a run is not in the catalogue; all is closed all the same.
        """
        atexit.unregister(self.close)
        with contextlib.ExitStack() as closing:
            if self._own_lock is not None:
                closing.callback(self._own_lock.release)
            closing.callback(self._turn.release)
            closing.callback(self._server.stop, timeout_s)
            if self._client is not None:
                closing.callback(self._client.context.http_client.close)
            for writer in self._writers:
                closing.callback(writer.close, timeout_s)
            if _running_servers.get(self.data_directory.path) is self:
                del _running_servers[self.data_directory.path]
            self._client, self._writers, self._own_lock = None, [], None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _take_turn(self) -> None:
        """Wait until nobody else writes the catalogue: two writers would make runs twice."""
        try:
            self._turn.acquire(timeout=PREDECESSOR_TIMEOUT_S)
        except filelock.Timeout:
            raise StorageError(
                f"catalogue {self.data_directory.catalogue} is still being written for a session "
                "that has ended; wait a minute and try again"
            ) from None
        except OSError as error:
            raise StorageError(
                f"catalogue {self.data_directory.catalogue} cannot be written "
                f"({error.strerror or error}); give yourself write permission"
            ) from error

    def _new_server(self) -> TiledServer:
        return TiledServer(self.data_directory.catalogue, self.data_directory.raw)

    def _connect(self, **options: Any) -> "CatalogOfBlueskyRuns":
        from tiled.client import from_uri

        # trust_env=False: a proxy set for the laboratory must not stand between us and loopback.
        client: Any = from_uri(
            self._server.uri, api_key=self._server.api_key, trust_env=False, **options
        )
        return client
