"""ROIs from the command line."""

import numpy as np
import pytest

from blueslice.analysis import Roi
from blueslice.commands._rois import read_rois
from blueslice.errors import BadInputError


def test_rectangles_and_label_images_together(tmp_path):
    labels = np.zeros((20, 30), np.int32)
    labels[3:6, 4:9] = 2
    labels[10, 10] = 7
    path = tmp_path / "cells.npy"
    np.save(path, labels)
    rois = read_rois(["spine=1,2,3,4", str(path)])
    assert [roi.name for roi in rois] == ["spine", "2", "7"]
    assert rois[0] == Roi(name="spine", y=1, x=2, height=3, width=4)
    np.testing.assert_array_equal(rois[1].mask(labels.shape), labels == 2)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "No such file"),
        (b"this is no array", "no array of numbers"),
        (b"", "no array of numbers"),
        (np.zeros((4, 4)), "whole numbers"),
        (np.zeros(4, int), "shape"),
    ],
)
def test_what_is_no_label_image_is_refused_in_one_line(tmp_path, content, text):
    path = tmp_path / "cells.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(BadInputError, match=text) as refused:
        read_rois([str(path)])
    assert "\n" not in str(refused.value)
