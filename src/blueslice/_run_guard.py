"""What a session sees to at the end of each call of its RunEngine, whatever plan that ran."""

import logging
from typing import Any

from bluesky import Msg, RunEngine
from bluesky.utils import FailedPause

from blueslice._exit_guard import ExitGuard
from blueslice._failures import FAILED_PAUSE, failures_text, still_on_error
from blueslice._go_dark import go_dark
from blueslice._signals import ProcessEnd
from blueslice.rig import Rig

__all__ = ["guard_runs"]

logger = logging.getLogger(__name__)


def guard_runs(RE: RunEngine, rig: Rig, process: ProcessEnd) -> None:
    """Let no call of this RunEngine end in the light unnoticed, hang, or lose why it ended.

    A call that fails, or is paused, stopped, aborted or halted, leaves the rig dark: bluesky stops
    nothing of what was only prepared or kicked off, and of what does not stop it writes into the
    log. What refuses is raised here, with what the call failed with.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Is guarded from now on.
    rig : Rig
        Goes dark.
    process : ProcessEnd
        When it is due, each call of the RunEngine ends in SystemExit, and none begins.
    """
    exits = ExitGuard(RE)
    resume_task = RE._resume_task

    def guarded_task(**options: Any) -> Any:
        process.leave()
        answer: Any = None
        error: BaseException | None = None
        try:
            process.attach()
            answer = resume_task(**options)
        except BaseException as raised:
            error = raised
        finally:
            process.give_back()
        exit_ = exits.take()
        whole = error is None and exit_ is None and RE._exit_status == "success"
        refused = [] if whole and not RE._interrupted else go_dark(rig, RE.loop)
        if refused:
            error = still_on_error(refused, error)
            if exit_ is not None or process.is_due:
                logger.critical("%s", failures_text(error))
        process.leave()
        if exit_ is not None:
            raise exit_
        if error is not None:
            raise error
        return answer

    # Where a run begins and goes on. Not a context manager of the RunEngine's: whoever calls it in
    # another thread has to take those away.
    RE._resume_task = guarded_task  # pyright: ignore[reportAttributeAccessIssue]
    _keep_reasons(RE)


def _keep_reasons(RE: RunEngine) -> None:
    """Record why a run was ended, also one of bluesky's own plans, which leave that out."""
    close_run = RE._command_registry["close_run"]

    async def close_with_reason(message: Msg) -> Any:
        aborted = message.kwargs.get("exit_status") == "abort"
        if aborted and not message.kwargs.get("reason") and RE._reason:
            message = message._replace(kwargs={**message.kwargs, "reason": RE._reason})
        return await close_run(message)

    RE.register_command("close_run", close_with_reason)
    hook = RE.state_hook

    def note_reason(state: str, before: str) -> None:
        is_failed_pause = before in ("pausing", "suspending") or isinstance(
            RE._exception, FailedPause
        )
        if state == "halting" and not RE._reason:
            RE._reason = "halted, without the plan's cleaning up"
        elif state == "aborting" and not RE._reason and is_failed_pause:
            RE._reason = FAILED_PAUSE
        if hook is not None:
            hook(state, before)

    RE.state_hook = note_reason  # pyright: ignore[reportAttributeAccessIssue]
