"""Closing several things: each whatever became of the others, and one error of all that failed."""

import pytest

from blueslice._closing import Closing
from blueslice._failures import failures
from blueslice.devices._still_on import still_on
from blueslice.errors import InstrumentError, StillOnError, StorageError

LIT = still_on(StillOnError.LIGHT, "led_pair", "no answer")
ARMED = still_on(StillOnError.PULSES, "stimulator", "no answer")
FULL, LATE = StorageError("the disk is full"), InstrumentError("the valve is late")


def failing(*errors):
    """Return what is to be closed, the first first, and a list of what was."""
    closing, closed = Closing(), []

    def close(error):
        closed.append(error)
        if error is not None:
            raise error

    for error in reversed(errors):
        closing.callback(close, error)
    return closing, closed


def test_all_are_closed_in_the_reverse_order_and_once():
    closing, closed = failing(None, FULL, None)
    with pytest.raises(StorageError):
        closing.close()
    assert closed == [None, FULL, None]
    closing.close()
    assert len(closed) == 3


@pytest.mark.parametrize(
    ("met", "kind", "text"),
    [
        ((FULL,), StorageError, "the disk is full"),
        ((FULL, FULL), StorageError, "the disk is full"),
        ((FULL, LATE), StorageError, "the disk is full; the valve is late"),
        ((FULL, TimeoutError()), StorageError, "the disk is full; TimeoutError"),
        ((LIT, FULL), StillOnError, f"{LIT}; the disk is full"),
        ((FULL, ARMED, LIT), StillOnError, f"{LIT}; {ARMED}; the disk is full"),
    ],
)
def test_what_failed_is_one_error_with_what_may_be_on_first(met, kind, text):
    closing, _ = failing(*met)
    with pytest.raises(kind) as failed:
        closing.close()
    assert str(failed.value) == text


def test_an_error_of_somebody_else_s_is_raised_as_it_is():
    closing, _ = failing(KeyError("x"), FULL)
    with pytest.raises(KeyError) as failed:
        closing.close()
    assert failed.value.__notes__ == ["closing failed further: the disk is full"]


def test_failures_that_are_noted_are_raised_too():
    closing, _ = failing()
    closing.note([FULL, LIT])
    with pytest.raises(StillOnError) as failed:
        closing.close()
    assert failures(failed.value) == [LIT, FULL]


def test_as_a_context_it_closes_only_after_an_error():
    closing, closed = failing(FULL)
    with closing:
        pass
    assert closed == []
    with pytest.raises(ZeroDivisionError), closing:
        _ = 1 / 0
    assert closed == [FULL]
