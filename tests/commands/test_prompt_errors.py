"""What IPython's prompt shows of an error: lines to act on, and last what may still be on."""

from types import SimpleNamespace

import pytest
from bluesky.utils import FailedStatus

from blueslice._failures import keep_failures
from blueslice.commands import prompt_errors
from blueslice.devices._still_on import still_on
from blueslice.errors import BadInputError, InstrumentError, StillOnError

LIT = still_on(StillOnError.LIGHT, "led_pair", "the hub is gone")
RUNS = still_on(StillOnError.CLOCK, "clock", "the hub is gone")
PULLED = InstrumentError("the cable was pulled")


class Shell:
    """A shell as far as it shows errors."""

    def __init__(self):
        self.shown = []
        self.InteractiveTB = SimpleNamespace(
            structured_traceback=lambda kind, error, *_, **__: ["Traceback", f"{error!r}"]
        )

    def set_custom_exc(self, kinds, handler):
        self.kinds, self.handler = kinds, handler

    def _showtraceback(self, kind, error, lines):
        self.shown += lines


@pytest.fixture
def show():
    shell = Shell()
    prompt_errors.load_ipython_extension(shell)

    def shown(error):
        shell.handler(shell, type(error), error, None)
        return shell.shown

    return shown


def failed(*met):
    error = FailedStatus("<AsyncStatus, device: camera, errored>")
    keep_failures(error, met)
    return error


def test_each_failure_of_ours_is_a_line_without_a_traceback(show):
    assert show(failed(LIT, RUNS, PULLED)) == [
        f"blueslice: {LIT}",
        f"blueslice: {RUNS}",
        "blueslice: the cable was pulled",
    ]


def test_an_error_of_ours_is_its_line(show):
    assert show(BadInputError("trials = 0")) == ["blueslice: trials = 0"]


def test_what_may_still_be_on_follows_a_traceback_that_somebody_else_s_error_has(show):
    shown = show(failed(LIT, RUNS, ZeroDivisionError("division by zero")))
    assert shown[0] == "Traceback"
    assert shown[-2:] == [f"blueslice: {LIT}", f"blueslice: {RUNS}"]
