"""A viewer's end of a session's feed: finds it, follows it, catches up, asks it for things."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from blueslice.callbacks._feed_messages import pack, unpack
from blueslice.callbacks._feed_sockets import feed_address
from blueslice.errors import BadInputError, StorageError

__all__ = ["FeedClient"]

# A session tells its status twice a second; one that is silent so long is gone, or hangs.
SILENT_S = 5.0
LOOK_S = 0.5
ANSWER_S = 5.0


class FeedClient:
    """Follows the session of a data directory, and the next one when that is over.

    All is done in one thread of its own. What the session tells comes to `on_message` in order
    and without gaps: first a ``snapshot``, then each message after it. ``lost`` is told when the
    session has gone.

    Parameters
    ----------
    folder : Path
        The data directory.
    on_message : callable of (message)
        Called in the client's thread.
    """

    def __init__(self, folder: Path, on_message: Callable[[Mapping[str, Any]], None]) -> None:
        self._folder = folder
        self._on_message = on_message
        self._ended = threading.Event()
        self._numbers = itertools.count(1)
        self._asked: list[tuple[dict[str, Any], Future[str]]] = []
        self._lock = threading.Lock()
        # A session that said it was over. Its file can outlast it: Windows removes none in use.
        self._closed_session: str | None = None
        self._thread = threading.Thread(target=self._work, name="blueslice-viewer", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self, timeout_s: float = 3.0) -> None:
        """End it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def ask(self, name: str, **arguments: Any) -> "Future[str]":
        """Ask the session for something; the future has its answer.

        It raises `BadInputError` with the reason when the session refuses, and `StorageError`
        when there is none.
        """
        answer: Future[str] = Future()
        with self._lock:
            self._asked.append(({"ask": name, **arguments}, answer))
        return answer

    def _work(self) -> None:
        while not self._ended.is_set():
            address = feed_address(self._folder)
            if address is None or address["session"] == self._closed_session:
                self._refuse_all("there is no running session")
                self._ended.wait(LOOK_S)
                continue
            try:
                self._follow(address)
            finally:
                self._on_message({"kind": "lost"})

    def _follow(self, address: Mapping[str, Any]) -> None:
        """Follow one session until it is over or silent."""
        import zmq

        context = zmq.Context()
        sockets: list[Any] = []
        try:
            for kind, place in ((zmq.SUB, "news"), (zmq.DEALER, "requests")):
                socket = context.socket(kind)
                sockets.append(socket)
                socket.linger = 0
                socket.curve_serverkey = address["server_key"].encode()
                socket.curve_publickey = address["client_key"].encode()
                socket.curve_secretkey = address["client_secret_key"].encode()
                socket.connect(address[place])
            news, requests = sockets
            news.subscribe(b"")
            if _Following(news, requests, self).run(address["session"]):
                self._closed_session = address["session"]
        except zmq.ZMQError:
            self._ended.wait(LOOK_S)
        finally:
            for socket in sockets:
                socket.close()
            context.term()

    def take_asked(self) -> list[tuple[dict[str, Any], "Future[str]"]]:
        """Return what was asked for since the last call."""
        with self._lock:
            asked, self._asked = self._asked, []
        return asked

    def _refuse_all(self, text: str) -> None:
        for _, answer in self.take_asked():
            answer.set_exception(StorageError(text))

    def is_over(self, session: str) -> bool:
        """Tell whether this client is closed, or the data directory has another session now."""
        address = feed_address(self._folder)
        return self._ended.is_set() or address is None or address["session"] != session

    def tell(self, message: Mapping[str, Any]) -> None:
        """Hand a message on."""
        self._on_message(message)


class _Following:
    """One connection: catches up by a snapshot, and again when something was lost on the way."""

    def __init__(self, news: Any, requests: Any, client: FeedClient) -> None:
        self._news, self._requests, self._client = news, requests, client
        self._number: int | None = None  # of the last message handed on; None: not caught up
        self._early: list[dict[str, Any]] = []
        self._snapshot_asked_s = 0.0
        self._waiting: list[tuple[str, Future[str], float]] = []

    def run(self, session: str) -> bool:
        """Follow until the session is over or silent; tell whether it said that it was over."""
        try:
            return self._until_over(session)
        finally:
            # Who waits for an answer is not left waiting.
            for _, answer, _ in self._waiting:
                answer.set_exception(StorageError("the session does not answer"))

    def _until_over(self, session: str) -> bool:
        import zmq

        poller = zmq.Poller()
        poller.register(self._news, zmq.POLLIN)
        poller.register(self._requests, zmq.POLLIN)
        heard_s = looked_s = time.monotonic()
        while time.monotonic() - heard_s < SILENT_S:
            self._send_asked()
            for socket, _ in poller.poll(10):
                message = unpack(socket.recv())
                heard_s = time.monotonic()
                if socket is self._news:
                    self._take_news(message)
                else:
                    self._take_answer(message)
                if message["kind"] == "closed":
                    return True
            if time.monotonic() - looked_s > LOOK_S:
                looked_s = time.monotonic()
                if self._client.is_over(session):
                    return False
        return False

    def _send_asked(self) -> None:
        now_s = time.monotonic()
        if self._number is None and now_s - self._snapshot_asked_s > 1.0:
            self._snapshot_asked_s = now_s
            self._requests.send(pack({"ask": "snapshot"}))
        for request, answer in self._client.take_asked():
            self._requests.send(pack(request))
            self._waiting.append((request["ask"], answer, now_s))
        for waiting in [w for w in self._waiting if now_s - w[2] > ANSWER_S]:
            self._waiting.remove(waiting)
            waiting[1].set_exception(StorageError("the session does not answer"))

    def _take_news(self, message: dict[str, Any]) -> None:
        if self._number is None:
            self._early.append(message)
            return
        if message["number"] > self._number + 1:
            # Lost on the way, for this viewer was too slow: what is now is asked for anew.
            self._number, self._early = None, [message]
            return
        if message["number"] == self._number + 1:
            self._number = message["number"]
            self._client.tell(message)

    def _take_answer(self, message: dict[str, Any]) -> None:
        if message["kind"] == "snapshot":
            self._number = message["number"]
            self._client.tell(message)
            early, self._early = self._early, []
            for one in early:
                self._take_news(one)
            return
        for waiting in self._waiting:
            if waiting[0] == message.get("ask"):
                self._waiting.remove(waiting)
                if message["kind"] == "done":
                    waiting[1].set_result(message["text"])
                else:
                    waiting[1].set_exception(BadInputError(message["text"]))
                return
