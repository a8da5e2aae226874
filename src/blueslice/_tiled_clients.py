"""Tiled clients that read runs consistently while they are acquired.

Tiled's own ask for the shape of each array of a stream, and then for each array as a whole. In a
run that grows meanwhile the arrays have different lengths, and the server refuses an array whose
shape is no longer the one that it told. Those here ask once for all shapes, and then for as many
trials of each array as all of them have.

`blueslice.broker.install_profile` puts a copy of this file beside the profile, so that any Python
with Tiled can read by it: it imports nothing of blueslice.
"""

from typing import Any

import numpy
import pandas
import xarray
from bluesky_tiled_plugins.clients.bluesky_event_stream import (
    DATAVALUES,
    TIMESTAMPS,
    BlueskyEventStream,
    BlueskyEventStreamV3,
)
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.client.array import ArrayClient
from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH, Container
from tiled.client.utils import client_for_item
from tiled.ndslice import NDSlice
from tiled.utils import OneShotCachedMap

__all__ = ["GrowingArray", "GrowingStream", "catalogue", "growing_clients"]


class GrowingArray(ArrayClient):
    """An array that is read as long as it was when it was looked up."""

    def _get_slice(self, slice: NDSlice) -> Any:
        # With its bounds: without them the server gives what there is by then, and refuses that,
        # as it is not as long as the client expects.
        return super()._get_slice(slice.expand_for_shape(self.shape) if self.shape else slice)


class GrowingStream(BlueskyEventStreamV3):
    """A stream of a run of which a part is read that is the same in all of its variables."""

    def read(self, variables: Any = (DATAVALUES,), dim0: str | None = None) -> xarray.Dataset:
        """Read variables, as many events of each as all of them have.

        Parameters
        ----------
        variables : iterable of str
            Names; by default all but the times of each value and ``seq_num``.
        dim0 : str, optional
            Name of the first axis where the stream does not name it; by default ``time``.

        Returns
        -------
        xarray.Dataset
            What is declared and has no event yet is in it with no event.
        """
        contents = self.get_contents()
        families = {item["attributes"]["structure_family"] for item in contents.values()}
        if not families <= {"array", "table"}:
            return super().read(variables, dim0)
        wanted = self._wanted(variables, _columns(contents))
        tables = {name: item for name, item in contents.items() if not _is_array(item)}
        values: dict[str, Any] = {}
        for item in tables.values():
            # First: to a table rows are added after an event's arrays.
            values |= self._table_columns(item, wanted)
        arrays = {
            name: self._client(item)
            for name, item in contents.items()
            if _is_array(item) and name in wanted
        }
        absent = wanted - set(values) - set(arrays)
        lengths = [len(column) for column in values.values()]
        lengths += [array.shape[0] for array in arrays.values() if array.shape]
        count = 0 if absent else min(lengths, default=0)
        found: dict[str, Any] = {
            name: ((dim0 or "time",), column[:count]) for name, column in values.items()
        }
        for name, array in arrays.items():
            read = array.read(NDSlice(slice(0, count))) if array.shape else array.read()
            found[name] = (array.dims or _dims(name, read.ndim, dim0), read)
        for name in absent:
            data_key = self._data_keys[name]
            empty = _empty(data_key)
            named = ("time", *data_key["dims"]) if data_key.get("dims") else ()
            found[name] = (named or _dims(name, empty.ndim, dim0), empty)
        return xarray.Dataset(_named_apart(found))

    @property
    def _data_keys(self) -> Any:
        return dict(self.metadata).get("data_keys", {})

    def _wanted(self, variables: Any, columns: set[str]) -> set[str]:
        declared = set(self._data_keys)
        wanted = set(variables)
        if DATAVALUES in wanted:
            data = {name for name in columns if not name.startswith("ts_") and name != "seq_num"}
            wanted |= data | declared
        if TIMESTAMPS in wanted:
            wanted |= {name for name in columns if name.startswith("ts_")}
        return wanted & (columns | declared)

    def _client(self, item: Any) -> Any:
        return client_for_item(self.context, self.structure_clients, item)

    def _table_columns(self, item: Any, wanted: set[str]) -> dict[str, Any]:
        columns = [c for c in item["attributes"]["structure"]["columns"] if c in wanted]
        if not columns:
            return {}
        table = self._client(item).read(columns)
        found = {}
        for name in columns:
            column = table[name].values
            is_text = isinstance(column.dtype, pandas.StringDtype)
            found[name] = column.astype("U") if is_text else column
        return found


def _is_array(item: Any) -> bool:
    return item["attributes"]["structure_family"] == "array"


def _columns(contents: Any) -> set[str]:
    columns: set[str] = set()
    for name, item in contents.items():
        columns |= {name} if _is_array(item) else set(item["attributes"]["structure"]["columns"])
    return columns


def _dims(name: str, count: int, dim0: str | None) -> tuple[str, ...]:
    return (dim0 or "time", *(f"{name}_dim{k}" for k in range(1, count)))[:count]


def _named_apart(found: dict[str, Any]) -> dict[str, Any]:
    """Rename axes that have one name and several lengths, which a dataset cannot have.

    Recordings that earlier versions imported have such axes.
    """
    lengths: dict[str, set[int]] = {}
    for dims, values in found.values():
        for dim, length in zip(dims, values.shape, strict=True):
            lengths.setdefault(dim, set()).add(length)
    apart: dict[str, Any] = {}
    for name, (dims, values) in found.items():
        own = _dims(name, len(dims), dims[0] if dims else None)
        kept = (d if len(lengths[d]) == 1 else other for d, other in zip(dims, own, strict=True))
        apart[name] = (tuple(kept), values)
    return apart


def _empty(data_key: Any) -> Any:
    """Return the values of no event."""
    kinds = {"integer": "<i8", "boolean": "|b1", "string": "<U1"}
    dtype = data_key.get("dtype_numpy") or kinds.get(data_key.get("dtype"), "<f8")
    fields = [tuple(field) for field in dtype] if isinstance(dtype, list) else dtype
    shape = tuple(length or 0 for length in data_key.get("shape", ()))
    return numpy.empty((0, *shape), numpy.dtype(fields))


def _stream(context: Any, *, item: Any, **options: Any) -> Any:
    # Streams of a catalogue in MongoDB do not grow by arrays.
    chosen = GrowingStream if BlueskyEventStream._is_sql(item) else BlueskyEventStream
    return chosen(context, item=item, **options)


def growing_clients() -> Any:
    """Return what Tiled calls ``structure_clients``: its own, with those that read consistently."""
    Container.discover_clients_from_entrypoints()
    own = DEFAULT_STRUCTURE_CLIENT_DISPATCH["numpy"]
    clients: dict[str, Any] = {name: (lambda name=name: own[name]) for name in own}
    changed = {"BlueskyEventStream": lambda: _stream, "array": lambda: GrowingArray}
    return OneShotCachedMap({**clients, **changed})


def catalogue(context: Any, *, item: Any, structure_clients: Any, **options: Any) -> Any:
    """Make the catalogue that a profile names as its client."""
    # What the profile gives has no client but this one.
    return CatalogOfBlueskyRuns(context, item=item, structure_clients=growing_clients(), **options)
