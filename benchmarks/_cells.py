"""One experiment on each of many cells, on all cores."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

__all__ = ["Cells", "cells"]


def _quietly(experiment: Callable[..., Any], arguments: dict[str, Any], seed: int) -> Any:
    with warnings.catch_warnings():
        # Means of pixels that no trial shows.
        warnings.simplefilter("ignore", RuntimeWarning)
        return experiment(seed, **arguments)


class Cells:
    """A supply of cells that nobody has seen, by a master seed."""

    def __init__(self, seed: int, pool: ProcessPoolExecutor) -> None:
        self._seeds = iter(np.random.SeedSequence(seed).generate_state(10_000).tolist())
        self._pool = pool

    def take(self, count: int) -> list[int]:
        """Return the seeds of the next cells."""
        return [next(self._seeds) for _ in range(count)]

    def each(
        self, experiment: Callable[..., Any], seeds: Iterable[int], **arguments: Any
    ) -> list[Any]:
        """Do an experiment on each cell; return what it gave, in the order of the cells."""
        return list(self._pool.map(partial(_quietly, experiment, arguments), seeds))


@contextmanager
def cells(seed: int) -> Iterator[Cells]:
    """Provide cells, and a process for each core."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield Cells(seed, pool)
