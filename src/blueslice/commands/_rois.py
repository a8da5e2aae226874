"""ROIs from the command line: rectangles, or a segmented image."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from blueslice._plain_files import shortened
from blueslice.analysis import Roi, rois_from_labels
from blueslice.errors import BadInputError

__all__ = ["read_rois"]

_MOST_ROIS = 10_000


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
        with path.open("rb") as file:
            _check_header(file)
            labels = np.load(file, allow_pickle=False)
    except Exception as error:
        # Of whatever kind: NumPy reads the header as Python's own text, which may be anything.
        reason = getattr(error, "strerror", None) or "it is no array of numbers"
        raise BadInputError(
            f"the label image {shortened(str(path))} cannot be read ({reason}); give a .npy file "
            "of whole numbers, one for each pixel of the camera"
        ) from None
    found = len(np.unique(labels))
    if found > _MOST_ROIS:
        raise BadInputError(
            f"the label image {path} has {found:,} labels; at most {_MOST_ROIS:,} ROIs can be "
            "measured: give the segmentation, not the picture"
        )
    return labels


def _check_header(file: BinaryIO) -> None:
    """Refuse, before anything is allocated, a file that is shorter than its header says."""
    major, _ = np.lib.format.read_magic(file)
    # A version 2 or 3 is for headers of more than 64 KiB, which an image never has.
    if major != 1:
        raise ValueError
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    begins = file.tell()
    promised = math.prod(shape) * dtype.itemsize
    if dtype.kind not in "biuf" or file.seek(0, 2) - begins != promised:
        raise ValueError
    file.seek(0)
