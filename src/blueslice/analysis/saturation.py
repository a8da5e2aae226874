"""Pixels at full scale: which frames of which ROI they spoil, and what to tell the user."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blueslice.analysis.dff import IonTrace
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.roi import Roi

__all__ = ["SaturationFinder", "saturation_reason"]

# Below it, one call for each ROI costs more than copying its pixels.
LEAST_BOX_PIXELS = 1024


class SaturationFinder:
    """Finds the frames in which a pixel of an ROI reads full scale; looks at no other pixel.

    Parameters
    ----------
    rois : sequence of Roi
        That fit into the frames.
    image_shape : (int, int)
        Rows and columns of a frame.
    full_scale_counts : int or None
        What a saturated pixel reads; None for frames of which it is not known.
    """

    def __init__(
        self, rois: Sequence[Roi], image_shape: tuple[int, int], full_scale_counts: int | None
    ) -> None:
        self._full_scale = full_scale_counts
        self._roi_count = len(rois)
        # A large rectangle is looked at where it is; of all else the pixels are gathered in one go.
        is_box = [roi.spans is None and roi.pixel_count >= LEAST_BOX_PIXELS for roi in rois]
        self._boxes = [(k, roi) for k, roi in enumerate(rois) if is_box[k]]
        others = [(k, roi) for k, roi in enumerate(rois) if not is_box[k]]
        self._others = [k for k, _ in others]
        pixels = [
            np.concatenate([row * image_shape[1] + np.arange(a, b) for row, a, b in roi.row_spans])
            for _, roi in others
        ]
        self._pixels = np.concatenate([np.zeros(0, np.intp), *pixels])
        self._starts = np.cumsum([0, *map(len, pixels)])[:-1]

    def find(self, frames: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
        """Return bool (rois, frames): whether a pixel of the ROI reads full scale or more."""
        found = np.zeros((self._roi_count, len(frames)), bool)
        if self._full_scale is None or not len(frames):
            return found
        for k, roi in self._boxes:
            box = frames[:, roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]
            found[k] = box.max(axis=(1, 2)) >= self._full_scale
        if self._others:
            counts = np.take(frames.reshape(len(frames), -1), self._pixels, axis=1)
            highest = np.maximum.reduceat(counts, self._starts, axis=1)
            found[self._others] = (highest >= self._full_scale).T
        return found


def saturation_reason(traces: tuple[IonTrace, ...], parameters: AnalysisParameters) -> str:
    """Say which frames of which ROIs are saturated, and what to do; for traces that have some."""
    counts = {
        roi.name: [(int(trace.saturated[k].sum()), trace.ion) for trace in traces]
        for k, roi in enumerate(parameters.rois)
    }
    parts = [
        f"{' and '.join(f'{n} {ion}' for n, ion in found if n)} frames of ROI {name!r}"
        for name, found in counts.items()
        if any(n for n, _ in found)
    ]
    more = f" and of {len(parts) - 3} ROIs more" if len(parts) > 3 else ""
    return (
        f"a pixel reads full scale ({parameters.full_scale_counts} counts) in "
        f"{', '.join(parts[:3])}{more}, which have no dF/F there: lower the LED's current or the "
        "exposure, or draw the ROI beside that pixel"
    )
