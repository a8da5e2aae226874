"""Runs in the formats of others: NWB, OME-Zarr, CSV, Parquet, MAT.

A catalogue is handed to `export_run`; nothing here opens one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueslice._lab_time import lab_time
from blueslice.errors import BadInputError
from blueslice.recordings.export.matlab import write_mat
from blueslice.recordings.export.nwb import write_nwb
from blueslice.recordings.export.nwb_metadata import NwbMetadata
from blueslice.recordings.export.ome_zarr import write_ome_zarr
from blueslice.recordings.export.run_data import (
    Derived,
    Progress,
    RunData,
    no_progress,
    open_run_data,
)
from blueslice.recordings.export.tables import write_csv, write_parquet
from blueslice.recordings.export.whole_file import whole_file

__all__ = [
    "FORMATS",
    "Derived",
    "NwbMetadata",
    "RunData",
    "export_run",
    "open_run_data",
    "whole_file",
    "write_csv",
    "write_mat",
    "write_nwb",
    "write_ome_zarr",
    "write_parquet",
]


@dataclass(frozen=True)
class _Format:
    suffix: str
    write: Callable[[RunData, Path, Progress], None]


FORMATS: dict[str, _Format] = {
    "nwb": _Format(".nwb", write_nwb),
    "ome-zarr": _Format(".ome.zarr", write_ome_zarr),
    "csv": _Format(".csv", write_csv),
    "parquet": _Format(".parquet", write_parquet),
    "mat": _Format(".mat", write_mat),
}
"""What can be written, by name."""


def export_run(
    catalogue: Any,
    uid: str,
    format_name: str,
    folder: Path,
    progress: Progress = no_progress,
    metadata: NwbMetadata | None = None,
) -> Path:
    """Write a run of a catalogue into a folder; the file is there whole or not at all.

    Parameters
    ----------
    catalogue : CatalogOfBlueskyRuns
        The ``v3`` interface of a catalogue.
    uid : str
        The run's.
    format_name : str
        One of `FORMATS`.
    folder : Path
        Where to; made when it is not there.
    progress : callable
        Is told how many steps of how many are done.
    metadata : NwbMetadata, optional
        For NWB.

    Returns
    -------
    Path
        ``20261123-141503-1f3a9c2e.nwb``: the time of the laboratory's clock, and the uid.

    Raises
    ------
    BadInputError
        When the format is unknown, the run cannot be written in it, or the file exists.
    StorageError
        When it cannot be read or written.
    """
    if format_name not in FORMATS:
        raise BadInputError(
            f"format {format_name!r} is unknown; choose one of {', '.join(FORMATS)}"
        )
    chosen = FORMATS[format_name]
    with open_run_data(catalogue, uid) as run:
        began = lab_time(run.start)
        if began is None:
            raise BadInputError(
                f"run {run.uid[:8]}: its start document says time = {run.start.get('time')!r}, "
                "which is no date, so that it cannot be exported; correct it in a copy of its "
                "journal, and bring that into another data directory with 'blueslice recover'"
            )
        target = folder / f"{began:%Y%m%d-%H%M%S}-{run.uid[:8]}{chosen.suffix}"
        with whole_file(target) as place:
            if format_name == "nwb":
                write_nwb(run, place, progress, metadata)
            else:
                chosen.write(run, place, progress)
    return target
