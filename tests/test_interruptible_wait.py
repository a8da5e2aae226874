"""Waits in steps end when the event is set, and not later than their timeout."""

import threading

import pytest

from blueslice._interruptible_wait import InterruptibleEvent, wait_interruptibly


class SteppedEvent:
    """An event that is set after so many waits, on a clock that its waits advance."""

    def __init__(self, set_after: int) -> None:
        self.left = set_after
        self.now_s = 0.0
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self.left -= 1
        if self.left < 0:
            return True
        self.now_s += timeout or 0.0
        return False

    def clock(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("set_after", "timeout_s", "expected", "waits"),
    [
        (0, None, True, [0.25]),
        (3, None, True, [0.25] * 4),
        (0, 1.0, True, [0.25]),
        (2, 1.0, True, [0.25] * 3),
        (9, 1.0, False, [0.25] * 4),
        (9, 0.125, False, [0.125]),
        (9, 0.625, False, [0.25, 0.25, 0.125]),
        (9, 0.0, False, [0.0]),
        (9, -1.0, False, [0.0]),
        (0, 0.0, True, [0.0]),
    ],
)
def test_no_wait_is_longer_than_a_step(set_after, timeout_s, expected, waits):
    event = SteppedEvent(set_after)
    found = wait_interruptibly(event, timeout_s, interval_s=0.25, clock=event.clock)
    assert found is expected
    assert event.waits == waits


def test_a_foreign_wait_with_a_timeout_is_left_as_it_is():
    waited = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return True

    event = InterruptibleEvent(Event(), interval_s=0.5)
    assert event.wait(0.2)
    assert event.wait()
    assert waited == [0.2, 0.5]
    assert not event.is_set()
