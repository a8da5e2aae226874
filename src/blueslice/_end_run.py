"""Ending whatever a RunEngine does, from any thread and in any of its states, in the dark."""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable
from typing import Any

from bluesky import RunEngine

from blueslice._engine import close_run_engine
from blueslice._failures import failures
from blueslice._go_dark import go_dark
from blueslice.errors import BluesliceError, InstrumentError
from blueslice.rig import Rig

__all__ = ["close_engine", "end_run"]

_AGAIN_S = 0.02
# A pause that takes hold is over after so long; then the plan is aborted without waiting for it.
_PAUSING_S = 2.0
# A loop that has taken no request for so long is blocked by something that does not come back.
_LOOP_ANSWERS_S = 5.0


def end_run(
    RE: RunEngine,
    rig: Rig,
    write: Callable[[str, dict[str, Any]], None],
    reason: str,
    *,
    run_s: float,
    dark_s: float | None = None,
    hurry: threading.Event | None = None,
) -> list[BaseException]:
    """Go dark at once, and abort the run that is going on, if any; its plan cleans up.

    ``RE.abort`` waits for ever, and when a run is paused its cleaning up takes place in the call,
    for which bluesky needs the main thread.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Whose thread is not the one that calls.
    rig : Rig
        Goes dark, whether a run is going on or not.
    write : callable of (name, document)
        Writes the stop document of a run that the RunEngine itself does not end in time.
    reason : str
        For the stop document.
    run_s : float
        How long to wait until the plan has cleaned up.
    dark_s : float, optional
        How long to wait for the devices; see `blueslice._go_dark.go_dark`.
    hurry : threading.Event, optional
        When it is set, the plan is waited for no longer.

    Returns
    -------
    list of BaseException
        What may still be on, and what else failed that nobody else gets to know of.
    """
    if _is_over(RE):
        return [*go_dark(rig, RE.loop, limit_s=dark_s)]
    is_paused = str(RE.state) == "paused"
    # First the request, which takes no time: a plan that sees its trial end too early would fail.
    request = _ask_to_abort(RE, reason)
    go_dark(rig, RE.loop, limit_s=dark_s)
    began_s = time.monotonic()
    while not _is_over(RE) and (waited_s := time.monotonic() - began_s) < run_s:
        is_blocked = waited_s > _LOOP_ANSWERS_S and not request.done()
        is_dead = not RE.loop.is_running() or str(RE.state) == "panicked"
        if is_blocked or is_dead or (hurry is not None and hurry.is_set()):
            break
        if request.done() and not _was_heard(request):
            request = _ask_to_abort(RE, reason, force=waited_s > _PAUSING_S)
        task = RE._task_fut
        concurrent.futures.wait([] if task is None else [task], timeout=_AGAIN_S)
    # Once more: a plan that does not clean up may have been about to light something.
    met: list[BaseException] = [*go_dark(rig, RE.loop, limit_s=dark_s)]
    if not _is_over(RE):
        met.append(
            InstrumentError(
                "the run does not end although it was aborted; end this program, then run "
                "'blueslice recover'"
            )
        )
        try:
            _write_stop_documents(RE, write, reason)
        except BluesliceError as error:
            met.append(error)
        return met
    task = RE._task_fut
    # Otherwise the call of the RunEngine raises it.
    if is_paused and task is not None and not task.cancelled() and (error := task.exception()):
        met += failures(error)
    return met


def close_engine(RE: RunEngine) -> None:
    """Close a RunEngine for good; one whose thread has died has nothing left to wait for."""
    if RE._th.is_alive():
        close_run_engine(RE)
    elif not RE.loop.is_closed():
        RE.loop.close()


def _is_over(RE: RunEngine) -> bool:
    """Return whether no run is going on or about to begin."""
    task = RE._task_fut
    return str(RE.state) == "idle" and (task is None or task.done())


def _ask_to_abort(
    RE: RunEngine, reason: str, *, force: bool = False
) -> "concurrent.futures.Future[bool]":
    """Ask for the end of the run; the answer is whether it will come."""

    async def ask() -> bool:
        state = str(RE.state)
        if state == "idle" or (state in ("pausing", "suspending") and not force):
            return False
        if state not in ("aborting", "halting", "stopping"):
            await RE._abort_coro(reason)
        if RE._run_permit is not None:
            RE._run_permit.set()  # of a run that is paused
        return True

    if RE.loop.is_running():
        return asyncio.run_coroutine_threadsafe(ask(), RE.loop)
    request: concurrent.futures.Future[bool] = concurrent.futures.Future()
    request.set_result(False)
    return request


def _was_heard(request: "concurrent.futures.Future[bool]") -> bool:
    try:
        return request.result(0)
    except Exception:
        # The state has changed meanwhile, or what bluesky prints found no terminal.
        return False


def _write_stop_documents(
    RE: RunEngine, write: Callable[[str, dict[str, Any]], None], reason: str
) -> None:
    for run in list(RE._run_bundlers.values()):
        if run.run_is_open:
            run.run_is_open = False
            write("stop", dict(run._compose_stop(exit_status="abort", reason=reason)))
