"""One HDF5 file of a run, written trial by trial while others read it (SWMR)."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from blueslice._on_disk import is_removed, make_folder, sync_file, sync_folder, sync_open_file
from blueslice._trial_checksum import CHECKSUMS, FRAMES_RECORDED, array_checksum, trial_checksum
from blueslice.devices._disk_space import check_space, release_space, reserve_space
from blueslice.errors import StorageError

__all__ = ["DatasetSpec", "TrialFile", "frames_per_chunk"]

# A chunk is what a reader can see while the trial runs: small enough to be early, large enough
# that HDF5's cost per chunk (about 20 us) stays below that of the bytes in it.
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class DatasetSpec:
    """One array of a trial.

    Attributes
    ----------
    name : str
        Dataset and data key.
    shape : tuple of int
        Of one frame's part (per_frame) or of one trial's.
    dtype : str
        NumPy type string, little-endian.
    per_frame : bool
        Whether there is one for each frame; otherwise there is one for each trial.
    dims : tuple of str
        Names of the axes of `shape`.
    units : str
        Unit of the values, empty for none.
    fill : int or float
        What stands where nothing was written.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    per_frame: bool = True
    dims: tuple[str, ...] = ()
    units: str = ""
    fill: float = 0


def frames_per_chunk(frame_count: int, frame_bytes: int) -> int:
    """Return how many frames go into one chunk: up to 10 and up to about 1 MiB, at least one."""
    return max(1, min(10, frame_count, CHUNK_BYTES // max(frame_bytes, 1)))


def _reason(error: Exception) -> str:
    """Return the operating system's words out of HDF5's page of them."""
    found = re.search(r"error message = '([^']*)'", str(error))
    return found.group(1) if found else " ".join(str(error).split())


class TrialFile:
    """The arrays of one device for all trials of a run: (trial, frame, ...) each.

    Frames are written as whole chunks, which goes past HDF5's conversion and cache. All calls
    come from one thread.

    A trial that has ended survives a power cut: its frames are on the disk before their count and
    checksums, and those before `end_trial` returns.

    Parameters
    ----------
    path : pathlib.Path
        A new file; its folder is made.
    specs : sequence of DatasetSpec
        What is recorded.
    frame_count : int
        Frames in each trial.
    attributes : mapping of str to scalar or str
        Kept in the file's root, so that it explains itself without a catalogue.

    Raises
    ------
    StorageError
        By every method, when the file cannot be made or written.
    """

    def __init__(
        self,
        path: Path,
        specs: Sequence[DatasetSpec],
        frame_count: int,
        attributes: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.frame_count = frame_count
        self._specs = {spec.name: spec for spec in specs}
        self._chunks: dict[str, int] = {}
        self._open_chunk: dict[str, NDArray[Any]] = {}
        self._crc: dict[str, int] = {}
        self._closed = False
        self._failure = ""
        self._trial_bytes = sum(
            np.dtype(spec.dtype).itemsize
            * int(np.prod(spec.shape))
            * (frame_count if spec.per_frame else 1)
            for spec in specs
        )
        with self._storing("made"):
            make_folder(path.parent)
            check_space(path, self._trial_bytes)
            self._file = h5py.File(path, "x", libver="latest")
            self._lay_out(specs, attributes)
            self._sync()
            sync_folder(path.parent)

    @contextmanager
    def _storing(self, what: str, trial: int | None = None) -> Iterator[None]:
        """Put what HDF5 and the operating system raise into one line.

        What fails afterwards does so because of it, and is told as the same.
        """
        try:
            yield
        except StorageError:
            raise
        except (OSError, RuntimeError) as error:
            if not self._failure:
                lost = (
                    "" if trial is None else f"trial {trial + 1} is lost, those before are kept: "
                )
                self._failure = (
                    f"{lost}the raw data file {self.path} cannot be {what} ({_reason(error)}); "
                    "free space on the disk or choose another data directory, then start the "
                    "protocol again"
                )
            raise StorageError(self._failure) from error

    def _lay_out(self, specs: Sequence[DatasetSpec], attributes: Mapping[str, Any]) -> None:
        self._file.attrs.update({"frame_count": self.frame_count, **attributes})
        for spec in specs:
            self._create(spec)
        self._recorded = self._file.create_dataset(
            FRAMES_RECORDED, (0,), maxshape=(None,), chunks=(64,), dtype="<i4", fillvalue=0
        )
        self._checksums = self._file.create_dataset(
            CHECKSUMS, (0, len(specs)), maxshape=(None, len(specs)), chunks=(64, len(specs)),
            dtype="<u4", fillvalue=0,
        )  # fmt: skip
        self._checksums.attrs["datasets"] = list(self._specs)
        self._checksums.attrs["per_frame"] = [spec.per_frame for spec in specs]
        self._datasets = {spec.name: self._file[spec.name] for spec in specs}
        self._file.swmr_mode = True

    def _create(self, spec: DatasetSpec) -> None:
        if spec.per_frame:
            frame_bytes = np.dtype(spec.dtype).itemsize * int(np.prod(spec.shape))
            count = frames_per_chunk(self.frame_count, frame_bytes)
            shape = (self.frame_count, *spec.shape)
            chunks = (1, count, *spec.shape)
            self._chunks[spec.name] = count
        else:
            shape, chunks = spec.shape, (1, *spec.shape)
        dataset = self._file.create_dataset(
            spec.name,
            (0, *shape),
            maxshape=(None, *shape),
            chunks=chunks,
            dtype=spec.dtype,
            fillvalue=spec.fill,
        )
        if spec.units:
            dataset.attrs["units"] = spec.units

    def chunk_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a chunk of this dataset, the trial axis first."""
        return self._dataset(name).chunks

    def _dataset(self, name: str) -> Any:
        return self._datasets[name]

    def begin_trial(self, trial: int, whole: Mapping[str, NDArray[Any]]) -> None:
        """Make room for a trial and write the arrays that it has once.

        A trial that was begun before is overwritten: its frames are first put back to the fill
        value, so that nothing of a torn attempt can be taken for the retaken one.
        """
        if not self.path.exists():
            raise self._removed()
        check_space(self.path, self._trial_bytes)
        with self._storing("written", trial):
            self._begin_trial(trial, whole)

    def _begin_trial(self, trial: int, whole: Mapping[str, NDArray[Any]]) -> None:
        self._open_chunk.clear()
        self._crc = dict.fromkeys(self._specs, 0)
        if self._recorded.shape[0] > trial:
            # First, and on the disk: neither a kill nor a power cut may leave a count of frames
            # that are being overwritten.
            self._recorded[trial] = 0
            self._sync()
        for name, spec in self._specs.items():
            dataset = self._dataset(name)
            if dataset.shape[0] > trial:
                self._blank(dataset, spec, trial)
            else:
                dataset.resize(trial + 1, axis=0)
        if self._recorded.shape[0] <= trial:
            self._recorded.resize(trial + 1, axis=0)
            self._checksums.resize(trial + 1, axis=0)
            end = self._file.id.get_filesize()
            reserve_space(self._file.id.get_vfd_handle(), end, self._trial_bytes)
            self._recorded[trial] = 0
        for name, array in whole.items():
            values = np.ascontiguousarray(array, self._specs[name].dtype)
            self._crc[name] = array_checksum(values, values.dtype)
            self._dataset(name).id.write_direct_chunk((trial, *[0] * array.ndim), values)
        # That it was begun is to be seen as well.
        self._file.flush()

    def _blank(self, dataset: Any, spec: DatasetSpec, trial: int) -> None:
        """Put a trial back to the fill value, a chunk at a time: a trial may be large."""
        chunk = np.full(dataset.chunks, spec.fill, spec.dtype)
        tail = (0,) * (chunk.ndim - 2)
        if not spec.per_frame:
            dataset.id.write_direct_chunk((trial, 0, *tail)[: chunk.ndim], chunk)
            return
        for at in range(0, self.frame_count, self._chunks[spec.name]):
            dataset.id.write_direct_chunk((trial, at, *tail), chunk)

    def write(self, trial: int, first: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the frames from `first` on; they follow those written before."""
        with self._storing("written", trial):
            self._write(trial, first, arrays)

    def _write(self, trial: int, first: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        for name, array in arrays.items():
            per_chunk = self._chunks[name]
            dataset = self._dataset(name)
            values = np.ascontiguousarray(array, self._specs[name].dtype)
            self._crc[name] = array_checksum(values, values.dtype, self._crc[name])
            tail = (0,) * (values.ndim - 1)
            at, done = first, 0
            while done < len(values):
                inside = at % per_chunk
                count = min(per_chunk - inside, len(values) - done)
                if count == per_chunk:
                    dataset.id.write_direct_chunk((trial, at, *tail), values[done : done + count])
                else:
                    self._fill_chunk(name, trial, at, values[done : done + count])
                at += count
                done += count
        # What is written can be read, by others now and after a kill; 20 us.
        self._file.flush()

    def _fill_chunk(self, name: str, trial: int, at: int, values: NDArray[Any]) -> None:
        """Keep a part of a chunk until it is whole, then write it."""
        per_chunk = self._chunks[name]
        inside = at % per_chunk
        chunk = self._open_chunk.get(name)
        if chunk is None or inside == 0:
            spec = self._specs[name]
            chunk = np.full((per_chunk, *spec.shape), spec.fill, spec.dtype)
            self._open_chunk[name] = chunk
        chunk[inside : inside + len(values)] = values
        if inside + len(values) == per_chunk:
            self._write_open_chunk(name, trial, at - inside)

    def _write_open_chunk(self, name: str, trial: int, at: int) -> None:
        chunk = self._open_chunk.pop(name)
        offset = (trial, at, *[0] * (chunk.ndim - 1))
        self._dataset(name).id.write_direct_chunk(offset, chunk)

    def end_trial(self, trial: int, recorded: int) -> int:
        """Write what is left, then how many frames there are; both are then on the disk.

        Returns
        -------
        int
            The trial's checksum, see `blueslice._trial_checksum.trial_checksum`.
        """
        with self._storing("written", trial):
            for name in list(self._open_chunk):
                per_chunk = self._chunks[name]
                self._write_open_chunk(name, trial, recorded // per_chunk * per_chunk)
            # Before their count: neither a kill nor a power cut in between may leave a count of
            # frames that nobody finds.
            self._sync()
            row = [self._crc[name] for name in self._specs]
            self._checksums[trial] = row
            self._recorded[trial] = recorded
            self._sync()
            return trial_checksum(row)

    def _sync(self) -> None:
        self._file.flush()
        if sys.platform == "win32":
            # HDF5's descriptor is one of its own C library there.
            sync_file(self.path)
        else:
            descriptor = self._file.id.get_vfd_handle()
            sync_open_file(descriptor)
            if is_removed(descriptor):
                raise self._removed()

    def _removed(self) -> StorageError:
        # Of the trials before nothing is kept either.
        self._failure = (
            f"the raw data file {self.path} was removed while it was written: all trials of the "
            "run are lost; start the protocol again, and keep others from the data directory"
        )
        return StorageError(self._failure)

    def close(self) -> None:
        """Close the file; may be repeated."""
        if not self._closed:
            self._closed = True
            with self._storing("closed"):
                self._file.close()
                if not self.path.exists():
                    raise self._removed()
                # What was set aside for a trial that did not come is given back.
                release_space(self.path)
                sync_file(self.path)
