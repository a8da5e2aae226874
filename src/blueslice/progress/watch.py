"""Hears from a RunEngine what its progress is counted by."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bluesky import RunEngine

from blueslice.progress.state import ProgressState

__all__ = ["ProgressWatch"]


class ProgressWatch:
    """Counts the trials and rests of a RunEngine's runs.

    On the RunEngine's loop numbers are counted, no more. Whoever else hears of what is waited
    for, such as a progress bar of the user's own, goes on doing so.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Is watched from now on.
    rest_name : str
        Name of the rest timer.
    state : ProgressState
        Is counted in; may be replaced by another.
    each_run : bool
        Whether each run is counted for itself, in a new state.
    """

    def __init__(
        self, RE: RunEngine, rest_name: str, state: ProgressState, *, each_run: bool = False
    ) -> None:
        self._RE, self._rest_name = RE, rest_name
        self._each_run = each_run
        self.state = state
        RE.subscribe(self._take)
        self._listen()

    def _take(self, name: str, doc: Mapping[str, Any]) -> None:
        if name == "start":
            if self._each_run:
                self.state = ProgressState(())
            trials = doc.get("trials")
            count = trials if isinstance(trials, int) else 0
            self.state.begin_run(count, str(doc.get("phase", "")))
            self._listen()  # somebody may have set a hook of their own since
        elif name == "event" and "trial-number" in doc["data"]:
            data = doc["data"]
            self.state.end_trial(str(data.get("trial-phase", "")), int(data["trial-number"]))

    def _listen(self) -> None:
        hook = self._RE.waiting_hook
        if not isinstance(hook, _Hooks):
            hook = _Hooks(hook)
            self._RE.waiting_hook = hook  # pyright: ignore[reportAttributeAccessIssue]
        if self._wait not in hook.calls:
            hook.calls.append(self._wait)

    def _wait(self, statuses: Iterable[Any] | None) -> None:
        if statuses is None:
            self.state.rest(None)
            return
        for status in statuses:
            if hasattr(status, "watch"):
                status.watch(self._watch)

    def _watch(self, **update: Any) -> None:
        if update.get("name") == self._rest_name and update.get("target") is not None:
            length_s = float(update["target"])
            self.state.rest(max(0.0, length_s - (update.get("current") or 0.0)), length_s)


class _Hooks:
    """A RunEngine's waiting hook that calls several."""

    def __init__(self, first: Callable[..., None] | None) -> None:
        self.calls = [] if first is None else [first]

    def __call__(self, statuses: Iterable[Any] | None) -> None:
        known = None if statuses is None else list(statuses)
        for call in self.calls:
            call(known)
