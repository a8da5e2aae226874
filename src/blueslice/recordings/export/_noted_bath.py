"""What flowed in each trial, also of runs in which an empty text stood for not known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.bath import UNKNOWN

__all__ = ["note_bath"]

_COLUMNS = ("solution", "drug", "concentration_uM")


def note_bath(columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Complete the columns of stream ``trials`` that tell of the bath.

    Earlier versions wrote an empty solution, no drug and 0 uM of it where a plan had not chosen
    the solution. What the perfusion told of such a trial is taken instead; without that, it is
    ``unknown``, and the concentration NaN.

    Parameters
    ----------
    columns : mapping of str to ndarray
        First axis trial.

    Returns
    -------
    dict of str to ndarray
        With ``trial-solution``, ``trial-drug`` and ``trial-concentration_uM``.
    """
    count = max((len(values) for values in columns.values()), default=0)
    solution, drug, concentration_uM = (
        _column(columns, f"trial-{name}", count, name) for name in _COLUMNS
    )
    told = [_column(columns, f"perfusion-{name}", count, name) for name in _COLUMNS]
    for k in np.flatnonzero(solution == ""):
        solution[k] = told[0][k] or UNKNOWN
        # A drug that an import's description names is known, whatever it was dissolved in.
        if drug[k] in ("", UNKNOWN):
            is_told = told[0][k] not in ("", UNKNOWN)
            drug[k] = told[1][k] if is_told else UNKNOWN
            concentration_uM[k] = told[2][k] if is_told else np.nan
    of_bath = (solution.astype(str), drug.astype(str), concentration_uM)
    return {**columns, **{f"trial-{n}": v for n, v in zip(_COLUMNS, of_bath, strict=True)}}


def _column(
    columns: Mapping[str, npt.NDArray[Any]], key: str, count: int, name: str
) -> npt.NDArray[Any]:
    values = columns.get(key)
    if name == "concentration_uM":
        return np.full(count, np.nan) if values is None else np.array(values, np.float64)
    return np.full(count, "", object) if values is None else np.array(values, object)
