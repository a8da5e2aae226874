"""The plans of the sessions whose power is cut, and what these report to their user."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["plan_of", "reporting_callbacks"]

CNQX = "ACSF + 5 uM CNQX"


def plan_of(name: str, rig: Any) -> Iterator[Any]:
    from blueslice.plans import WashStep, drug_wash, two_pulse

    if name == "drug_wash":
        steps = [
            WashStep(name="control", trials=2, interval_s=30),
            WashStep(name="CNQX", solution=CNQX, trials=2, interval_s=30),
        ]
        return drug_wash(rig, steps)
    trials = 5 if name == "two_pulse" else 3
    return two_pulse(rig, trials=trials, blanks=1, rest_s=1.0)


def reporting_callbacks(
    rig: Any, tell: Callable[..., None]
) -> dict[str, Callable[[str, dict[str, Any]], None]]:
    """Return callbacks, by the name of their document, that report runs, trials and stops.

    They report what a user's own callback sees; each trial with the checksums of its frames and
    its voltage as the instruments gave them.
    """
    from blueslice.devices.taps import TapEvent, TrialBlock

    sums: dict[tuple[str, int], int] = {}
    streams: dict[str, str] = {}
    now = {"run": ""}

    def frames(event: TapEvent) -> None:
        if isinstance(event, TrialBlock):
            for key, dtype in (("camera", "<u2"), ("amplifier-voltage", "<f4")):
                if key in event.arrays:
                    values = np.ascontiguousarray(event.arrays[key], dtype)
                    at = (key, event.trial)
                    so_far = sums.get(at, 0) if event.first else 0
                    sums[at] = zlib.crc32(values.tobytes(), so_far)

    rig.camera.tap.subscribe(frames)
    rig.amplifier.tap.subscribe(frames)

    def start(_: str, doc: dict[str, Any]) -> None:
        now["run"] = doc["uid"]
        tell(told="run", run=doc["uid"])

    def event(_: str, doc: dict[str, Any]) -> None:
        if streams[doc["descriptor"]] == "trials":
            number = doc["data"]["trial-number"]
            of = [sums[key, number - 1] for key in ("camera", "amplifier-voltage")]
            tell(told="trial", run=now["run"], number=number, sums=of)

    return {
        "start": start,
        "descriptor": lambda _, doc: streams.update({doc["uid"]: doc["name"]}),
        "event": event,
        "stop": lambda _, doc: tell(told="stop", run=doc["run_start"]),
    }
