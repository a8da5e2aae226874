"""Threads of an acquisition: real time where the system allows it, no harm where not."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from blueslice._precedence import take_precedence

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for its policy")


def in_thread(function: Callable[[], Any]) -> Any:
    """Call it in a thread that ends afterwards: the test's own keeps its priority."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def may_have_it() -> bool:
    """Whether the system allows this user real time at all."""

    def ask() -> bool:
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            return False
        return True

    return in_thread(ask)


@ON_LINUX
def test_a_thread_that_may_has_real_time_and_what_it_starts_has_not():
    if not may_have_it():
        pytest.skip("this user has no right to real-time priority")
    code = "import os; print(os.sched_getscheduler(0))"

    def look() -> tuple[bool, int, int]:
        taken = take_precedence()
        child = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        own = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
        return taken, own, int(child.stdout)

    assert in_thread(look) == (True, os.SCHED_RR, os.SCHED_OTHER)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@ON_LINUX
def test_a_thread_that_may_not_goes_on_as_it_is(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert in_thread(lambda: (take_precedence(), os.sched_getscheduler(0))) == (
        False,
        os.SCHED_OTHER,
    )
