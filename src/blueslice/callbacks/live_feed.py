"""What happens in a session, told to viewers in other processes while it happens."""

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blueslice._precedence import take_precedence
from blueslice.callbacks._feed_health import InstrumentHealth
from blueslice.callbacks._feed_messages import pack, unpack
from blueslice.callbacks._feed_run import FeedRun
from blueslice.callbacks._feed_sockets import FeedSockets
from blueslice.callbacks._live_results import PartialTrial, TrialDFF
from blueslice.callbacks.live_dff import LiveDFF
from blueslice.devices.taps import TapEvent, Tapped, TrialBegin, TrialBlock
from blueslice.errors import BluesliceError, StorageError

__all__ = ["LiveFeed"]

logger = logging.getLogger(__name__)

_WANTED = ("start", "descriptor", "event", "stop")
# No more than so many partial trials in a second: an eye sees no more.
PARTIAL_INTERVAL_S = 0.025
STATUS_INTERVAL_S = 0.5
# What waits to be sent; beyond it partial trials are left out, results never.
MOST_WAITING = 500
# How often the thread looks for requests, with and without a viewer.
WATCHED_MS, UNWATCHED_MS = 5, 100


class LiveFeed:
    """A callback that publishes a session to viewers (``blueslice live``).

    The RunEngine, the recorders and the analysis only put something on a queue; one thread does
    all the rest. Without a viewer no partial trial is asked for and nothing is encoded. Without
    pyzmq, or a port, there is no feed, and everything else goes on.

    Parameters
    ----------
    folder : Path
        The data directory, where viewers find the address.
    camera, amplifier : Tapped
        The devices that are listened to.
    live : LiveDFF
        Gives partial trials and results.
    devices : sequence of str
        Names of the instruments whose health is shown.
    status : callable, optional
        Returns, in the feed's thread, what else a viewer is told twice a second.
    command : callable of (name, arguments), optional
        Does what a viewer asks for; raises `BluesliceError` to refuse it.
    """

    def __init__(
        self,
        folder: Path,
        camera: Tapped,
        amplifier: Tapped,
        live: LiveDFF,
        *,
        devices: Sequence[str] = (),
        status: Callable[[], Mapping[str, Any]] = dict,
        command: Callable[[str, Mapping[str, Any]], str] | None = None,
    ) -> None:
        self.watched = False
        self.session = secrets.token_hex(4)
        self._amplifier = amplifier.name
        self._health = InstrumentHealth(devices or (camera.name, amplifier.name))
        self._status, self._command = status, command
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._run: FeedRun | None = None
        self._number = 0
        self._partial_at_s = self._status_at_s = 0.0
        self._frame_count = 0
        self._thread: threading.Thread | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        try:
            self._sockets = FeedSockets(folder, self.session)
        except ImportError:
            logger.info("no live page: install it with pip install 'blueslice[live]'")
            return
        except StorageError as error:
            logger.warning("%s", error)
            return
        self._unsubscribe = [
            device.tap.subscribe(self._listener(device.name)) for device in (camera, amplifier)
        ]
        live.subscribe(self._take_partial, wanted=self._wants_partial)
        live.on_result(lambda trial: self._queue.put(("result", trial)))
        self._thread = threading.Thread(target=self._work, name="blueslice-feed", daemon=True)
        self._thread.start()

    def __call__(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take a document of the RunEngine; returns at once."""
        if name in _WANTED and self._thread is not None:
            self._queue.put((name, dict(doc)))

    def _listener(self, device: str) -> Callable[[TapEvent], None]:
        return lambda event: self._queue.put(("tap", (device, event)))

    def _wants_partial(self) -> bool:
        now_s = time.monotonic()
        late = now_s - self._partial_at_s < PARTIAL_INTERVAL_S
        if not self.watched or late or self._queue.qsize() > MOST_WAITING:
            return False
        self._partial_at_s = now_s
        return True

    def _take_partial(self, partial: PartialTrial) -> None:
        self._queue.put(("partial", partial))

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what has come, then end; doing it twice is harmless."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._thread is not None:
            self._queue.put(("close", None))
            self._thread.join(timeout_s)
            self._thread = None

    def _work(self) -> None:
        take_precedence()
        with self._sockets:
            going_on = True
            while going_on:
                try:
                    going_on = self._turn()
                except Exception:
                    # A viewer's loss; the session and its data know nothing of it.
                    logger.exception("the live page was not told of something; it goes on")

    def _turn(self) -> bool:
        """Handle what waits, then the viewers; False at the end."""
        items = self._waiting()
        told: list[dict[str, Any]] = []
        for kind, item in items:
            if kind == "close":
                self._publish(told)
                # First the file: a viewer that hears of the end looks at once for the next session.
                self._sockets.withdraw()
                self._publish([{"kind": "closed"}])
                return False
            told.extend(self._handle(kind, item))
        if told and self.watched:
            self._publish(told)
        watched, requests = self._sockets.wait(0)
        for is_watched in watched:
            self.watched = is_watched
        for viewer, data in requests:
            self._sockets.answer(viewer, pack(self._answer(data)))
        if self.watched and time.monotonic() - self._status_at_s > STATUS_INTERVAL_S:
            self._publish([self._status_message()])
        return True

    def _waiting(self) -> list[tuple[str, Any]]:
        """Wait for the next thing to do, or for the time to look after the viewers."""
        items = []
        try:
            items.append(
                self._queue.get(timeout=(WATCHED_MS if self.watched else UNWATCHED_MS) / 1000)
            )
            while True:
                items.append(self._queue.get_nowait())
        except queue.Empty:
            return items

    def _publish(self, messages: Sequence[Mapping[str, Any]]) -> None:
        # Of several states of the same trial only the last is news.
        last = {_place(message): number for number, message in enumerate(messages)}
        for number, message in enumerate(messages):
            if message["kind"] not in ("partial", "voltage") or last[_place(message)] == number:
                self._number += 1
                self._sockets.publish(pack({**message, "number": self._number}))
        if any(message["kind"] == "status" for message in messages):
            self._status_at_s = time.monotonic()

    def _handle(self, kind: str, item: Any) -> list[dict[str, Any]]:
        """Take one thing from the queue; return what viewers are told of it."""
        if kind == "tap":
            device, event = item
            if isinstance(event, TrialBegin):
                self._frame_count = event.frame_count
            self._health.take_event(device, event, self._frame_count)
            if isinstance(event, TrialBlock):
                # Frames come when the clock runs.
                self._health.hear_of("clock")
            if self._run is None:
                return []
            if device != self._amplifier:
                return self._run.take_camera(event)
            told = self._run.take_amplifier(event)
            if self._run.stimulated(event):
                self._health.hear_of("stimulator")
            return told
        if kind in ("partial", "result"):
            if self._run is None or item.run != self._run.uid:
                return []
            is_result = isinstance(item, TrialDFF)
            return [self._run.take_result(item) if is_result else self._run.take_partial(item)]
        self._health.take_document(kind, item)
        if kind == "start":
            self._run = FeedRun(item, self._amplifier)
            return [self._run.head]
        return self._run.take_document(kind, item) if self._run is not None else []

    def _status_message(self) -> dict[str, Any]:
        return {
            "kind": "status",
            "session": self.session,
            "health": self._health.rows(),
            **self._status(),
        }

    def _answer(self, data: bytes) -> dict[str, Any]:
        """Do what a viewer asks for, and return the answer."""
        asked = ""
        try:
            request = unpack(data)
            asked = str(request.get("ask", ""))
            if asked == "snapshot":
                messages = self._run.snapshot() if self._run is not None else []
                return {
                    "kind": "snapshot",
                    "session": self.session,
                    "number": self._number,
                    "messages": [*messages, self._status_message()],
                }
            if self._command is None:
                return {"kind": "refused", "ask": asked, "text": "the session takes no commands"}
            return {"kind": "done", "ask": asked, "text": self._command(asked, request)}
        except BluesliceError as error:
            return {"kind": "refused", "ask": asked, "text": str(error)}


def _place(message: Mapping[str, Any]) -> tuple[Any, Any]:
    return message["kind"], message.get("trial")
