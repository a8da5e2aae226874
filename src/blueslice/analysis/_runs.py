"""Runs of equal labels along the rows of an image."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["label_runs"]


def label_runs(
    labels: npt.NDArray[Any],
) -> tuple[
    npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]
]:
    """Find the runs of equal non-zero labels along each row.

    Parameters
    ----------
    labels : ndarray of bool or int, shape (y, x)
        0 is background.

    Returns
    -------
    rows, starts, stops, values : ndarray of int64, shape (runs,)
        Row, first column, one past the last column and label, in reading order.
    """
    rows_total, columns = labels.shape
    begins = np.ones((rows_total, columns), bool)
    begins[:, 1:] = labels[:, 1:] != labels[:, :-1]
    rows, starts = np.nonzero(begins)
    # a row's last run ends where the next row begins, which in reading order is the next run
    positions = rows * columns + starts
    stops = starts + np.diff(positions, append=rows_total * columns)
    values = labels[rows, starts].astype(np.int64)
    kept = values != 0
    return (
        rows[kept].astype(np.int64),
        starts[kept].astype(np.int64),
        stops[kept].astype(np.int64),
        values[kept],
    )
