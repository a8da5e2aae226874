"""The server of the live page: one process, loopback only, nothing from the internet."""

import contextlib
import secrets
import socket
import tempfile
import webbrowser
from collections.abc import Callable
from html import escape
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from blueslice._data_directory import DataDirectory
from blueslice.callbacks._feed_sockets import feed_address
from blueslice.errors import BadInputError
from blueslice.view.live.guard import PageGuard
from blueslice.view.live.last_run import last_run_messages
from blueslice.view.live.page import LivePage
from blueslice.view.live.store import LiveStore

__all__ = ["serve_live_page"]

HOST = "127.0.0.1"


def serve_live_page(
    directory: DataDirectory,
    *,
    port: int = 0,
    control: bool = False,
    browser: bool = True,
    tell: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    directory : DataDirectory
        Whose session is shown.
    port : int
        0 for one that is free.
    control : bool
        Whether the page may pause, resume, stop and abort, and use other ROIs.
    browser : bool
        Whether to open it in the user's browser.
    tell : callable of (address)
        Is told the address, with its token, once.

    Raises
    ------
    BadInputError
        When the port is not free.
    """
    listening = _bind(port)
    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(24)
    store = LiveStore(directory.path, lambda: last_run_messages(directory))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        app,
        root=lambda: _build(store, control=control),
        title="blueslice live",
        dark=True,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    config = uvicorn.Config(
        PageGuard(app, token, port),
        log_level="warning",
        # The token is in the first request's address.
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    store.start(running=feed_address(directory.path) is not None)
    address = f"http://{HOST}:{port}/?token={token}"
    tell(address)
    opener = _open_browser(address) if browser else contextlib.nullcontext()
    try:
        with opener, contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        store.close()


def _build(store: LiveStore, *, control: bool) -> None:
    LivePage(store, control=control)


def _bind(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((HOST, port))
        # From now on, so that a browser that is quicker than the server waits for it.
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise BadInputError(
            f"--port {port}: {error}; choose another one, or 0 for any that is free"
        ) from None
    return listening


@contextlib.contextmanager
def _open_browser(address: str):  # noqa: ANN202
    """Open the page by a file that only this user can read.

    The list of processes shows everybody a browser's command line, and must not show the token.
    """
    # Windows does not remove a file that the browser still has open; its token is of no use then.
    with tempfile.TemporaryDirectory(prefix="blueslice-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "open.html"
        path.write_text(
            f'<meta http-equiv="refresh" content="0; url={escape(address)}">', encoding="utf-8"
        )
        webbrowser.open(path.as_uri())
        yield
