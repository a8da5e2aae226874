"""An exit (``sys.exit()``, Ctrl-C) in a callback or a plan ends the run, and not the RunEngine."""

import asyncio
import errno
from typing import Any

from bluesky import RunEngine
from bluesky.utils import MsgGenerator, RequestAbort

from blueslice._lost_output import drop_lost_output

__all__ = ["ExitGuard"]


class ExitGuard:
    """Keeps exits away from a RunEngine's loop, where they would end its thread.

    Nobody would be left to end the run, and the caller would wait for ever. Instead the run is
    aborted, its plan cleans up, and the caller of the RunEngine gets the exit: see `take`.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Whose callbacks and plans are guarded from now on.
    """

    def __init__(self, RE: RunEngine) -> None:
        self._RE = RE
        self._exit: BaseException | None = None
        self._process = RE.dispatcher.process
        RE.dispatcher.process = self._dispatch  # type: ignore[method-assign]
        RE.preprocessors.append(self._contain)

    def take(self) -> BaseException | None:
        """Return, once, the exit that has ended the run; None when there was none."""
        taken, self._exit = self._exit, None
        return taken

    def _dispatch(self, name: Any, doc: dict[str, Any]) -> None:
        try:
            self._process(name, doc)
        except Exception as error:
            is_print = getattr(error, "errno", None) in (errno.EIO, errno.EPIPE)
            # A callback that prints fails the run for a terminal that was closed, and before the
            # signal of that is there.
            if not (is_print and drop_lost_output()):
                raise
        except BaseException as error:
            self._exit = self._exit or error
            # Not thrown at who emits the document: the run would be half in it when it is closed.
            self._RE.loop.call_soon_threadsafe(self._abort, f"ended by {error!r} in a callback")

    def _abort(self, reason: str) -> None:
        self._RE.loop.create_task(self._abort_run(reason))

    async def _abort_run(self, reason: str) -> None:
        if str(self._RE.state) in ("running", "pausing", "suspending"):
            await self._RE._abort_coro(reason)

    def _contain(self, plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
        try:
            return (yield from plan)
        except (Exception, GeneratorExit, asyncio.CancelledError):
            raise
        except BaseException as error:
            self._exit = self._exit or error
            self._RE._reason = f"ended by {error!r} in the plan"
            raise RequestAbort from error
