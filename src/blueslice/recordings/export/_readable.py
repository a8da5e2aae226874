"""Recorded data that cannot be read: one line with what, why and the next step, whoever reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from blueslice.errors import BluesliceError, StorageError

__all__ = ["ReadableArray", "reading"]

_NEXT_STEP = (
    "run 'blueslice verify' to see what else is damaged, and restore it from a copy; what only the "
    "catalogue has lost, 'blueslice recover' brings back"
)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Tell what cannot be read.

    Parameters
    ----------
    what : str
        Such as ``camera in the raw data file ...``.

    Raises
    ------
    StorageError
        For whatever h5py, Tiled or the network raise: of damaged data they raise anything.
    """
    try:
        yield
    except (BluesliceError, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StorageError(f"{what} cannot be read ({reason}); {_NEXT_STEP}") from error


class ReadableArray:
    """An array of a file or of the catalogue, whose reading tells what is damaged.

    Parameters
    ----------
    what : str
        What it is called in an error.
    array : LazyArray
        What is read.
    trials : int, optional
        Length of its first axis, where the documents count fewer than it holds.
    """

    def __init__(self, what: str, array: Any, trials: int | None = None) -> None:
        self._what, self._array = what, array
        with reading(what):
            shape = tuple(array.shape)
            self.shape: tuple[int, ...] = shape if trials is None else (trials, *shape[1:])
            self.dtype: np.dtype[Any] = array.dtype

    def __getitem__(self, item: Any) -> Any:
        """Read a part of it.

        Raises
        ------
        StorageError
            When it is damaged.
        """
        with reading(self._what):
            return self._array[item]
