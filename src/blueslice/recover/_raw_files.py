"""What the raw files themselves tell of their trials."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blueslice._addresses import file_at
from blueslice._trial_checksum import CHECKSUMS, FRAMES_RECORDED, NOT_RECORDINGS
from blueslice.errors import StorageError
from blueslice.recover._kept_run import KeptRun
from blueslice.recover._open_raw import open_raw
from blueslice.recover._trial_fault import trial_fault

__all__ = ["RawTrials", "files_of", "read_raw_trials", "relocated", "unnamed_files"]


@dataclass(frozen=True)
class RawTrials:
    """The trials of one device's file.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    frame_count : int
        Frames that each trial should have.
    frames : tuple of int
        Frames that can be read of each trial that was begun.
    chunks : dict of str to tuple of int
        Shape of a chunk, by dataset.
    unproved : frozenset of int
        Indices of trials whose frames are not proved to be those that were recorded: their
        checksums do not match, or were not written yet. Of a file without checksums, by an earlier
        version, none.
    """

    path: Path
    frame_count: int
    frames: tuple[int, ...]
    chunks: dict[str, tuple[int, ...]]
    unproved: frozenset[int] = frozenset()

    def whole_from(self, first: int) -> int:
        """Return up to where the trials from index `first` on are whole without a gap."""
        end = first
        while (
            end < len(self.frames)
            and self.frames[end] == self.frame_count
            and end not in self.unproved
        ):
            end += 1
        return end


def files_of(run: KeptRun) -> dict[str, Path]:
    """Return the files that a run's documents name, by data key.

    The descriptor is there before the first frame, the resource only with the first trial that
    is collected.
    """
    addresses = {
        key: content.get("source", "")
        for descriptor in run.descriptors.values()
        for key, content in descriptor.get("data_keys", {}).items()
        if content.get("external")
    }
    addresses |= {key: resource["uri"] for key, resource in run.resources.items()}
    # <data directory>/journal/2026/11/28/<run>.jsonl
    raw = run.path.absolute().parents[4] / "raw"
    found = {key: file_at(uri) for key, uri in addresses.items()}
    found = {key: path and relocated(path, raw) for key, path in found.items()}
    return {key: path for key, path in found.items() if path is not None}


def relocated(path: Path, raw: Path) -> Path:
    """Return where a raw file is now, if its data directory was moved.

    Parameters
    ----------
    path : Path
        Where a document says that it is.
    raw : Path
        The raw folder of the data directory, where the file has the same place as it had there.
    """
    # <data directory>/raw/2026/11/28/<file>.h5
    if path.exists() or len(path.parts) < 5 or path.parts[-5] != "raw":
        return path
    moved = raw.joinpath(*path.parts[-4:])
    return moved if moved.exists() else path


def read_raw_trials(path: Path, first: int = 0) -> RawTrials:
    """Read how many frames each trial of a file has, also of one whose writer was killed.

    Parameters
    ----------
    path : Path
        The file.
    first : int
        Index of the first trial whose checksums are looked at; to read a trial takes its time.

    Raises
    ------
    StorageError
        When the file is absent or no file of a recorder's.
    """
    try:
        with open_raw(path) as file:
            counts = [int(count) for count in np.asarray(file[FRAMES_RECORDED])]
            datasets: dict[str, Any] = {
                str(name): file[str(name)] for name in file if str(name) not in NOT_RECORDINGS
            }
            frame_count = int(np.asarray(file.attrs["frame_count"]))
            frames = tuple(
                count or _written_frames(datasets, trial, frame_count)
                for trial, count in enumerate(counts)
            )
            chunks = {name: tuple(dataset.chunks) for name, dataset in datasets.items()}
            unproved = frozenset(
                trial
                for trial in range(first, len(counts))
                if CHECKSUMS in file and (counts[trial] == 0 or trial_fault(file, trial))
            )
    except (OSError, KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise StorageError(
            f"raw file {path} cannot be read ({reason}); restore it from a copy, or move it away"
        ) from error
    return RawTrials(path, frame_count, frames, chunks, unproved)


def _written_frames(datasets: dict[str, Any], trial: int, frame_count: int) -> int:
    """Count the frames of a trial that was never ended.

    Where nothing was written stands the fill value. Of the datasets with an entry per frame, those
    tell whose fill value is none that comes: -1 of a frame counter, NaN of a voltage. Of the
    others, such as pictures, only those chunks count that have a place in the file.
    """
    fewest = frame_count
    told = False
    for dataset in datasets.values():
        fill = dataset.fillvalue
        if dataset.shape[1:2] != (frame_count,):
            continue
        if len(dataset) <= trial:
            return 0
        if not (np.isnan(fill) or fill < 0):
            fewest = min(fewest, _frames_with_a_place(dataset, trial, frame_count))
            continue
        values = np.asarray(dataset[trial]).reshape(frame_count, -1)
        written = (~np.isnan(values) if np.isnan(fill) else values != fill).any(axis=1)
        fewest = min(fewest, int(np.flatnonzero(written)[-1]) + 1 if written.any() else 0)
        told = True
    return fewest if told else 0


def _frames_with_a_place(dataset: Any, trial: int, frame_count: int) -> int:
    """Count the frames of a trial up to the first chunk that was not written."""
    rest = (0,) * (dataset.ndim - 2)
    for first in range(0, frame_count, dataset.chunks[1]):
        if dataset.id.get_chunk_info_by_coord((trial, first, *rest)).byte_offset is None:
            return first
    return frame_count


def unnamed_files(folder: Path, named: Iterable[Path]) -> list[Path]:
    """Return the raw files below a folder that are not among those named."""
    known = {path.resolve() for path in named}
    return [path for path in sorted(folder.rglob("*.h5")) if path.resolve() not in known]
