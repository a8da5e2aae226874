"""Closing one thing after the other, each whatever became of those before."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Self

from blueslice._failures import failures, still_on_error
from blueslice.errors import BluesliceError, StillOnError

__all__ = ["Closing"]


class Closing:
    """What has to be closed, the last first; whatever fails in it is raised together at the end.

    As a context it closes everything only when an error leaves it.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._failed: list[BaseException] = []

    def callback(self, close: Callable[..., Any], *args: Any) -> None:
        """Call this when all that is added later is closed."""
        self._stack.callback(self._try, close, *args)

    def enter_context(self, context: AbstractContextManager[Any]) -> None:
        """Enter a context, and leave it when all that is added later is closed."""
        self._stack.enter_context(context)

    def note(self, failed: Iterable[BaseException]) -> None:
        """Know of failures that closing has met."""
        self._failed.extend(failed)

    def _try(self, close: Callable[..., Any], *args: Any) -> None:
        try:
            close(*args)
        except Exception as error:
            self._failed.append(error)

    def close(self) -> None:
        """Close everything; doing it twice is harmless.

        Raises
        ------
        BluesliceError
            What failed, in one error: first what may still be on.
        """
        self._stack.close()
        failed, self._failed = self._failed, []
        met = [cause for error in failed for cause in failures(error)]
        on = [error for error in met if isinstance(error, StillOnError)]
        others = _together([error for error in met if not isinstance(error, StillOnError)])
        if on:
            raise still_on_error(on, others)
        if others is not None:
            raise others

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stack.close()


def _together(met: list[BaseException]) -> BaseException | None:
    if not met:
        return None
    first = met[0]
    texts = list(dict.fromkeys(str(error) or type(error).__name__ for error in met))
    if len(texts) == 1 or not isinstance(first, BluesliceError):
        for text in texts[1:]:
            first.add_note(f"closing failed further: {text}")
        return first
    joined = type(first)("; ".join(texts))
    joined.__cause__ = first
    return joined
