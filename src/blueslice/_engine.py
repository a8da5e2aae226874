"""Ending a RunEngine, which has no way to be closed of its own."""

import asyncio

from bluesky import RunEngine

__all__ = ["close_run_engine"]


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
