"""What a recorder deals with: an instrument as it sees it, and one trial in hand."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from numpy.typing import NDArray

from blueslice.devices._trial_file import DatasetSpec

__all__ = ["RecordedInstrument", "Recording"]


class RecordedInstrument(Protocol):
    """What the recorder needs of an instrument: the camera and the amplifier adapt to it."""

    @property
    def counter(self) -> str:
        """Name of the array that numbers the frames by the clock; empty when none does."""
        ...

    def specs(self, frame_count: int) -> Sequence[DatasetSpec]:
        """Return the arrays that a trial has."""
        ...

    def attributes(self) -> Mapping[str, Any]:
        """Return what the file should say about the instrument."""
        ...

    def arm(self, frame_count: int, trial: int) -> Mapping[str, NDArray[Any]]:
        """Make ready for trial 0, 1, ... of the run; return the arrays that it has once."""
        ...

    def read(self, timeout_s: float) -> Mapping[str, NDArray[Any]] | None:
        """Return new frames' arrays, none yet (empty arrays), or None at the trial's end."""
        ...

    def stop(self) -> None:
        """End a blocked read and the trial; from any thread."""
        ...


@dataclass(eq=False)
class Recording:
    """One trial that is being recorded, or was; made on the loop.

    Attributes
    ----------
    trial : int
        Its place in the file.
    path : Path
        The file.
    done : asyncio.Future
        Done when the trial is over, or has failed.
    stopping : threading.Event
        Set to end it.
    abandoned : threading.Event
        Set when its thread has not come back: what that then still does is for nobody.
    received : int
        Frames so far.
    clock_frames : int
        Frames of the clock among them; known at the end where a counter numbers them.
    storing : bool
        Whether its thread is writing: then it is the disk that does not come back.
    overdue : asyncio.TimerHandle or None
        What gives it up when it takes too long.
    """

    trial: int
    path: Path
    done: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    stopping: Event = field(default_factory=Event)
    abandoned: Event = field(default_factory=Event)
    received: int = 0
    clock_frames: int = 0
    storing: bool = False
    overdue: asyncio.TimerHandle | None = None

    def end_with(self, worked: "asyncio.Future[None]") -> None:
        """Be done as the thread has ended, unless it was given up before."""
        if not self.done.done():
            self.fail(worked.exception())

    def fail(self, error: BaseException | None) -> None:
        """Be done: with an error, for whoever asks, or without one."""
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
            # Looked at: that nobody asks is no fault of its own.
            self.done.exception()
