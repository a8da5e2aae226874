"""What a feed makes of what the devices tell: which recording is a trial, and which a test."""

import numpy as np
import pytest

from blueslice.callbacks._feed_run import FeedRun
from blueslice.devices.taps import TrialBegin, TrialBlock, TrialEnd
from blueslice.trial import Trial
from blueslice.view.live.numbers import headline
from blueslice.view.live.state import LiveState, apply

START = {"uid": "0123456789", "time": 1000.0, "trials": 2, "trial": Trial().to_document()}


SWEEP, TRIAL = ("amplifier",), ("camera", "amplifier")
# what is armed, in which order, for which place: kinds of message, trial of each voltage
ARMED = {
    "two trials": ([(TRIAL, 0), (TRIAL, 1)], "begin 1, voltage 1, begin 2, voltage 2"),
    "the amplifier first": ([(TRIAL[::-1], 0)], "begin 1, voltage 1"),
    "a gate before each": (
        [(SWEEP, 0), (TRIAL, 0), (SWEEP, 1), (TRIAL[::-1], 1)],
        "sweep, voltage 0, begin 1, voltage 1, sweep, voltage 0, begin 2, voltage 2",
    ),
    "tests until it is stable": (
        [(TRIAL, 0), (SWEEP, 1), (SWEEP, 1), (TRIAL, 1)],
        "begin 1, voltage 1, sweep, voltage 0, sweep, voltage 0, begin 2, voltage 2",
    ),
    "a trial that is taken again": (
        [(TRIAL, 0), (TRIAL[::-1], 0), (SWEEP, 0), (TRIAL, 0)],
        "begin 1, voltage 1, begin 1, voltage 1, sweep, voltage 0, begin 1, voltage 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("camera_ends_first", [True, False])
@pytest.mark.parametrize("case", ARMED)
def test_a_test_of_the_cell_is_no_trial(case, camera_ends_first):
    armed, kinds = ARMED[case]
    run, told = FeedRun(START, "amplifier"), []
    block = {"amplifier-voltage": np.full((2, 8), -68.0, np.float32)}
    for devices, place in armed:
        take = {"camera": run.take_camera, "amplifier": run.take_amplifier}
        for device in devices:
            told += take[device](TrialBegin(place, 2, {}))
        end = TrialEnd(place, 2, torn=False)
        events = [("amplifier", TrialBlock(place, 0, block)), ("amplifier", end)]
        if "camera" in devices:
            events.insert(0 if camera_ends_first else 2, ("camera", end))
        for device, event in events:
            told += take[device](event)
    named = [f"{m['kind']} {m['trial']}" if "trial" in m else m["kind"] for m in told]
    assert ", ".join(named) == kinds
    # Whoever comes late sees the same.
    state, late = LiveState(), LiveState()
    for message in [run.head, *told]:
        state = apply(state, message)
    for message in run.snapshot():
        late = apply(late, message)
    assert (state.trial, state.sweep) == (late.trial, late.sweep)
    assert headline(state) == headline(late)
    np.testing.assert_array_equal(state.voltage["voltage_mV"], late.voltage["voltage_mV"])


def test_the_headline_of_a_test_names_no_trial():
    run = FeedRun(START, "amplifier")
    state = apply(LiveState(), run.head)
    for message in run.take_amplifier(TrialBegin(0, 2, {})):
        state = apply(state, message)
    block = {"amplifier-voltage": np.full((2, 8), -68.0, np.float32)}
    for message in run.take_amplifier(TrialBlock(0, 0, block)):
        state = apply(state, message)
    assert headline(state) == "Test of the cell"
    assert state.voltage["voltage_mV"].size
