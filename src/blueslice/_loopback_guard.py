"""Keeps web pages of other origins away from a server on loopback."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["LoopbackGuard"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_REFUSAL = b"This server answers programs and pages of this computer alone.\n"


class LoopbackGuard:
    """An ASGI application around another one, which answers under its own name alone.

    A web page from anywhere can send requests to loopback: they carry its ``Origin``. A foreign
    name that points to 127.0.0.1 (DNS rebinding) makes a page one of the same origin: its name is
    in ``Host``. Both are refused, before the request is looked at and whatever key it has.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    port : int
        Of the server.
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan" or self._is_from_here(scope["headers"]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})

    def _is_from_here(self, headers: list[tuple[bytes, bytes]]) -> bool:
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return False
        return all(origin == b"http://" + hosts[0] for origin in origins)
