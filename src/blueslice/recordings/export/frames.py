"""Which recorded frame is whose: each ion's, and those that are used for nothing."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from blueslice.analysis import FrameState, map_frames, prove_excitation
from blueslice.analysis.excitation import frames_late
from blueslice.analysis.frame_map import StoredFrameProblem
from blueslice.recordings.export.run_data import RunData

__all__ = ["FrameTable", "block_length", "frame_table", "read_frames"]

# Of frames that are in memory at once.
_BLOCK_BYTES = 1 << 25


@dataclass(frozen=True, eq=False)
class FrameTable:
    """Every frame that the camera gave in a run, in order of trial and arrival.

    Attributes
    ----------
    trial : ndarray of int64, shape (frames,)
        Place of its trial, from 0.
    stored : ndarray of int64, shape (frames,)
        Place in its trial's stored frames.
    counter : ndarray of int64, shape (frames,)
        The camera's own frame number.
    state : ndarray of int8, shape (frames,)
        The LED proved to have lit it alone, or a `FrameState` that is not positive.
    time_s : ndarray of float64, shape (frames,)
        Mid-exposure, after the trial's start. Of a frame whose number cannot be trusted (state
        `FrameState.MISSING`) the time of its place.
    trial_starts_s : ndarray of float64, shape (trials,)
        Start of each trial after the run's.
    """

    trial: npt.NDArray[np.int64] = field(repr=False)
    stored: npt.NDArray[np.int64] = field(repr=False)
    counter: npt.NDArray[np.int64] = field(repr=False)
    state: npt.NDArray[np.int8] = field(repr=False)
    time_s: npt.NDArray[np.float64] = field(repr=False)
    trial_starts_s: npt.NDArray[np.float64] = field(repr=False)

    def lit_by(self, led: int) -> npt.NDArray[np.int64]:
        """Return the rows of the frames that this LED alone lit."""
        return np.flatnonzero(self.state == led)

    def unused(self) -> npt.NDArray[np.int64]:
        """Return the rows of the frames that no ion has."""
        return np.flatnonzero(self.state <= FrameState.DARK)

    def run_times_s(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return mid-exposure times after the run's start, in s."""
        return self.trial_starts_s[self.trial[rows]] + self.time_s[rows]


def frame_table(run: RunData) -> FrameTable:
    """Prove the excitation of every frame of a run from its recorded LED lines.

    Places that no frame ever filled (counter -1) are left out.

    Parameters
    ----------
    run : RunData
        With pictures.
    """
    planned = run.trial
    columns: list[tuple[npt.NDArray[np.generic], ...]] = []
    for k in range(run.trial_count):
        counter = np.asarray(run.arrays["camera-counter"][k], np.int64)
        states = prove_excitation(
            np.stack(_led_lines(run, k, len(counter))),
            threshold_V=float(run.configuration["amplifier-led_threshold_V"]),
            frame_rate_Hz=planned.frame_rate_Hz,
            exposure_s=planned.exposure_s,
        )
        if frames_late(states, planned.excitation):
            states = np.full_like(states, FrameState.UNATTRIBUTED)
        placed = map_frames(counter, states, len(states))
        there = np.flatnonzero(placed.problems != StoredFrameProblem.EMPTY)
        clock = np.where(placed.used, placed.clock_frames, np.arange(len(counter)))
        time_s = clock / planned.frame_rate_Hz + planned.exposure_s / 2
        trial = np.full(len(there), k)
        columns.append((trial, there, counter[there], placed.states[there], time_s[there]))
    empty = (np.zeros(0, int),) * 3 + (np.zeros(0, np.int8), np.zeros(0))
    joined = [np.concatenate(parts) for parts in zip(*(columns or [empty]), strict=True)]
    return FrameTable(
        trial=joined[0].astype(np.int64),
        stored=joined[1].astype(np.int64),
        counter=joined[2].astype(np.int64),
        state=joined[3].astype(np.int8),
        time_s=joined[4].astype(np.float64),
        trial_starts_s=run.trial_starts_s(),
    )


def _led_lines(run: RunData, k: int, frames: int) -> list[npt.NDArray[np.float32]]:
    names = [f"amplifier-led_{led}" for led in (1, 2)]
    lines = {name: np.asarray(run.arrays[name][k]) for name in names if name in run.arrays}
    dark = np.zeros_like(next(iter(lines.values()), np.zeros((frames, 1), np.float32)))
    return [lines.get(name, dark) for name in names]


def block_length(run: RunData) -> int:
    """Return how many frames to have in memory at once: about 32 MiB, at least one."""
    camera = run.arrays["camera"]
    frame_bytes = int(np.prod(camera.shape[2:])) * camera.dtype.itemsize
    return max(1, _BLOCK_BYTES // max(1, frame_bytes))


def read_frames(
    run: RunData, table: FrameTable, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint16]:
    """Read frames.

    Parameters
    ----------
    run : RunData
        With pictures.
    table : FrameTable
        Of the run.
    rows : ndarray of int64, shape (n,)
        Of the table, rising; no more than `block_length` for what need not be in memory.

    Returns
    -------
    ndarray of uint16, shape (n, y, x)
        As the camera gave them.
    """
    camera = run.arrays["camera"]
    frames = np.empty((len(rows), *camera.shape[2:]), camera.dtype)
    for k in np.unique(table.trial[rows]):
        own = table.trial[rows] == k
        places = table.stored[rows[own]]
        first = int(places.min())
        # One read of what lies between is faster than many of single frames.
        frames[own] = camera[int(k), first : int(places.max()) + 1][places - first]
    return frames
