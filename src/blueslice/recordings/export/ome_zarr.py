"""A run's pictures as OME-Zarr: an image per trial and ion, each with its own times."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.analysis import Roi
from blueslice.errors import BadInputError
from blueslice.recordings._extras import import_extra
from blueslice.recordings.export.frames import (
    FrameTable,
    block_length,
    frame_table,
    read_frames,
)
from blueslice.recordings.export.run_data import Progress, RunData, no_progress

__all__ = ["write_ome_zarr"]

_VERSION = "0.5"
_CHUNK_BYTES = 1 << 20


def write_ome_zarr(run: RunData, path: Path, progress: Progress = no_progress) -> None:
    """Write the pictures as OME-Zarr 0.5 (Zarr 3).

    ``trial_001/sodium`` and so on are images (t, y, x) of the frames proved to be that ion's; their
    scale and translation are the times of the frames where these are regular, and all times are
    in the attribute ``blueslice``. ``trial_001/unused`` has the frames that are used for nothing,
    ``trial_001/dark`` the dark frame; ``labels/rois`` of an ion's image the ROIs of the analysis.

    Parameters
    ----------
    run : RunData
        The run.
    path : Path
        The store, a folder.
    progress : callable
        Is told how many trials of how many are written.

    Raises
    ------
    BadInputError
        When the run has no pictures, or Zarr is absent.
    """
    zarr = import_extra("zarr", "zarr")
    if not run.has_frames:
        raise BadInputError(f"run {run.uid[:8]} has no pictures; export it as nwb or mat")
    table = frame_table(run)
    root = zarr.open_group(path, mode="w", zarr_format=3)
    root.attrs["blueslice"] = {"start": dict(run.start), "trials": run.trial_count}
    pixel_um = run.start.get("pixel_size_um")
    for k in range(run.trial_count):
        progress(k, run.trial_count)
        group = root.create_group(f"trial_{k + 1:03d}")
        images = [(led["channel"], table.lit_by(n)) for n, led in run.leds.items()]
        for name, rows in [*images, ("unused", table.unused())]:
            own = rows[table.trial[rows] == k]
            if not len(own):
                continue
            image = group.create_group(name)
            _write_frames(image, name, run, table, own)
            image.attrs["blueslice"] = {
                "time_s": table.time_s[own].tolist(),
                "trial_start_s": float(table.trial_starts_s[k]),
                "place": table.stored[own].tolist(),
                "counter": table.counter[own].tolist(),
                "state": table.state[own].tolist(),
            }
            if name != "unused" and run.derived is not None:
                rois = [Roi.from_document(roi) for roi in run.derived.start["rois"]]
                _write_labels(image, rois, run.arrays["camera"].shape[2:], pixel_um)
        dark = group.create_group("dark")
        _write_picture(dark, "dark", np.asarray(run.arrays["camera-dark"][k]), None, pixel_um)
    progress(run.trial_count, run.trial_count)


def _write_frames(
    group: Any, name: str, run: RunData, table: FrameTable, rows: npt.NDArray[np.int64]
) -> None:
    camera = run.arrays["camera"]
    picture = camera.shape[2:]
    frame_bytes = int(np.prod(picture)) * camera.dtype.itemsize
    per_chunk = min(len(rows), max(1, _CHUNK_BYTES // frame_bytes))
    array = group.create_array(
        "0",
        shape=(len(rows), *picture),
        dtype=camera.dtype,
        chunks=(per_chunk, *picture),
        dimension_names=("t", "y", "x"),
    )
    block = per_chunk * max(1, block_length(run) // per_chunk)
    for first in range(0, len(rows), block):
        array[first : first + block] = read_frames(run, table, rows[first : first + block])
    times_s, pixel_um = table.time_s[rows], run.start.get("pixel_size_um")
    _describe(group, name, ("t", "y", "x"), times_s, pixel_um)


def _write_picture(
    group: Any,
    name: str,
    pixels: npt.NDArray[Any],
    times_s: npt.NDArray[np.float64] | None,
    pixel_um: float | None,
) -> None:
    axes = ("y", "x") if times_s is None else ("t", "y", "x")
    group.create_array("0", data=pixels, chunks=pixels.shape, dimension_names=axes)
    _describe(group, name, axes, times_s, pixel_um)


def _describe(
    group: Any,
    name: str,
    axes: Sequence[str],
    times_s: npt.NDArray[np.float64] | None,
    pixel_um: float | None,
) -> None:
    group.attrs["ome"] = {
        "version": _VERSION,
        "multiscales": [_multiscale(name, axes, times_s, pixel_um)],
    }


def _multiscale(
    name: str,
    axes: Sequence[str],
    times_s: npt.NDArray[np.float64] | None,
    pixel_um: float | None,
) -> dict[str, Any]:
    unit = {"unit": "micrometer"} if pixel_um is not None else {}
    described: list[dict[str, str]] = [
        {"name": axis, "type": "space", **unit} for axis in axes if axis != "t"
    ]
    scale = [pixel_um or 1.0, pixel_um or 1.0]
    translation = [0.0, 0.0]
    if times_s is not None:
        described.insert(0, {"name": "t", "type": "time", "unit": "second"})
        steps = np.diff(times_s)
        scale.insert(0, float(np.median(steps)) if len(steps) else 1.0)
        translation.insert(0, float(times_s[0]))
    return {
        "name": name,
        "axes": described,
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": scale},
                    {"type": "translation", "translation": translation},
                ],
            }
        ],
    }


def _write_labels(
    image: Any, rois: Sequence[Roi], shape: tuple[int, ...], pixel_um: float | None
) -> None:
    """Write the ROIs as they are drawn on the reference, the later on top."""
    pixels = np.zeros(shape, np.uint16)
    for number, roi in enumerate(rois, start=1):
        pixels[roi.mask((shape[0], shape[1]))] = number
    labels = image.create_group("labels")
    labels.attrs["ome"] = {"version": _VERSION, "labels": ["rois"]}
    group = labels.create_group("rois")
    # An image and its labels have the same axes.
    _write_picture(group, "rois", pixels[np.newaxis], np.zeros(1), pixel_um)
    group.attrs["ome"] = {
        **group.attrs["ome"],
        "image-label": {
            "properties": [
                {"label-value": number, "name": roi.name}
                for number, roi in enumerate(rois, start=1)
            ],
            "source": {"image": "../../"},
        },
    }
