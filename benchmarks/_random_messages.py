"""Plans as somebody writes them by hand: random messages to the devices, sane or not."""

import random
from collections.abc import Iterator
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import Msg

from blueslice.trial import Trial, paired_pulses

__all__ = ["random_plan"]


def random_plan(rig: Any, chooser: random.Random) -> Iterator[Msg]:
    """A plan that prepares, lights, reads, stops and fails in any order.

    Most of it is what works (clock and LEDs prepared, then kicked off); whatever is refused or
    raises ends it, as it would end anybody's plan.
    """
    yield from bps.open_run()
    for _ in range(chooser.randint(1, 12)):
        yield from _step(rig, chooser)
        if chooser.random() < 0.05:
            raise ValueError("a slip in a plan by hand")
    if chooser.random() < 0.7:
        yield from bps.close_run()


def _trial(chooser: random.Random) -> Trial:
    return Trial(
        frame_count=chooser.choice([20, 60, 200]),
        excitation_order=chooser.choice([(1, 2), (1,), (2,), (0,), (1, 2, 0)]),
        pulses=paired_pulses(onset_s=0.01) if chooser.random() < 0.5 else (),
    )


def _step(rig: Any, chooser: random.Random) -> Iterator[Msg]:
    trial = _trial(chooser)
    kind = chooser.choices(
        ["trial", "prepare", "kickoff", "safe", "read", "stop", "perfuse", "rest"],
        [8, 4, 2, 1, 2, 1, 1, 1],
    )[0]
    wait = chooser.random() < 0.8
    if kind == "trial":
        for device in (rig.clock, rig.led_pair, rig.stimulator):
            yield from bps.prepare(device, trial, wait=True)
        yield from bps.kickoff(rig.clock, wait=True)
        if chooser.random() < 0.8:
            yield from bps.complete(rig.clock, wait=wait)
    elif kind == "prepare":
        device = chooser.choice([rig.clock, rig.led_pair, rig.led_pair, rig.stimulator])
        yield from bps.prepare(device, trial, wait=wait)
    elif kind == "kickoff":
        yield from bps.kickoff(rig.clock, wait=True)
        yield from bps.complete(rig.clock, wait=wait)
    elif kind == "safe":
        device, safe = chooser.choice(
            [(rig.clock, "stopped"), (rig.led_pair, "dark"), (rig.stimulator, "disarmed")]
        )
        yield from bps.abs_set(device, safe, wait=wait)
    elif kind == "read":
        yield from bps.create("primary" if chooser.random() < 0.5 else "other")
        yield from bps.read(chooser.choice([rig.led_pair, rig.rest, rig.perfusion]))
        yield from bps.save()
    elif kind == "stop":
        yield from bps.stop(chooser.choice([rig.clock, rig.led_pair, rig.stimulator]))
    elif kind == "perfuse":
        yield from bps.abs_set(rig.perfusion, "ACSF", wait=True)
    else:
        yield from bps.abs_set(rig.rest, 1.0, wait=True)
