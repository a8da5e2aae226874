"""What a live viewer is told, as bytes: msgpack, in which an array is its raw values."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from blueslice.errors import BadInputError

__all__ = ["FEED_VERSION", "pack", "reduced_image", "unpack"]

FEED_VERSION = 1
"""Goes up when an older viewer could no longer read what is sent."""

_ARRAY = 1
_KINDS = "biuf"
# A screen shows no more of a picture, and a camera may have four million pixels.
LARGEST_PICTURE_PX = 256


def pack(message: Mapping[str, Any]) -> bytes:
    """Encode a message: text, numbers, lists, mappings, and arrays of numbers or booleans."""
    return msgpack.packb(message, default=_encode, use_bin_type=True)  # type: ignore[return-value]


def unpack(data: bytes) -> dict[str, Any]:
    """Decode what `pack` made; arrays are read-only views.

    Raises
    ------
    BadInputError
        When the bytes are not such a message. Nothing in them is ever executed.
    """
    try:
        message = msgpack.unpackb(data, ext_hook=_decode, raw=False, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise BadInputError(f"a message of the live feed cannot be read: {error}") from None
    if not isinstance(message, dict):
        raise BadInputError(f"a message of the live feed is a {type(message).__name__}")
    return message


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        plain = np.ascontiguousarray(value)
        header = (plain.dtype.str, plain.shape, plain.tobytes())
        return msgpack.ExtType(_ARRAY, msgpack.packb(header, use_bin_type=True))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent to a viewer")


def _decode(code: int, data: bytes) -> Any:
    if code != _ARRAY:
        raise ValueError(f"extension {code} is unknown")
    kind, shape, raw = msgpack.unpackb(data, raw=False)
    dtype = np.dtype(kind)
    if dtype.kind not in _KINDS:
        raise ValueError(f"arrays of {kind} are not sent")
    return np.frombuffer(raw, dtype).reshape(shape)


def reduced_image(image: NDArray[Any]) -> tuple[NDArray[np.float32], int]:
    """Make a picture small enough for a screen by averaging squares of pixels.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The picture.

    Returns
    -------
    ndarray of float32, shape (y, x) and int
        At most 256 x 256, and how many pixels of the camera one of its pixels is along a side.
        Rows and columns that do not fill a square are left out.
    """
    step = -(-max(image.shape) // LARGEST_PICTURE_PX)
    if step == 1:
        return np.asarray(image, np.float32), 1
    rows, columns = (size // step for size in image.shape)
    squares = image[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return squares.mean(axis=(1, 3), dtype=np.float32), step
