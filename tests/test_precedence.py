"""Threads of an acquisition: real time where the system allows it, no harm where not."""

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blueslice._precedence import _change_on_windows, precedence, take_precedence
from blueslice.broker import DataDirectory
from blueslice.rig import make_sim_rig
from blueslice.session import Session

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for its policy")


def in_thread(function: Callable[[], Any]) -> Any:
    """Call it in a thread that ends afterwards: the test's own keeps its priority."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def policy() -> int:
    """Return how the calling thread is scheduled."""
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK


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

    def look() -> tuple[bool, int, int, bool, int]:
        with precedence():
            taken, own = take_precedence(), policy()
            child = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
        return taken, own, int(child.stdout), take_precedence(), policy()

    found = in_thread(look)
    assert found == (True, os.SCHED_RR, os.SCHED_OTHER, False, os.SCHED_OTHER)
    assert policy() == os.SCHED_OTHER


@ON_LINUX
def test_a_thread_has_none_where_nobody_wants_it():
    assert in_thread(lambda: (take_precedence(), policy())) == (False, os.SCHED_OTHER)


@ON_LINUX
@pytest.mark.parametrize(("pace", "wanted"), [("fast", False), ("real", True)])
def test_only_a_session_in_real_time_has_it(tmp_path: Path, pace: Any, wanted: bool):
    if not may_have_it():
        pytest.skip("this user has no right to real-time priority")
    directory = DataDirectory(tmp_path / "data")
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24, pace=pace)
    with Session(rig, directory, catalogue=False) as session:
        looked: list[int] = []
        done = threading.Event()
        session.RE.loop.call_soon_threadsafe(lambda: (looked.append(policy()), done.set()))
        assert done.wait(10)
        assert looked == [os.SCHED_RR if wanted else os.SCHED_OTHER]


@ON_LINUX
def test_a_thread_that_may_not_goes_on_as_it_is(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with precedence():
        assert in_thread(lambda: (take_precedence(), policy())) == (False, os.SCHED_OTHER)


@pytest.mark.parametrize(("wanted", "priority"), [(True, 2), (False, 0)])
@pytest.mark.parametrize("allowed", [True, False])
def test_on_windows_a_threads_handle_is_as_long_as_a_pointer(wanted, priority, allowed):
    handle = 2 ** (8 * ctypes.sizeof(ctypes.c_void_p) - 1) + 0x12345
    changed: list[tuple[int | None, int]] = []

    def change(thread: int | None, to: int) -> int:
        changed.append((thread, to))
        return int(allowed)

    class Function(ctypes._CFuncPtr):
        """As of a DLL: ctypes knows neither arguments nor result."""

        _flags_ = ctypes._FUNCFLAG_CDECL
        _restype_ = ctypes.c_int

    functions = {
        "GetCurrentThread": ctypes.CFUNCTYPE(ctypes.c_void_p)(lambda: handle),
        "SetThreadPriority": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(change),
    }

    class Kernel:
        def __init__(self) -> None:
            for name, function in functions.items():
                setattr(self, name, Function(ctypes.cast(function, ctypes.c_void_p).value))

    assert _change_on_windows(Kernel(), wanted) is allowed
    assert changed == [(handle, priority)]
