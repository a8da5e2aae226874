"""When each instrument was last heard of, and what it did wrong."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from blueslice.devices.taps import TapEvent, TrialBlock, TrialEnd

__all__ = ["InstrumentHealth"]


class InstrumentHealth:
    """What taps and documents tell of the instruments.

    Parameters
    ----------
    names : sequence of str
        The devices, in the order in which they are shown.
    clock : callable
        Gives the time in s since 1970.
    """

    def __init__(self, names: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._fault: dict[str, str] = {}
        self._names = tuple(names)
        self._frame_count = 0

    def take_event(self, device: str, event: TapEvent, frame_count: int) -> None:
        """Take what a device's tap told."""
        self._heard[device] = self._clock()
        if isinstance(event, TrialBlock):
            self._fault.pop(device, None)
        elif isinstance(event, TrialEnd) and event.torn:
            self._fault[device] = f"trial {event.trial + 1} was broken off"
        elif isinstance(event, TrialEnd) and event.recorded < frame_count:
            lost = frame_count - event.recorded
            self._fault[device] = f"trial {event.trial + 1}: {lost} of {frame_count} frames lost"

    def hear_of(self, device: str) -> None:
        """Know that a device does what it should, though it says nothing itself."""
        self._heard[device] = self._clock()

    def take_document(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take a document of the RunEngine."""
        if name == "start":
            self._fault.clear()
        elif name == "event":
            for key, moment in doc["timestamps"].items():
                for device in self._names:
                    if key.startswith(f"{device}-") and moment:
                        self._heard[device] = max(self._heard.get(device, 0.0), float(moment))
                        self._fault.pop(device, None)
        elif name == "stop" and doc.get("exit_status") == "fail":
            reason = str(doc.get("reason", ""))
            for device in self._names:
                if device in reason:
                    self._fault[device] = reason

    def rows(self) -> list[dict[str, Any]]:
        """Return name, seconds since it was heard of (None for never) and fault of each."""
        now_s = self._clock()
        return [
            {
                "name": name,
                "age_s": max(0.0, now_s - self._heard[name]) if name in self._heard else None,
                "fault": self._fault.get(name, ""),
            }
            for name in self._names
        ]
