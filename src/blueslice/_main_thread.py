"""Reaching the main thread from another one, wherever it is."""

import contextlib
import signal
import sys
import threading

__all__ = ["end_prompt", "interrupt_main"]


def interrupt_main(number: int) -> None:
    """Let the main thread handle a signal, also where it waits in a call to the system."""
    if sys.platform == "win32":
        import _thread

        _thread.interrupt_main(number)
        return
    main = threading.main_thread().ident
    if main is not None:
        with contextlib.suppress(ProcessLookupError):
            signal.pthread_kill(main, number)


def end_prompt() -> None:
    """Let IPython's prompt, if there is one, not come back: it takes a SystemExit for a slip."""
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    # A terminal's: a notebook's is ended by whoever started it.
    if hasattr(shell, "keep_running"):
        shell.keep_running = False  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
