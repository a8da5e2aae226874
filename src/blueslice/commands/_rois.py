"""ROIs from the command line: rectangles, or a segmented image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blueslice.analysis import Roi, rois_from_labels
from blueslice.errors import BadInputError

__all__ = ["read_rois"]


def read_rois(texts: Sequence[str]) -> list[Roi]:
    """Return the ROIs that were named, in their order.

    Parameters
    ----------
    texts : sequence of str
        Each ``y,x,height,width``, with ``name=`` before it if wanted, or the name of a NumPy file
        (``.npy``) with a label image: 0 is background, every other number one ROI.

    Raises
    ------
    BadInputError
        When a text is neither, or a file cannot be read.
    """
    rois: list[Roi] = []
    for text in texts:
        if text.lower().endswith(".npy"):
            rois.extend(rois_from_labels(_read_labels(Path(text))))
        else:
            rois.append(Roi.parse(text))
    return rois


def _read_labels(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is no array of numbers"
        raise BadInputError(
            f"the label image {path} cannot be read ({reason}); give a .npy file of whole "
            "numbers, one for each pixel of the camera"
        ) from None
