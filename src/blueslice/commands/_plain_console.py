"""The console of the commands: it prints paths and names as they are."""

from rich.console import Console

__all__ = ["plain_console"]


def plain_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console on which ``[x]`` and ``:x:`` are text.

    Rich takes them for markup and leaves them out, or draws a picture: a folder, a solution or a
    phase may be called so.

    Parameters
    ----------
    stderr : bool
        Whether it prints to the error output.
    soft_wrap : bool
        Whether each line stays one line, however narrow the terminal is; not for tables.
    """
    return Console(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)
