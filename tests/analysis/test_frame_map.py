"""Stored frames find their place on the clock by the camera's counter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueslice.analysis import FrameState, StoredFrameProblem, map_frames
from blueslice.errors import BadInputError

OK, EMPTY, RANGE, ORDER, TWICE = StoredFrameProblem


@pytest.mark.parametrize(
    ("counter", "problems", "missing"),
    [
        ([0, 1, 2, 3, 4, 5], [OK] * 6, []),
        ([0, 1, 3, 4, 5, -1], [OK] * 5 + [EMPTY], [2]),
        ([1, 2, 3, 4, 5], [OK] * 5, [0]),
        ([0, 1, 1, 2, 3, 5], [OK, OK, TWICE, OK, OK, OK], [4]),
        ([0, 1, 6, 3, 4, 5], [OK, OK, RANGE, OK, OK, OK], [2]),
        ([0, 1, -7, 3, 4, 5], [OK, OK, RANGE, OK, OK, OK], [2]),
        ([0, 1, 3, 2, 4, 5], [OK, OK, OK, ORDER, OK, OK], [2]),
        ([0, 1, 2, 0, 4, 5], [OK, OK, OK, TWICE, OK, OK], [3]),
        ([], [], [0, 1, 2, 3, 4, 5]),
        ([-1] * 6, [EMPTY] * 6, [0, 1, 2, 3, 4, 5]),
    ],
    ids=[
        "whole",
        "dropped",
        "first lost",
        "duplicate",
        "too high",
        "negative",
        "backwards",
        "repeated",
        "nothing",
        "empty",
    ],
)
def test_counter_faults(counter, problems, missing):
    states = np.array([1, 2, 1, 2, 1, 2], np.int8)
    mapped = map_frames(counter, states, 6)
    assert mapped.problems.tolist() == problems
    assert mapped.missing.tolist() == missing
    for number, problem, clock, state in zip(
        counter, problems, mapped.clock_frames, mapped.states, strict=True
    ):
        expected = (number, states[number]) if problem == OK else (-1, FrameState.MISSING)
        assert (clock, state) == expected


def test_frames_without_recorded_lines_are_not_proved():
    mapped = map_frames([0, 1, 2], [1, 2], 3)
    assert mapped.states.tolist() == [1, 2, FrameState.MISSING]
    assert mapped.used.all()


def test_frames_to_come_are_not_missing():
    assert map_frames([0, 2], [1, 2, 1], 6, frames_so_far=3).missing.tolist() == [1]


@given(st.lists(st.integers(-2, 9), max_size=14), st.integers(0, 14))
def test_first_stored_frames_map_like_the_whole(counter, stored):
    states = np.array([1, 2, 0, -1, -2, 2, 1, 2], np.int8)
    whole, part = map_frames(counter, states, 8), map_frames(counter[:stored], states, 8)
    for name in ("clock_frames", "states", "problems"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[:stored])
    used = whole.clock_frames[whole.used]
    assert len(set(used.tolist())) == len(used)
    assert sorted([*used.tolist(), *whole.missing.tolist()]) == list(range(8))


@pytest.mark.parametrize(("counter", "states"), [([[0]], [1]), ([0], [1] * 4), ([0], [[1]])])
def test_bad_shapes_are_refused(counter, states):
    with pytest.raises(BadInputError, match="trial of 3 frames"):
        map_frames(counter, states, 3)
