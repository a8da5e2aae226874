"""Making and ending a RunEngine, which answers Ctrl-C and has no way to be closed of its own."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bluesky import Msg, RunEngine
from bluesky.utils import DefaultDuringTask

from blueslice._exact_metadata import refuse_inexact_metadata
from blueslice._interruptible_wait import INTERVAL_S, InterruptibleEvent
from blueslice._lab_time import UTC_OFFSET, utc_offset_s
from blueslice._lost_output import ensure_output

__all__ = ["PollingDuringTask", "close_run_engine", "make_run_engine"]


class PollingDuringTask(DefaultDuringTask):
    """Waits for the end of a plan as bluesky does by default, but never without a timeout.

    Bluesky's wait runs the event loop of a Qt or notebook backend of matplotlib where one is in
    use, and otherwise waits without a timeout: on Windows Ctrl-C then has no effect until the plan
    ends. It is used as it is, with an event whose waits are short.

    Parameters
    ----------
    interval_s : float
        Ctrl-C is answered within this time, in s.
    """

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        super().__init__()
        self._interval_s = interval_s

    def block(self, blocking_event: threading.Event) -> None:
        """Wait until the plan has ended.

        Parameters
        ----------
        blocking_event : threading.Event
            Set at the end.
        """
        super().block(InterruptibleEvent(blocking_event, self._interval_s))


def make_run_engine(
    metadata: dict[str, Any] | None = None,
    *,
    context_managers: list[Any] | None = None,
    now: Callable[[], datetime] = datetime.now,
) -> RunEngine:
    """Make a RunEngine that Ctrl-C pauses on every system.

    It refuses metadata that the catalogue would change, see `refuse_inexact_metadata`, and notes in
    each start document how far the clock is ahead of UTC (`UTC_OFFSET`).

    Parameters
    ----------
    metadata : dict, optional
        For every start document.
    context_managers : list, optional
        Entered while a plan runs; by default bluesky's, which turn Ctrl-C into a pause.
    now : callable
        The laboratory's clock; it is asked at each run, as summer time may begin in between.

    Returns
    -------
    bluesky.RunEngine
        Close it with `close_run_engine`.
    """
    # Bluesky prints, and would fail where there is nothing to print to.
    ensure_output()
    engine = RunEngine(
        {} if metadata is None else metadata,
        context_managers=context_managers,
        during_task=PollingDuringTask(),
        # Here and not in plans alone: the RunEngine has put all of a run's metadata together.
        md_validator=refuse_inexact_metadata,
        md_normalizer=lambda given: {UTC_OFFSET: utc_offset_s(now()), **given},
    )
    open_run = engine._command_registry["open_run"]

    async def open_checked(message: Msg) -> Any:
        # Before bluesky traces the message, for which it follows what is nested however deep.
        refuse_inexact_metadata(message.kwargs)
        return await open_run(message)

    engine.register_command("open_run", open_checked)
    return engine


def close_run_engine(engine: RunEngine, timeout_s: float = 10.0) -> None:
    """Let what still runs on the RunEngine's loop come to its end, then stop and close the loop.

    Parameters
    ----------
    engine : bluesky.RunEngine
        Idle; it cannot be used afterwards.
    timeout_s : float
        How long to wait for its tasks, and again for its thread, in s.
    """

    async def settle() -> None:
        # The last plan's devices may still be stopping: nobody waits for them after a halt.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=timeout_s)

    loop, thread = engine.loop, engine._th
    asyncio.run_coroutine_threadsafe(settle(), loop).result(timeout_s + 1.0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout_s)
    if not thread.is_alive():
        loop.close()
