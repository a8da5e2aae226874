"""Arrays and tables of a stream: from their files where these are here, else from the server."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from blueslice._addresses import file_at
from blueslice.errors import StorageError
from blueslice.recordings.export._readable import ReadableArray, reading

__all__ = ["LazyArray", "read_columns", "stream_arrays"]


class LazyArray(Protocol):
    """An array of which parts are read as they are asked for: of HDF5, or of a server."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its type."""
        ...

    def __getitem__(self, item: Any, /) -> Any:
        """Read a part of it."""
        ...


def _parts(stream: Any) -> Iterator[tuple[str, Any]]:
    # One request for all: asking the stream for each would be three for each.
    yield from stream.base.new_variation(include_data_sources=True).items()


def read_columns(stream: Any) -> dict[str, npt.NDArray[Any]]:
    """Read all columns of a stream of events, first axis event, in order of time.

    Parameters
    ----------
    stream : BlueskyEventStreamV3
        Of a run.

    Returns
    -------
    dict of str to ndarray
        With ``time`` in s since 1970, without the columns' own times; empty for a stream that
        was declared and got no event.
    """
    # Not stream.read(): xarray warns when an array happens to have two axes of one length.
    columns: dict[str, npt.NDArray[Any]] = {}
    for name, client in _parts(stream):
        with reading(f"column {name} of the run, in the catalogue,"):
            values = client.read()
        if client.structure_family == "array":
            columns[name] = np.asarray(values)
            continue
        for column in values.columns:
            if not str(column).startswith("ts_"):
                columns[str(column)] = np.asarray(values[column].tolist())
    if "time" not in columns:
        return {}
    # Of a run that is being recorded, an event's arrays come before its row.
    count = min(map(len, columns.values()))
    order = np.argsort(columns["time"][:count], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def stream_arrays(stream: Any, closing: ExitStack) -> dict[str, LazyArray]:
    """Open the arrays of a stream, first axis event.

    Parameters
    ----------
    stream : BlueskyEventStreamV3
        Of a run.
    closing : ExitStack
        Closes the files that are opened.

    Raises
    ------
    StorageError
        When a file is here and cannot be read.
    """
    files: dict[Path, h5py.File] = {}
    return {
        name: _local(name, client, files, closing)
        for name, client in _parts(stream)
        if client.structure_family == "array"
    }


def _local(name: str, client: Any, files: dict[Path, h5py.File], closing: ExitStack) -> LazyArray:
    """Return the dataset in its file, if that is on this computer; else what the server gives."""
    sources = client.data_sources() or []
    if len(sources) != 1 or sources[0].mimetype != "application/x-hdf5":
        return ReadableArray(f"{name}, of the catalogue,", client)
    path = file_at(sources[0].assets[0].data_uri)
    if path is None or not path.is_file():
        place = "" if path is None else f", whose raw data file {path} is not there,"
        return ReadableArray(f"{name}{place}", client)
    try:
        if path not in files:
            files[path] = closing.enter_context(_open(path))
        dataset = sources[0].parameters["dataset"]
        what = f"{dataset} in the raw data file {path}"
        stored, told = files[path][dataset], tuple(client.shape)
        # The file may hold a trial that was broken off, which the documents do not count.
        if (
            not isinstance(stored, h5py.Dataset)
            or len(stored.shape) != len(told)
            or stored.shape[1:] != told[1:]
            or stored.shape[0] < told[0]
        ):
            found = f"shape {stored.shape}" if isinstance(stored, h5py.Dataset) else "no values"
            raise StorageError(
                f"{what} has {found}, and the run's documents say shape {told}; restore the file "
                "from a copy"
            )
        return ReadableArray(what, stored, told[0])
    except StorageError:
        raise
    except (OSError, KeyError) as error:
        raise StorageError(
            f"the raw data file {path} cannot be read ({' '.join(str(error).split())}); restore it "
            "from a copy"
        ) from error


def _open(path: Path) -> h5py.File:
    """Open a raw file, also one that is being written or that a killed process left behind."""
    try:
        # Not with swmr at once: of a file that is cut short HDF5 then reads without end.
        return h5py.File(path, "r")
    except OSError as error:
        if "already open" not in str(error):
            raise
        return h5py.File(path, "r", swmr=True)
