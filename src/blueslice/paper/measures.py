"""What experiments give, kept as JSON: one file for each cell."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from blueslice._replace_file import written_beside

__all__ = ["Array", "CellRecord", "Measures", "read_record", "write_record"]

_DIGITS = 5


def _to_list(values: Any) -> Any:
    """Keep five digits: more than any of these measures has, and a third of the room."""
    array = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(np.abs(array))))
        kept = np.round(array * scale) / scale
    return np.where(np.isfinite(kept), kept, np.where(array == 0, 0.0, array)).tolist()


def _to_array(values: Any) -> Any:
    return np.asarray(values, np.float64)


Array = Annotated[Any, BeforeValidator(_to_array), PlainSerializer(_to_list)]
"""An array of float64 of any shape, as nested lists in JSON."""


class Measures(BaseModel):
    """The base of what an experiment gives of one cell: frozen, with NaN where nothing shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CellRecord(BaseModel):
    """What is kept of one cell.

    Parameters
    ----------
    experiment, seed, arguments, version
        What was done on which cell, by which version: a record of another is not used again.
    runs : tuple of str
        uids of its runs.
    failed : str
        Why it gave nothing; empty when it did.
    measures : dict or None
        What it gave, as plain values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: str
    seed: int
    arguments: Mapping[str, Any]
    version: str
    runs: tuple[str, ...]
    failed: str = ""
    measures: dict[str, Any] | None = None

    def is_of(self, experiment: str, seed: int, arguments: Mapping[str, Any], version: str) -> bool:
        """Tell whether it is the record of just that."""
        own = (self.experiment, self.seed, json.dumps(self.arguments, sort_keys=True))
        asked = (experiment, seed, json.dumps(arguments, sort_keys=True))
        return own == asked and self.version == version


def write_record(path: Path, record: CellRecord) -> None:
    """Write a record in one step: a file is whole or not there."""
    with written_beside(path) as unfinished:
        unfinished.write_text(json.dumps(record.model_dump()), encoding="utf-8")


def read_record(path: Path) -> CellRecord | None:
    """Read a record; None where there is none, or none that can be used."""
    try:
        return CellRecord.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
