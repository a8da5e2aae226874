"""What a session tells live viewers beside its data, and what it does for them."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blueslice._run_control import RunControl
from blueslice.analysis import Roi, check_rois
from blueslice.callbacks import LiveFeed
from blueslice.errors import BadInputError
from blueslice.progress import ProgressState, ProgressWatch

if TYPE_CHECKING:
    from blueslice.session import Session

__all__ = ["feed_session"]

_INSTRUMENTS = ("camera", "amplifier", "led_pair", "stimulator", "clock", "perfusion", "rest")


def feed_session(session: "Session") -> LiveFeed:
    """Make the feed of a session: its documents, its progress, its cell's light, its control."""
    rig, RE = session.rig, session.RE
    control = RunControl(RE)
    rig.camera.tap.subscribe(control.take_event)
    watch = ProgressWatch(RE, rig.rest.name, ProgressState(()), each_run=True)

    def status() -> dict[str, Any]:
        return {
            "state": control.state,
            "progress": _told(watch.state),
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


def _told(state: ProgressState) -> dict[str, Any]:
    return {
        "done": state.done,
        "total": state.total,
        "phase": state.phase,
        "to_next_trial_s": state.to_next_trial_s,
        "left_s": state.left_s,
    }
