"""Documents as Tiled's writer can take them, without changing what they say."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from blueslice._exact_metadata import MOST_EXACT, readable_text

__all__ = ["TiledDocuments", "tiled_uri"]

# Kept as JSON by Tiled. Data of events are in tables and arrays, which hold every float.
_METADATA = ("start", "descriptor", "stop")


class TiledDocuments:
    """Turns the documents of runs into those that Tiled keeps as they are.

    - An address is given without escapes: Tiled takes the path in it literally, and would not
      find a folder whose name has a space or an accent.
    - A data key of shape ``[1]`` is told to have one entry along that axis: Tiled's writer takes
      it for a single value, and then refuses the chunks of its dataset.
    - Text that cannot be encoded is escaped, and a number in metadata that JSON or Tiled cannot
      keep becomes text. Start documents are refused before they hold such values; the others tell
      what happened, and a run must not be lost because of a word in them.

    Calling it returns another document; the one given is not changed.
    """

    def __init__(self) -> None:
        self._single: set[str] = set()  # data keys whose trial has one entry, in one dimension

    def __call__(self, name: str, doc: dict[str, Any]) -> dict[str, Any]:
        """Return the document for Tiled's writer; it holds plain values already."""
        kept: dict[str, Any] = _encodable(doc, exact=name in _METADATA)
        if name == "descriptor":
            for key, described in kept.get("data_keys", {}).items():
                (self._single.add if described["shape"] == [1] else self._single.discard)(key)
        elif name == "stream_resource":
            kept["uri"] = tiled_uri(kept["uri"])
            parameters = kept["parameters"]
            # Only where the dataset has an axis for that entry; others have one value per event.
            if kept["data_key"] in self._single and len(parameters.get("chunk_shape", ())) == 2:
                kept["parameters"] = {**parameters, "multiplier": 1}
        return kept


def tiled_uri(uri: str) -> str:
    """Return the address of a file as Tiled reads it: its path as it is, not escaped.

    Parameters
    ----------
    uri : str
        Such as ``file://localhost/data/J%C3%B6rg/camera.h5``; one that is not escaped, or names
        no file, is returned as it is.
    """
    parts = urlsplit(uri)
    if parts.scheme != "file" or "%" not in parts.path:
        return uri
    # Of Windows too, where url2pathname would make backslashes: /C:/data/camera.h5.
    return urlunsplit(parts._replace(path=unquote(parts.path)))


def _encodable(value: Any, *, exact: bool) -> Any:
    if isinstance(value, Mapping):
        return {readable_text(key): _encodable(item, exact=exact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item, exact=exact) for item in value]
    if isinstance(value, str):
        return readable_text(value)
    if exact and isinstance(value, int | float) and not -MOST_EXACT <= value <= MOST_EXACT:
        return str(value)  # NaN too: it is in no range
    return value
