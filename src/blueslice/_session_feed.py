"""What a session tells live viewers beside its data, and what it does for them."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from blueslice._run_control import RunControl
from blueslice.analysis import Roi, check_rois
from blueslice.callbacks import LiveFeed
from blueslice.errors import BadInputError
from blueslice.progress import ProgressState

if TYPE_CHECKING:
    from blueslice.session import Session

__all__ = ["feed_session"]

_INSTRUMENTS = ("camera", "amplifier", "led_pair", "stimulator", "clock", "perfusion", "rest")


def feed_session(session: "Session") -> LiveFeed:
    """Make the feed of a session: its documents, its progress, its cell's light, its control."""
    rig, RE = session.rig, session.RE
    control = RunControl(RE)
    rig.camera.tap.subscribe(control.take_event)
    watch = _Watch(RE, rig.rest.name)

    def status() -> dict[str, Any]:
        return {
            "state": control.state,
            "progress": watch.progress(),
            "exposure": session.light(),
            "time": time.time(),
        }

    def command(name: str, arguments: Mapping[str, Any]) -> str:
        if name in ("pause", "resume", "stop", "abort"):
            return getattr(control, name)()
        if name == "use_rois":
            return _use_rois(session, arguments)
        raise BadInputError(f"{name!r} is no command of a session")

    devices = [getattr(rig, name).name for name in _INSTRUMENTS if getattr(rig, name) is not None]
    feed = LiveFeed(
        session.data_directory.path,
        rig.camera,
        rig.amplifier,
        session.live,
        devices=devices,
        status=status,
        command=command,
    )
    RE.subscribe(feed)
    return feed


def _use_rois(session: "Session", arguments: Mapping[str, Any]) -> str:
    documents, drawn_in = arguments.get("rois"), arguments.get("trial")
    if not isinstance(documents, list) or not (drawn_in is None or isinstance(drawn_in, int)):
        raise BadInputError("use_rois: give rois, a list, and the trial that they were drawn in")
    rois = [Roi.from_document(document) for document in documents]
    sensor = session.rig.camera.backend.sensor
    check_rois(rois, (sensor.rows, sensor.columns))
    session.live.use_rois(rois, drawn_in=drawn_in)
    return "used from the next trial on"


class _Watch:
    """Counts trials and rests of the runs of a RunEngine, beside whatever else shows them."""

    def __init__(self, RE: Any, rest_name: str) -> None:
        self._RE, self._rest_name = RE, rest_name
        self.state = ProgressState(())
        RE.subscribe(self._take)

    def _take(self, name: str, doc: Mapping[str, Any]) -> None:
        if name == "start":
            self.state = ProgressState(())
            trials = doc.get("trials")
            count = trials if isinstance(trials, int) else 0
            self.state.begin_run(count, str(doc.get("phase", "")))
            self._listen()
        elif name == "event" and "trial-number" in doc["data"]:
            data = doc["data"]
            self.state.end_trial(str(data.get("trial-phase", "")), int(data["trial-number"]))

    def _listen(self) -> None:
        """Hear of what is waited for; who heard of it before goes on doing so."""
        hook = self._RE.waiting_hook
        if not isinstance(hook, _Hook):
            self._RE.waiting_hook = _Hook(self._wait, hook)

    def _wait(self, statuses: Iterable[Any] | None) -> None:
        if statuses is None:
            self.state.rest(None)
            return
        for status in statuses:
            if hasattr(status, "watch"):
                status.watch(self._watch)

    def _watch(self, **update: Any) -> None:
        if update.get("name") == self._rest_name and update.get("target") is not None:
            length_s = float(update["target"])
            self.state.rest(max(0.0, length_s - (update.get("current") or 0.0)), length_s)

    def progress(self) -> dict[str, Any]:
        """Return how far the run is."""
        state = self.state
        return {
            "done": state.done,
            "total": state.total,
            "phase": state.phase,
            "to_next_trial_s": state.to_next_trial_s,
            "left_s": state.left_s,
        }


class _Hook:
    """Calls two waiting hooks."""

    def __init__(self, ours: Callable[..., None], before: Callable[..., None] | None) -> None:
        self._ours, self._before = ours, before

    def __call__(self, statuses: Iterable[Any] | None) -> None:
        known = None if statuses is None else list(statuses)
        if self._before is not None:
            self._before(known)
        self._ours(known)
