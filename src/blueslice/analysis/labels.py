"""ROIs from a segmented image."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from blueslice.analysis._runs import label_runs
from blueslice.analysis.roi import Roi
from blueslice.errors import BadInputError

__all__ = ["rois_from_labels"]


def rois_from_labels(
    label_image: npt.ArrayLike, names: Mapping[int, str] | None = None
) -> tuple[Roi, ...]:
    """Make one ROI of each label of a segmented image.

    Parameters
    ----------
    label_image : array_like of int, shape (y, x)
        0 is background; every other value is one ROI, connected or not.
    names : mapping of label to name, optional
        Names of the ROIs; a label that is not in it is called by its number.

    Returns
    -------
    tuple of Roi
        In order of label; empty when the image is all background.

    Raises
    ------
    BadInputError
        When the image is not two-dimensional and of whole numbers, or a name is given for a
        label that the image does not have.
    """
    labels = np.asarray(label_image)
    if labels.ndim != 2 or labels.dtype.kind not in "biu":
        raise BadInputError(
            f"the label image has shape {labels.shape} and type {labels.dtype}; "
            "give whole numbers of shape (y, x)"
        )
    rows, starts, stops, values = label_runs(labels)
    order = np.argsort(values, kind="stable")
    present, first = np.unique(values[order], return_index=True)
    unknown = sorted(set(names or {}) - set(present.tolist()))
    if unknown:
        raise BadInputError(
            f"label {unknown[0]} has a name but no pixel; the image has {present.tolist()[:20]}"
        )
    spans = np.stack([rows, starts, stops], axis=1)[order].tolist()
    bounds = pairwise([*first.tolist(), len(spans)])
    return tuple(
        Roi.from_spans((names or {}).get(label, str(label)), map(tuple, spans[begin:end]))
        for label, (begin, end) in zip(present.tolist(), bounds, strict=True)
    )
