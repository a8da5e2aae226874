"""What is said of frames that are used for nothing, or for another ion than planned."""

import numpy as np
import pytest

from blueslice.analysis import FrameState, map_frames
from blueslice.analysis.frame_reasons import frame_reasons

PLAN = np.tile([1, 2], 5)
BOTH, CHANGED, DARK, LATE = (
    FrameState.BOTH,
    FrameState.CHANGED,
    FrameState.DARK,
    FrameState.UNATTRIBUTED,
)


def states(**changed):
    found = PLAN.copy()
    for place, state in changed.items():
        found[int(place[1:])] = state
    return found


def reasons(seen, counter=range(10), plan=PLAN):
    return frame_reasons(map_frames(list(counter), seen, 10), plan, 500.0)


@pytest.mark.parametrize(
    ("seen", "begins", "step"),
    [
        (states(f3=BOTH), "1 frame (at 6 ms) was lit by more than one LED", "stuck on"),
        (states(f3=BOTH, f5=BOTH), "2 frames (6 to 10 ms) were lit by more", "stuck on"),
        (states(f0=CHANGED), "1 frame (at 0 ms) was lit for a part of the exposure", "one trigger"),
        (states(f9=DARK), "1 frame (at 18 ms) was dark that an LED was to light", "its cable and"),
        (3 - PLAN, "10 frames (0 to 18 ms) were lit by another LED than planned", "changed over"),
    ],
)
def test_each_fault_has_its_line_and_its_step(seen, begins, step):
    (reason,) = reasons(seen)
    assert reason.startswith(begins)
    assert step in reason.partition(": ")[2]
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("counter", "begins"),
    [
        ([0, 1, 2, 3, 5, 6, 7, 8, 9], "1 frame (at 8 ms) was lost by the camera:"),
        (
            [0, 1, 2, 3, 3, 5, 6, 7, 8, 9],
            "1 frame (at 8 ms) was lost by the camera (1 came twice):",
        ),
        ([], "10 frames (0 to 18 ms) were lost by the camera:"),
    ],
)
def test_lost_frames_are_told_with_those_that_came_twice(counter, begins):
    (reason,) = reasons(PLAN, counter)
    assert reason.startswith(begins)


def test_several_faults_are_several_lines():
    found = reasons(states(f2=BOTH, f4=CHANGED, f6=DARK), [*range(8), 9])
    assert [line.partition(") was ")[2][:8] for line in found] == [
        "lit by m", "lit for ", "dark tha", "lost by ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "plan"),
    [
        (PLAN, PLAN),
        # Frames that were to be dark, such as every second one of a recording with one LED.
        (np.tile([1, 0], 5), np.tile([1, 0], 5)),
        # All of it is told by another line.
        (np.full(10, LATE), PLAN),
    ],
)
def test_of_what_is_right_nothing_is_said(seen, plan):
    assert reasons(seen, plan=plan) == ()
