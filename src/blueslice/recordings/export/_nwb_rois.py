"""ROIs, their fluorescence and dF/F into NWB."""

from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.analysis import Roi, Shift, moved_roi
from blueslice.errors import BadInputError
from blueslice.recordings.export._nwb_responses import add_responses
from blueslice.recordings.export._nwb_time import timing
from blueslice.recordings.export._pynwb import (
    DfOverF,
    Fluorescence,
    ImageSegmentation,
    RoiResponseSeries,
)
from blueslice.recordings.export.frames import (
    FrameTable,
    block_length,
    frame_table,
    read_frames,
)
from blueslice.recordings.export.run_data import Derived, RunData

__all__ = ["add_rois"]


def add_rois(nwb: Any, run: RunData, derived: Derived, planes: dict[str, Any]) -> None:
    """Add the analysis of a run: ROIs, mean counts and dF/F of each ion.

    Parameters
    ----------
    nwb : pynwb.NWBFile
        Gets the processing module ``ophys``.
    run : RunData
        With pictures.
    derived : Derived
        Its dF/F, which is copied and not computed anew.
    planes : dict of str to pynwb.ophys.ImagingPlane
        By channel.
    """
    table = frame_table(run)
    rois = [Roi.from_document(roi) for roi in derived.start["rois"]]
    module = nwb.create_processing_module(
        name="ophys", description=f"analysis by blueslice {derived.start['blueslice_version']}"
    )
    segmentation = ImageSegmentation(name="ImageSegmentation")
    fluorescence, dff = Fluorescence(name="Fluorescence"), DfOverF(name="DfOverF")
    for part in (segmentation, fluorescence, dff):
        module.add(part)
    for number, led in run.leds.items():
        channel = str(led["channel"])
        if channel not in derived.start["ions"]:
            continue
        plane = _segment(segmentation, run, rois, planes[channel], channel)
        rows = table.lit_by(number)
        for parent, name, unit, told, (times_s, values) in (
            (fluorescence, f"{channel}_fluorescence", "counts",
             "mean counts of the ROI, dark frame subtracted, where the tissue lay in the trial",
             (table.run_times_s(rows), _mean_counts(run, table, rows, rois, derived))),
            (dff, f"{channel}_dff", "1",
             "dF/F, 0.05 is 5 %, positive for more ion; NaN where the frame was of no use",
             _dff(run, table, derived, channel)),
        ):  # fmt: skip
            if len(times_s):
                region = plane.create_roi_table_region(
                    region=list(range(len(rois))), description="all ROIs"
                )
                series = RoiResponseSeries(
                    name=name, data=values, rois=region, unit=unit, description=told,
                    **timing(times_s),
                )  # fmt: skip
                parent.add_roi_response_series(series)
    add_responses(module, run)


def _segment(
    segmentation: Any,
    run: RunData,
    rois: list[Roi],
    plane: Any,
    channel: str,
) -> Any:
    described = segmentation.create_plane_segmentation(
        name=f"{channel}_rois",
        description="ROIs as drawn on the reference trial, masks (x, y)",
        imaging_plane=plane,
    )
    described.add_column(name="roi_name", description="what it is called in tables and plots")
    rows, columns = run.arrays["camera"].shape[2:]
    for roi in rois:
        mask = np.ascontiguousarray(roi.mask((rows, columns)).T)
        described.add_roi(image_mask=mask, roi_name=roi.name)
    return described


def _mean_counts(
    run: RunData,
    table: FrameTable,
    rows: npt.NDArray[np.int64],
    rois: list[Roi],
    derived: Derived,
) -> npt.NDArray[np.float64]:
    """Return the mean of each frame and ROI, dark subtracted: (frames, rois)."""
    picture = (run.arrays["camera"].shape[2], run.arrays["camera"].shape[3])
    means = np.empty((len(rows), len(rois)))
    for k in np.unique(table.trial[rows]):
        dark = np.asarray(run.arrays["camera-dark"][int(k)], np.float64)
        masks = [roi.mask(picture) for roi in _placed(rois, derived, int(k) + 1, picture)]
        of_trial = np.flatnonzero(table.trial[rows] == k)
        block = block_length(run)
        for first in range(0, len(of_trial), block):
            places = of_trial[first : first + block]
            frames = read_frames(run, table, rows[places])
            for place, mask in enumerate(masks):
                means[places, place] = frames[:, mask].mean(axis=1) - dark[mask].mean()
    return means


def _placed(rois: list[Roi], derived: Derived, number: int, picture: tuple[int, int]) -> list[Roi]:
    event = derived.event_of_trial(number)
    if event is None:
        return rois
    y_px, x_px = (float(value) for value in derived.columns["shift"][event])
    try:
        return [moved_roi(roi, Shift(y_px=y_px, x_px=x_px), picture) for roi in rois]
    except BadInputError:
        # So did the analysis, which takes a trial that has left the picture as it was drawn.
        return rois


def _dff(
    run: RunData, table: FrameTable, derived: Derived, channel: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return times (samples,) and dF/F (samples, rois) of all analysed trials."""
    times: list[npt.NDArray[np.float64]] = [np.zeros(0)]
    values: list[npt.NDArray[np.float64]] = [np.zeros((0, len(derived.start["rois"])))]
    for k in range(run.trial_count):
        event = derived.event_of_trial(k + 1)
        if event is None:
            continue
        time_s = np.asarray(derived.columns[f"{channel}_time"][event], np.float64)
        there = np.isfinite(time_s)  # the rest is padding
        times.append(table.trial_starts_s[k] + time_s[there])
        values.append(np.asarray(derived.columns[channel][event], np.float64)[:, there].T)
    return np.concatenate(times), np.concatenate(values)
