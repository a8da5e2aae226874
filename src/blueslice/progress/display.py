"""The progress bar of a RunEngine, or plain lines where there is no terminal."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bluesky import RunEngine
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.text import Text

from blueslice.progress.state import ProgressState, describe
from blueslice.progress.watch import ProgressWatch
from blueslice.protocols import Rehearsal

__all__ = ["ProgressDisplay"]

# A line each time would bury what else a log says; without any for long it seems to be dead.
PLAIN_INTERVAL_S = 2.0
PLAIN_SILENCE_S = 30.0


class ProgressDisplay:
    """Shows how far a RunEngine is, while it runs and never at a prompt.

    What is shown is drawn by a thread, begun when a call of the RunEngine begins and ended before
    that call returns or pauses.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Is watched from now on.
    rest_name : str
        Name of the rest timer.
    console : rich.console.Console
        A bar on a terminal, lines elsewhere.
    expected : sequence of Rehearsal
        All that will be run, for one line over several calls. Without, each call of the RunEngine
        is counted for itself.
    lines : bool
        False to show nothing where there is no terminal.
    clock : callable
        Gives the time in s.
    """

    def __init__(
        self,
        RE: RunEngine,
        rest_name: str,
        console: Console,
        expected: Sequence[Rehearsal] = (),
        *,
        lines: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._expected = tuple(expected)
        self._lines = lines
        self._clock = clock
        self._between_calls = True
        self._shown = -1
        self._shown_s = clock()
        self._watch = ProgressWatch(RE, rest_name, ProgressState(self._expected, clock))
        RE.context_managers = [*RE.context_managers, self._showing]

    @property
    def state(self) -> ProgressState:
        """How far it is."""
        return self._watch.state

    @contextmanager
    def _showing(self, RE: RunEngine) -> Iterator[None]:
        if self._between_calls and not self.state.planned:
            self._watch.state = ProgressState((), self._clock)
            self._shown = -1
        try:
            terminal = self._console.is_terminal and not self._console.is_dumb_terminal
            with self._bar() if terminal else self._plain_lines():
                yield
        finally:
            self._between_calls = RE.state not in ("paused", "pausing")

    @contextmanager
    def _bar(self) -> Iterator[None]:
        bar = _StateBar(lambda: self.state)
        with Progress(bar, _StateText(lambda: self.state), console=self._console) as progress:
            progress.add_task("trials", total=None)
            yield

    @contextmanager
    def _plain_lines(self) -> Iterator[None]:
        if not self._lines:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(
            target=self._print_lines, args=(ended,), name="blueslice-progress", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _print_lines(self, ended: threading.Event) -> None:
        over = False
        while True:
            silent_s = self._clock() - self._shown_s
            if self.state.done != self._shown or (not over and silent_s >= PLAIN_SILENCE_S):
                self._shown, self._shown_s = self.state.done, self._clock()
                self._console.print(describe(self.state), highlight=False, soft_wrap=True)
            if over:
                return
            over = ended.wait(PLAIN_INTERVAL_S)


class _StateBar(BarColumn):
    def __init__(self, state: Callable[[], ProgressState]) -> None:
        super().__init__()
        self._state = state

    def render(self, task: Task) -> Any:
        """Draw the bar."""
        state = self._state()
        task.total, task.completed = state.total or None, state.done
        return super().render(task)


class _StateText(ProgressColumn):
    def __init__(self, state: Callable[[], ProgressState]) -> None:
        super().__init__()
        self._state = state

    def render(self, task: Task) -> Text:
        """Say how far it is."""
        return Text(describe(self._state()))
