"""Who may open the page: a browser on this computer that was given the token."""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

__all__ = ["PageGuard"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_REFUSAL = b"Open the whole address that 'blueslice live' printed, with its token.\n"
# The page's own scripts are inline (NiceGUI); nothing may come from, or go to, anywhere else.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://{host}; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


class PageGuard:
    """An ASGI application around another one, that lets in who has the token.

    The token in the address is exchanged for a cookie and leaves the address bar. Pages and
    websockets need the cookie; the ``Host`` must be this computer's loopback (a foreign name that
    points to it is refused: DNS rebinding), and a request that says from which page it comes must
    come from this one.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    token : str
        The secret.
    port : int
        Of the server.
    """

    def __init__(self, app: Any, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        # Cookies of one host are shared by all its ports.
        self._cookie = f"blueslice-live-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        host, origin = headers.get("host", ""), headers.get("origin")
        is_socket = scope["type"] == "websocket"
        from_here = origin == f"http://{host}" or (origin is None and not is_socket)
        if host not in self._hosts or not from_here:
            await self._refuse(is_socket, send)
        elif self._is_token(self._cookie_of(headers)):
            await self._app(scope, receive, send if is_socket else _hardened(send, host))
        elif not is_socket and scope["path"] == "/" and self._is_token(_token_of(scope)):
            await self._let_in(send)
        else:
            await self._refuse(is_socket, send)

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode(), self._token.encode())

    def _cookie_of(self, headers: dict[str, str]) -> str:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self._cookie].value if self._cookie in cookies else ""

    async def _let_in(self, send: Send) -> None:
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        headers = [
            (b"location", b"/"),
            (b"set-cookie", cookie.encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, is_socket: bool, send: Send) -> None:
        if is_socket:
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": _REFUSAL})


def _token_of(scope: Scope) -> str:
    values = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])
    return values[0]


def _hardened(send: Send, host: str) -> Send:
    """Return a `send` that keeps the browser from loading or sending anything elsewhere."""
    extra = [
        (b"content-security-policy", _POLICY.format(host=host).encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]

    async def send_with_policy(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return send_with_policy
