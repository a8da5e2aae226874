"""Measures as a table: CSV for anybody, Parquet for pandas and R."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from blueslice.errors import BadInputError
from blueslice.recordings._extras import import_extra
from blueslice.recordings.export.measures import measure_rows
from blueslice.recordings.export.run_data import Progress, RunData, no_progress

__all__ = ["write_csv", "write_parquet"]


def write_csv(run: RunData, path: Path, progress: Progress = no_progress) -> None:
    """Write the measures as CSV (UTF-8, a header line, empty for not measurable).

    Raises
    ------
    BadInputError
        When the run has no dF/F to measure.
    """
    _table(run).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    progress(1, 1)


def write_parquet(run: RunData, path: Path, progress: Progress = no_progress) -> None:
    """Write the measures as Parquet, with the start documents in the schema's metadata.

    Raises
    ------
    BadInputError
        When the run has no dF/F to measure, or pyarrow is absent.
    """
    arrow: Any = import_extra("pyarrow", "pyarrow")
    parquet: Any = import_extra("pyarrow.parquet", "pyarrow")
    table = arrow.Table.from_pandas(_table(run), preserve_index=False)
    starts = {"start": run.start, "derived_start": run.derived.start if run.derived else {}}
    told = {name: json.dumps(start).encode() for name, start in starts.items()}
    parquet.write_table(table.replace_schema_metadata({**table.schema.metadata, **told}), path)
    progress(1, 1)


def _table(run: RunData) -> pd.DataFrame:
    rows = measure_rows(run)
    if not rows:
        # OME-Zarr is of pictures, and refuses a run without.
        others = "nwb, mat or ome-zarr" if run.has_frames else "nwb or mat"
        raise BadInputError(f"run {run.uid[:8]} has no dF/F to measure; export it as {others}")
    return pd.DataFrame(rows)
