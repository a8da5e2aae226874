"""Who may open the page: only with the token, from this computer, from this page."""

import pytest

from blueslice.view.live.guard import PageGuard

TOKEN, PORT = "a-secret", 4321
HOST = f"127.0.0.1:{PORT}"
COOKIE = f"blueslice-live-{PORT}={TOKEN}"


async def ask(path="/", *, query="", kind="http", **headers):
    """Ask the guard; return the status (101 for a websocket let in) and its headers."""
    sent, reached = [], []

    async def app(scope, receive, send):
        reached.append(scope["path"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    named = {"host": HOST, **headers}
    scope = {
        "type": kind,
        "path": path,
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in named.items()],
    }
    await PageGuard(app, TOKEN, PORT)(scope, None, send)
    if kind == "websocket":
        return (101 if reached else sent[0]["code"]), {}
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}


async def test_the_token_becomes_a_cookie_and_leaves_the_address():
    status, headers = await ask(query=f"token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    assert headers["set-cookie"].startswith(COOKIE)
    for part in ("HttpOnly", "SameSite=Strict"):
        assert part in headers["set-cookie"]


async def test_with_the_cookie_all_is_open_and_nothing_leaves_the_computer():
    status, headers = await ask("/_nicegui/x.js", cookie=COOKIE)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert f"connect-src 'self' ws://{HOST}" in policy
    assert "https:" not in policy


ORIGIN = f"http://{HOST}"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 403),
        ({"query": "token=wrong"}, 403),
        ({"query": f"token={TOKEN}", "path": "/_nicegui"}, 403),
        ({"cookie": "blueslice-live-1=a-secret"}, 403),
        ({"cookie": COOKIE + "x"}, 403),
        ({"cookie": COOKIE, "host": f"evil.example:{PORT}"}, 403),
        ({"cookie": COOKIE, "host": "127.0.0.1"}, 403),
        ({"cookie": COOKIE, "origin": "http://evil.example"}, 403),
        ({"cookie": COOKIE, "origin": "null"}, 403),
        ({"cookie": COOKIE, "host": f"localhost:{PORT}"}, 200),
        ({"kind": "websocket", "cookie": COOKIE}, 1008),
        ({"kind": "websocket", "origin": ORIGIN}, 1008),
        ({"kind": "websocket", "origin": ORIGIN, "query": f"token={TOKEN}"}, 1008),
        ({"kind": "websocket", "origin": "http://evil.example", "cookie": COOKIE}, 1008),
        ({"kind": "websocket", "origin": ORIGIN, "cookie": COOKIE}, 101),
    ],
)
async def test_who_is_let_in(asked, status):
    assert (await ask(**asked))[0] == status
