"""Frames into NWB: a series per LED, of exactly the frames that this LED alone lit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from hdmf.data_utils import GenericDataChunkIterator

from blueslice.analysis import FrameState
from blueslice.recordings.export._nwb_time import timing
from blueslice.recordings.export._pynwb import (
    DynamicTable,
    GrayscaleImage,
    Images,
    ImageSeries,
    IndexSeries,
    OnePhotonSeries,
    OpticalChannel,
    VectorData,
    compressed,
)
from blueslice.recordings.export.frames import (
    FrameTable,
    block_length,
    frame_table,
    read_frames,
)
from blueslice.recordings.export.nwb_metadata import NwbMetadata
from blueslice.recordings.export.run_data import RunData

__all__ = ["add_frames"]

_CHUNK_BYTES = 1 << 20

# Of gzip: the lower bits of frames are noise, and higher levels take longer for 1 %.
_LEVEL = 1


class _Frames(GenericDataChunkIterator):
    """Chosen frames, read a block at a time; turned to (frame, x, y) as NWB has them."""

    def __init__(
        self,
        run: RunData,
        table: FrameTable,
        rows: npt.NDArray[np.int64],
        on_read: Callable[[int], None],
        *,
        single: bool = False,
    ) -> None:
        self._run, self._table, self._rows, self._on_read = run, table, rows, on_read
        self._single = single
        camera = run.arrays["camera"]
        self._picture = (camera.shape[3], camera.shape[2])
        self._type = camera.dtype
        per_chunk = max(1, _CHUNK_BYTES // (int(np.prod(self._picture)) * self._type.itemsize))
        per_chunk = min(per_chunk, len(rows))
        per_block = per_chunk * max(1, block_length(run) // per_chunk)
        lengths = ((), ()) if single else ((per_chunk,), (min(per_block, len(rows)),))
        chunked: Any = super().__init__
        chunked(
            chunk_shape=(*lengths[0], *self._picture), buffer_shape=(*lengths[1], *self._picture)
        )

    def _get_maxshape(self) -> tuple[int, ...]:
        return self._picture if self._single else (len(self._rows), *self._picture)

    def _get_dtype(self) -> np.dtype[Any]:
        return self._type

    def _get_data(self, selection: tuple[slice, ...]) -> npt.NDArray[Any]:
        rows = self._rows if self._single else self._rows[selection[0]]
        frames = read_frames(self._run, self._table, rows).transpose(0, 2, 1)
        self._on_read(len(rows))
        return frames[0] if self._single else frames


def add_frames(
    nwb: Any,
    run: RunData,
    metadata: NwbMetadata,
    on_read: Callable[[int], None],
) -> dict[str, Any]:
    """Add devices, imaging planes, frames, dark frames and the table of all frames.

    Parameters
    ----------
    nwb : pynwb.NWBFile
        Gets them.
    run : RunData
        With pictures.
    metadata : NwbMetadata
        For location and emission.
    on_read : callable
        Is told how many frames were read, while the file is written.

    Returns
    -------
    dict of str to pynwb.ophys.ImagingPlane
        By channel, such as ``sodium``.
    """
    table = frame_table(run)
    camera = nwb.create_device(name="camera", description=_camera_text(run))
    planes: dict[str, Any] = {}
    series = np.full(len(table.trial), "", dtype=object)
    place = np.full(len(table.trial), -1, np.int64)
    for number, led in run.leds.items():
        channel = str(led["channel"])
        nwb.create_device(
            name=f"led_{number}",
            description=f"LED of {led['wavelength_nm']:g} nm, which excites {led['indicator']}",
        )
        planes[channel] = _plane(nwb, run, metadata, camera, led)
        rows = table.lit_by(number)
        if len(rows):
            _add_series(nwb, run, table, rows, channel, on_read, planes[channel])
            series[rows], place[rows] = channel, np.arange(len(rows))
    rest = table.unused()
    if len(rest):
        _add_series(nwb, run, table, rest, "unused_frames", on_read, None)
        series[rest], place[rest] = "unused_frames", np.arange(len(rest))
    _add_dark_frames(nwb, run)
    _add_table(nwb, table, series, place)
    return planes


def _camera_text(run: RunData) -> str:
    rows, columns = run.arrays["camera"].shape[2:]
    told = f"camera of the rig {run.start.get('rig', '')}, {columns} x {rows} pixels"
    model = run.start.get("recording", {}).get("camera", "")
    return f"{told}, recorded by {model}" if model else told


def _plane(nwb: Any, run: RunData, metadata: NwbMetadata, camera: Any, led: Any) -> Any:
    emission_nm = metadata.emission_wavelength_nm
    channel = OpticalChannel(
        name="emission",
        description="the emission filter" if emission_nm else "the emission was not told",
        emission_lambda=float("nan") if emission_nm is None else float(emission_nm),
    )
    pixel_um = run.start.get("pixel_size_um")
    spacing = {} if pixel_um is None else {"grid_spacing": [pixel_um * 1e-6] * 2}
    return nwb.create_imaging_plane(
        name=f"{led['channel']}_plane",
        optical_channel=channel,
        description=(
            f"what {led['indicator']} shows of {led['ion']}, excited at "
            f"{led['wavelength_nm']:g} nm; it {'brightens' if led['sign'] > 0 else 'darkens'} "
            "with more ion"
        ),
        device=camera,
        excitation_lambda=float(led["wavelength_nm"]),
        indicator=str(led["indicator"]),
        location=metadata.location_or_unknown,
        **spacing,
    )


def _add_series(
    nwb: Any,
    run: RunData,
    table: FrameTable,
    rows: npt.NDArray[np.int64],
    name: str,
    on_read: Callable[[int], None],
    plane: Any,
) -> None:
    times = timing(table.run_times_s(rows))
    if plane is None:
        told = "frames that no LED alone is proved to have lit; table frames says why"
    else:
        told = (
            f"camera frames that only the LED of {plane.excitation_lambda:g} nm is proved to have "
            f"lit ({plane.indicator}); counts, dark level included; times are mid-exposure"
        )
    exposure_s = run.trial.exposure_s
    if len(rows) >= max(run.arrays["camera"].shape[2:]):
        shared = {
            "name": name,
            "data": compressed(_Frames(run, table, rows, on_read), _LEVEL),
            "unit": "counts",
            "description": told,
            **times,
        }
        if plane is None:
            nwb.add_acquisition(ImageSeries(**shared))
        else:
            nwb.add_acquisition(
                OnePhotonSeries(imaging_plane=plane, exposure_time=exposure_s, **shared)
            )
        return
    # A series with fewer frames than the picture has rows is taken by the inspector for one of
    # which the axes are exchanged. The same frames as images, and the series an index of them,
    # is the other form that NWB has for frames in a file.
    images = Images(
        name=f"{name}_images",
        description=f"the frames of {name}, in the order of their names",
        images=[
            GrayscaleImage(
                name=f"frame_{k:05d}",
                data=compressed(_Frames(run, table, rows[k : k + 1], on_read, single=True), _LEVEL),
                description=f"frame {table.stored[row]} of trial {table.trial[row] + 1}",
            )
            for k, row in enumerate(rows)
        ],
    )
    nwb.add_acquisition(images)
    nwb.add_acquisition(
        IndexSeries(
            name=name,
            data=np.arange(len(rows), dtype=np.uint32),
            unit="N/A",
            indexed_images=images,
            description=told,
            **times,
        )
    )


def _add_dark_frames(nwb: Any, run: RunData) -> None:
    darks = run.arrays["camera-dark"]
    images = []
    for k in range(run.trial_count):
        dark = np.asarray(darks[k])
        images.append(
            GrayscaleImage(
                name=f"trial_{k + 1:04d}",
                data=compressed(np.ascontiguousarray(dark.T)),
                description="counts without light before the trial, (x, y)",
            )
        )
    told = "the dark frame of each trial"
    nwb.add_acquisition(Images(name="dark_frames", description=told, images=images))


def _add_table(
    nwb: Any,
    table: FrameTable,
    series: npt.NDArray[np.object_],
    place: npt.NDArray[np.int64],
) -> None:
    every = np.arange(len(table.trial))
    names = {state.value: state.name for state in FrameState}
    columns: list[tuple[str, str, Any]] = [
        ("trial_number", "trial, 1 for the first", table.trial + 1),
        ("place_in_trial", "place among the trial's stored frames, from 0", table.stored),
        ("camera_counter", "the camera's own frame number", table.counter),
        ("mid_exposure", "s after the session's start", table.run_times_s(every)),
        ("light", "the LED proved to have lit it alone, or why there is none",
         [names.get(int(state), f"LED_{state}") for state in table.state]),
        ("series", "where the frame is", series.tolist()),
        ("place_in_series", "and at which place, from 0", place),
    ]  # fmt: skip
    frames = DynamicTable(
        name="frames",
        description="every frame that the camera gave, in order of arrival",
        columns=[
            VectorData(name=name, description=told, data=data) for name, told, data in columns
        ],
    )
    nwb.add_acquisition(frames)
